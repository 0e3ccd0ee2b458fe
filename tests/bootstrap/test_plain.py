from __future__ import annotations

import json
from decimal import Decimal
from typing import NamedTuple

import pytest

from perdure_bootstrap.faults import Fault
from perdure_bootstrap.plain import decode, encode


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize("content_type", ["application/json", None])
def test_event_is_decoded_where_it_is_json_or_nothing_says_otherwise(content_type: str | None) -> None:
    assert decode('{"t": "ü"}'.encode(), content_type) == {"t": "ü"}


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/json; charset=utf-8", ""])
def test_event_of_any_other_type_stays_bytes(content_type: str) -> None:
    assert decode(b"{}", content_type) == b"{}"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN"])
def test_event_that_cannot_be_decoded_is_a_fault(body: bytes) -> None:
    with pytest.raises(Fault, match="Unable to unmarshal input: ") as caught:
        decode(body, None)
    assert caught.value.kind == "Runtime.UnmarshalError"


@pytest.mark.parametrize(
    ("result", "body"),
    [
        (None, "null"),
        ({"a": "ü", "n": 1.5}, '{"a": "ü", "n": 1.5}'),
        (Decimal("1.10"), "1.10"),
        ([Decimal("1E+2"), Decimal("-NaN"), Decimal(3)], "[1E+2, NaN, 3]"),
        (float("nan"), "NaN"),
        (Point(1, 2), '{"x": 1, "y": 2}'),
        ((1, 2), "[1, 2]"),
        ({1: True}, '{"1": true}'),
        ([b"text"], '["text"]'),
        (2**70, str(2**70)),
        ("\ud800", '"\\ud800"'),
    ],
)
def test_result_is_encoded_as_lambdas_runtime_does(result: object, body: str) -> None:
    assert encode(result) == (body.encode(), "application/json")


def test_bytes_are_the_response_as_they_are() -> None:
    assert encode(b"\x00\xff") == (b"\x00\xff", "application/unknown")


@pytest.mark.parametrize("result", [object(), {"k": {1, 2}}, b"\xff".decode("latin-1").join, [b"\xff"]])
def test_result_that_cannot_be_encoded_is_a_fault(result: object) -> None:
    with pytest.raises(Fault, match="Unable to marshal response: ") as caught:
        encode(result)
    assert caught.value.kind == "Runtime.MarshalError"


@pytest.mark.parametrize(
    "result", [{"a": "ü", "n": [1, 2.5, None]}, Point(1, 2), [Decimal("1.10"), Decimal("NaN")], [b"x"], "😀", 2**70]
)
def test_result_reads_back_as_what_awslambdaric_wrote(result: object) -> None:
    marshaller = pytest.importorskip("awslambdaric.lambda_runtime_marshaller").LambdaMarshaller()
    theirs, content_type = marshaller.marshal_response(result)
    assert (repr(json.loads(encode(result)[0])), encode(result)[1]) == (repr(json.loads(theirs)), content_type)
