"""Every type that the official SDK has a tag for: each SDK reads what the other wrote, as the same value."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from aws_durable_execution_sdk_python import BatchResult
from aws_durable_execution_sdk_python.serdes import TypeTag, deserialize, serialize
from hypothesis import given
from hypothesis import strategies as st

from perdure.batches import Batch
from perdure_runtime.values import codec
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.batchform import nested
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.results import ResultForm
from support.batches import OFFICIAL_EMPTY, OFFICIAL_MIXED, OFFICIAL_NESTED, OFFICIAL_PLAIN
from support.value_types import ROWS, Row

CODEC = Codec(lambda: nested(None))
HOLDER = {"t": 1}  # a dict, so that what is beside it needs tags of its own
TAGGED: dict[str, list[Any]] = {
    "n": [None],
    "s": ["", "é😀", "t"],
    "i": [0, -1, 2**63, -(2**70)],
    "f": [0.5, -0.0, 1e300],
    "b": [True, False],
    "B": [b"", b"\x00\xff"],
    "u": [UUID(int=7)],
    "d": [Decimal("1.10"), Decimal("-0"), Decimal("1E+5")],
    "dt": [
        datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
        datetime(2026, 1, 2),  # noqa: DTZ001  these are recorded too
    ],
    "D": [date(2026, 1, 2)],
    "t": [(), (1, ("x", b"y")), ({"a": ()},)],
    "l": [[], [1, [Decimal(1)]], [{"a": []}]],
    "m": [{}, {"t": "m", "v": 1}, {"a": {"b": date(2026, 1, 2)}}],
}
CASES = [(tag, value) for tag, values in TAGGED.items() for value in values]


def theirs(value: Any) -> str:
    return serialize(None, value, "operation", "arn")


def read_by_them(text: str) -> Any:
    return deserialize(None, text, "operation", "arn")


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def tags_in(text: str) -> set[str]:
    """Every tag in what the official SDK wrote: it has one for each value of a dict."""

    def walked(data: Any) -> set[str]:
        if isinstance(data, dict):
            return ({data["t"]} if isinstance(data.get("t"), str) and "v" in data else set[str]()).union(
                *map(walked, data.values())
            )
        return set[str]().union(*map(walked, data)) if isinstance(data, list) else set()

    return walked(json.loads(text))


def test_every_tag_of_the_official_sdk_is_among_the_cases() -> None:
    assert {*TAGGED, "br"} == {tag.value for tag in TypeTag}


@pytest.mark.parametrize(("tag", "value"), CASES, ids=str)
def test_what_they_write_is_read_as_the_same_value(tag: str, value: Any) -> None:
    for held in (value, [HOLDER, value], {"it": value}, (value,)):
        text = theirs(held)
        assert held is value or tag in tags_in(text)
        assert same(codec.decode(text), held)


@pytest.mark.parametrize(("tag", "value"), CASES, ids=str)
def test_what_we_write_is_read_by_them_as_the_same_value(tag: str, value: Any) -> None:
    assert tag
    for held in (value, [HOLDER, value], {"it": value}, (value,)):
        assert same(read_by_them(codec.encode(held)), held)


@pytest.mark.parametrize("text", [OFFICIAL_PLAIN, OFFICIAL_MIXED, OFFICIAL_EMPTY, OFFICIAL_NESTED])
def test_batch_that_they_wrote_is_read_and_written_for_them(text: str) -> None:
    batch: Any = CODEC.decode(text)
    assert isinstance(batch, Batch)
    again = read_by_them(CODEC.encode(batch))
    first = BatchResult.from_dict(read_by_them(text)) if isinstance(read_by_them(text), dict) else read_by_them(text)
    second = BatchResult.from_dict(again) if isinstance(again, dict) else again
    assert second.completion_reason == first.completion_reason
    assert [(item.index, item.status) for item in second.all] == [(item.index, item.status) for item in first.all]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
def test_whatever_a_step_records_can_be_read_by_them(row: Row) -> None:
    text, _ = ResultForm(CODEC, converter(row.annotation, owner="f")).store(row.value)
    read = read_by_them(text)
    assert read is not None or row.value is None


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=5)
    | st.binary(max_size=5)
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC)).map(lambda it: it.replace(fold=0))
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from(["t", "v", "a", "é"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.slow
@given(values)
def test_any_value_goes_both_ways(value: Any) -> None:
    assert same(codec.decode(theirs(value)), value)
    assert same(read_by_them(codec.encode(value)), value)
