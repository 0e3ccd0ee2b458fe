"""Classes with fields: generics, what their data may lack, and what unions tell apart."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Literal, NamedTuple, NotRequired, Required, TypedDict, TypeVar

import pytest

from perdure_runtime.values.annotations import converter
from support.value_texts import refusal, stored, unread
from support.value_types import Card, Cash, Line, Movie, Page, Point, Refund

T = TypeVar("T")
K = TypeVar("K")


# Generics


@dataclass
class Base(Generic[T]):
    content: T


@dataclass
class Both(Base[list[K]], Generic[K]):
    other: K


@dataclass
class Fixed(Base[Decimal]):
    pass


class Pair(NamedTuple, Generic[T]):
    one: T
    other: T


class Part(TypedDict, Generic[T]):
    it: T


class Whole(Part[int], total=False):
    more: Required[str]
    date: date


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (Base[date], Base(date(2026, 1, 2)), '{"t":"m","v":{"content":"2026-01-02"}}'),
        (Both[Decimal], Both([Decimal(1)], Decimal(2)), '{"t":"m","v":{"content":["1"],"other":"2"}}'),
        (Fixed, Fixed(Decimal(1)), '{"t":"m","v":{"content":"1"}}'),
        (
            Pair[date],
            Pair(date(2026, 1, 2), date(2026, 1, 3)),
            '{"t":"m","v":{"one":"2026-01-02","other":"2026-01-03"}}',
        ),
        (
            Whole,
            {"it": 1, "more": "x", "date": date(2026, 1, 2)},
            '{"t":"m","v":{"it":1,"more":"x","date":"2026-01-02"}}',
        ),
        (Base[Page[int]], Base(Page([1])), '{"t":"m","v":{"content":{"items":[1],"next":null}}}'),
        (Base, Base((1,)), '{"t":"m","v":{"content":{"t":"t","v":[1]}}}'),
    ],
    ids=str,
)
def test_type_parameters_are_what_they_stand_for(annotation: Any, value: Any, text: str) -> None:
    assert stored(annotation, value)[0] == text
    assert stored(annotation, value)[1] == value


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (Base[int], Base("x"), "result.content: expected int, found str 'x'"),
        (Both[int], Both[Any](["x"], 1), "result.content[0]: expected int"),
        (Whole, {"it": "x", "more": ""}, "result.it: expected int"),
        (Whole, {"it": 1}, "result: 'more' is missing, which Whole needs"),
        (Movie, {"name": "x", "yaer": 1}, "result: has the key str 'yaer', which Movie does not declare"),
    ],
    ids=str,
)
def test_value_of_another_type_has_its_path(annotation: Any, value: Any, said: str) -> None:
    assert refusal(annotation, value).startswith(said)


# NamedTuples


def test_named_tuple_is_read_from_a_tuple_too() -> None:
    it = converter(Point, owner="f")
    assert it.from_payload([1, 2]) == it.from_payload((1, 2)) == Point(1, 2)
    assert it.from_payload([1]) == Point(1)
    assert "expected an object with the fields of Point" in unread(Point, [1, 2, 3])


def test_named_tuple_without_annotations_keeps_what_it_holds() -> None:
    loose = namedtuple("loose", ["a", "b"])  # noqa: PYI024
    assert stored(loose, loose((1,), Decimal(2)))[0] == '{"t":"m","v":{"a":{"t":"t","v":[1]},"b":{"t":"d","v":"2"}}}'


# Unions


class Dog(TypedDict):
    kind: Literal["dog"]
    name: NotRequired[str]


class Cat(TypedDict):
    kind: Literal["cat"]


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (Card | Cash | None, Cash("cash"), '{"t":"m","v":{"kind":"cash"}}'),
        (Dog | Cat, {"kind": "cat"}, '{"t":"m","v":{"kind":"cat"}}'),
        (Line | Refund, Line("a", Decimal(1)), '{"t":"m","v":{"type":"Line","value":{"sku":"a","price":"1"}}}'),
        (list[int] | list[str], ["a"], '{"t":"m","v":{"type":"list[str]","value":["a"]}}'),
        (date | datetime, date(2026, 1, 2), '{"t":"m","v":{"type":"date","value":"2026-01-02"}}'),
        (set[int] | list[int], {1}, '{"t":"m","v":{"type":"set[int]","value":[1]}}'),
        (Base[int] | Base[str], Base("x"), '{"t":"m","v":{"type":"Base[str]","value":{"content":"x"}}}'),
        (Line | str | date, "x", '{"t":"m","v":{"type":"str","value":"x"}}'),
        (Decimal | int | None, Decimal(1), '{"t":"d","v":"1"}'),
    ],
    ids=str,
)
def test_union_says_which_member_it_is_only_where_json_does_not(annotation: Any, value: Any, text: str) -> None:
    assert stored(annotation, value) == (text, value)


@pytest.mark.parametrize(
    ("annotation", "data", "said"),
    [
        (Line | Refund, {"sku": "a", "price": "1"}, '{"type": …, "value": …} with one of the types Line, Refund'),
        (Line | Refund, {"type": "Line", "value": {"sku": 1}}, "value.value.sku: expected str"),
        (Line | Refund, {"type": "Line", "value": {}, "more": 1}, '{"type": …'),
        (date | str | None, "2026-01-02", 'expected None or {"type": …'),
        (Card | Cash, {"kind": "coin"}, "an object whose 'kind' is one of 'card', 'cash', found str 'coin'"),
        (Card | Cash, {"kind": []}, "found list"),
        (Card | Cash, [], "expected Card or Cash"),
    ],
    ids=str,
)
def test_data_of_no_member_is_refused(annotation: Any, data: Any, said: str) -> None:
    assert said in unread(annotation, data)


# Keys


@pytest.mark.parametrize(
    ("annotation", "data", "said"),
    [
        (dict[int, int], {"01": 1}, "has the key str '01': expected the digits of an int"),
        (dict[int, int], {"9" * 5000: 1}, "expected the digits of an int"),
        (dict[bool, int], {"True": 1}, "expected true or false"),
        (dict[Decimal, int], {"1": 1, "1.0": 2}, "has two keys that are the same"),
        (dict[tuple[int, int], int], [[[1], 2]], "value[0][0]: expected tuple of 2"),
        (dict[tuple[int, int], int], [[1]], "value[0]: expected a key and its value"),
        (dict[tuple[Any, ...], int], [[[[1]], 2]], "has a key that no dict can hold"),
        (set[Any], [[1]], "has an item that no set can hold"),
    ],
    ids=str,
)
def test_key_that_none_can_be_is_refused(annotation: Any, data: Any, said: str) -> None:
    assert said in unread(annotation, data)


def test_fault_behind_a_key_that_is_no_text_has_its_place() -> None:
    assert refusal(dict[date, int], {date(2026, 1, 2): "x"}).startswith("result['2026-01-02']: expected int")
