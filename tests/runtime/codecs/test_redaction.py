import json
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import attrs
import msgspec
import pydantic
import pytest

from perdure.codecs import Compress, Redact
from perdure_runtime.codecs.chain import chain_for
from perdure_runtime.codecs.redaction import DEEPEST, Redactor
from support.payloads import SITE, environment

REDACTOR = Redactor.of([Redact(["card", "SSN"]), Compress(), Redact(["pin"], "####")])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"card": "42"}, {"card": "[redacted]"}),
        ({"Card": {"number": 42}, "ssn": [1, 2]}, {"Card": "[redacted]", "ssn": "[redacted]"}),
        ({"pin": 7}, {"pin": "####"}),
        ({"a": [{"b": {"card": 1, "ok": 2}}]}, {"a": [{"b": {"card": "[redacted]", "ok": 2}}]}),
        (({"card": 1}, 2), [{"card": "[redacted]"}, 2]),
        ({1: "card", "cards": "x"}, {1: "card", "cards": "x"}),
        ({"rows": {(("card", 1),)}}, {"rows": {(("card", 1),)}}),
        (deque([{"card": 1}]), [{"card": "[redacted]"}]),
        ({"ErrorData": '{"card":1}'}, {"ErrorData": '{"card":"[redacted]"}'}),
        ({"ErrorData": "my card is 42"}, {"ErrorData": "[redacted]"}),
        ("card", "card"),
        (None, None),
    ],
)
def test_fields_are_masked_by_name_at_any_depth(value, shown):
    assert REDACTOR.value(value) == shown


class Row(NamedTuple):
    card: str
    amount: int


@dataclass
class Payment:
    card: str
    amount: int


@attrs.define
class Defined:
    card: str
    amount: int


class Packed(msgspec.Struct):
    card: str
    amount: int


class Model(pydantic.BaseModel):
    card: str
    amount: int


@pytest.mark.parametrize("kind", [Row, Payment, Defined, Packed, Model, dict])
def test_an_object_with_fields_is_shown_as_they_are(kind):
    assert REDACTOR.value([kind(card="42", amount=7)]) == [{"card": "[redacted]", "amount": 7}]


def test_what_is_in_a_set_is_masked():
    assert REDACTOR.value({Row(card="42", amount=7)}) == [{"card": "[redacted]", "amount": 7}]


def test_members_that_a_model_does_not_declare_are_masked():
    class Loose(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")
        amount: int

    assert REDACTOR.value(Loose(amount=7, card="42")) == {"amount": 7, "card": "[redacted]"}


def test_arguments_of_an_exception_have_no_names_so_none_is_shown():
    cause = {"ErrorData": {"perdure": 1, "args": ["42"]}}
    data = json.dumps({"perdure": 1, "args": ["42", 51], "attributes": {"t": "m", "v": {"card": "42"}}, "cause": cause})
    assert "42" not in REDACTOR.text(data)
    assert json.loads(REDACTOR.text(data))["cause"]["ErrorData"]["args"] == "[redacted]"
    assert Redactor({}).text(data) == data


@pytest.mark.parametrize("value", [(1, {"a": [2]}), {"a": {"b": Row}}, Payment, object(), [object()]])
def test_what_has_nothing_to_mask_is_left_as_it_is(value):
    assert REDACTOR.value(value) is value


def test_what_lies_deeper_than_anything_is_masked_as_a_whole():
    value = {"card": 1}
    for _ in range(DEEPEST * 10):
        value = {"a": value}
    shown = REDACTOR.value(value)
    for _ in range(DEEPEST):
        shown = shown["a"]
    assert shown == "[redacted]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"card":"42","name":"Zoë"}', '{"card":"[redacted]","name":"Zoë"}'),
        ('{"t":"m","v":{"card":{"t":"s","v":"42"},"n":1}}', '{"t":"m","v":{"card":"[redacted]","n":1}}'),
        ('[1,"a"]', '[1,"a"]'),
        ("card 42", "[redacted]"),
        ("[" * 100_000, "[redacted]"),
    ],
)
def test_a_recorded_text_is_shown_with_its_fields_masked_or_not_at_all(text, shown):
    assert REDACTOR.text(text) == shown


def test_without_fields_everything_is_shown():
    assert not Redactor.of([Compress()])
    assert Redactor({}).text("card 42") == "card 42"
    assert Redactor({}).value({"card": 1}) == {"card": 1}


def test_of_a_text_that_went_through_codecs_only_what_it_is_is_shown():
    chain = chain_for([Redact(["card"]), Compress(threshold=0, method="zlib")], environment())
    assert chain.redactor.text(chain.encode('{"card":42}' * 100, SITE)) == "zlib (1,100 bytes)"
