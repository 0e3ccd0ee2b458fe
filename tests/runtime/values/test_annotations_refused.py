"""What a converter refuses: values, data and annotations."""

import enum
from collections import defaultdict
from collections.abc import Callable
from dataclasses import InitVar, dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Literal, Optional, TypedDict, TypeVar, Unpack

import pytest

from perdure import HandlerRefused, SerdesError
from perdure_runtime.values.annotations import converter
from support.annotated import Colour, Counted, Line, Order, OrderId, Special, Weekday


@pytest.mark.parametrize(
    ("annotation", "value", "path", "expected"),
    [
        (int, True, "value", "expected int, found bool True"),
        (int, 1.0, "value", "expected int, found float 1.0"),
        (bool, 1, "value", "expected bool, found int 1"),
        (None, 0, "value", "expected None"),
        (str, None, "value", "expected str, found None"),
        (float, "1", "value", "expected float"),
        (float, 10**400, "value", "expected float, found int"),
        (list[int], {}, "value", "expected list, found dict"),
        (list, "ab", "value", "expected list"),
        (tuple[int, ...], 1, "value", "expected tuple"),
        (tuple[int, str], (1,), "value", "expected tuple of 2"),
        (tuple[int, str], (1, 2), "value[1]", "expected str"),
        (tuple[int, ...], (1, "a"), "value[1]", "expected int"),
        (dict[str, int], [], "value", "expected dict"),
        (dict[str, list[int]], {"a": [1, "x"]}, "value.a[1]", "expected int, found str 'x'"),
        (Optional[int], "x", "value", "expected int or None"),  # noqa: UP045
        (Literal["a", 1], True, "value", "expected 'a' or 1"),
        (Literal["a", 1], "b", "value", "expected 'a' or 1"),
        (Colour, 5, "value", "Colour"),
        (Decimal, 5, "value", "Decimal"),
        (Order, 5, "value", "Order"),
    ],
    ids=str,
)
def test_value_of_another_type_is_refused_both_ways(annotation: Any, value: Any, path: Any, expected: Any) -> None:
    it = converter(annotation, owner="f")
    for turn in (it.to_payload, it.to_json, it.from_payload):
        with pytest.raises(SerdesError) as caught:
            turn(value)
        assert caught.value.path == path
        assert expected in caught.value.reason


class Summer(tzinfo):
    """A zone with a summer time."""

    def __repr__(self) -> str:
        return "Summer()"

    def utcoffset(self, moment: datetime | None, /) -> timedelta | None:
        return None if moment is None else timedelta(hours=2 if 3 < moment.month < 10 else 1)

    def tzname(self, _: datetime | None, /) -> str:
        return "Summer"

    def dst(self, _: datetime | None, /) -> None:
        return None


@dataclass
class Stay:
    until: datetime


@pytest.mark.parametrize(
    ("annotation", "value", "path", "expected"),
    [
        (Line, Special("a", 1.0), "value", "expected Line, found"),
        (Colour, "red", "value", "expected Colour"),
        (datetime, "2026-01-02", "value", "expected datetime"),
        (Order, Order(OrderId("o"), [Line("a", "x")]), "value.lines[0].price", "expected float"),  # type: ignore[arg-type]
        (dict[str, int], {1: 1}, "value", "key int 1"),
        (float, 2**53 + 1, "value", "is the int 9007199254740993, and no float is equal to it"),
        (list[Stay], [Stay(datetime(2026, 7, 1, tzinfo=Summer()))], "value[0].until", "offset depends on the day"),
    ],
    ids=str,
)
def test_value_that_would_not_come_back_is_not_written(annotation: Any, value: Any, path: Any, expected: Any) -> None:
    with pytest.raises(SerdesError) as caught:
        converter(annotation, owner="f").to_payload(value)
    assert caught.value.path == path
    assert expected in caught.value.reason


def test_unset_slot_is_not_written() -> None:
    broken = object.__new__(Order)
    with pytest.raises(SerdesError, match=r"^value\.id: is not set"):
        converter(Order, owner="f").to_payload(broken)


@pytest.mark.parametrize(
    ("annotation", "data", "path", "expected"),
    [
        (Line, {"sku": "a"}, "event", "'price' is missing, which Line needs"),
        (Order, {"id": "o", "lines": [{"sku": "a", "price": "x"}]}, "event.lines[0].price", "expected float"),
        (Counted, {"total": -1}, "event", "Counted refuses these values: ValueError: total is below zero"),
        (Colour, "green", "event", "expected a value of Colour, found str 'green'"),
        (Weekday, "tue", "event", "expected a value of Weekday"),
        (Weekday, "boom", "event", "expected a value of Weekday"),
        (datetime, "yesterday", "event", "expected the text of a datetime"),
    ],
    ids=str,
)
def test_data_of_another_form_is_refused_with_its_path(annotation: Any, data: Any, path: Any, expected: Any) -> None:
    with pytest.raises(SerdesError) as caught:
        converter(annotation, owner="f").from_payload(data, root="event")
    assert caught.value.path == path
    assert expected in caught.value.reason


def test_refusal_of_a_constructor_is_the_cause() -> None:
    with pytest.raises(SerdesError) as caught:
        converter(list[Counted], owner="f").from_payload([{"total": -1}])
    assert caught.value.path == "value[0]"
    assert isinstance(caught.value.__cause__, ValueError)


# Annotations


Limited = TypeVar("Limited", int, str)


class Alike(enum.Enum):
    LIST = [1]  # noqa: RUF012
    TUPLE = (1,)


class Held(enum.Enum):
    THING = object()


class Text(enum.Enum):
    RED = "red"


class Empty(enum.Enum):
    pass


@dataclass
class Passing:
    raw: InitVar[int]
    kept: int = 0


@dataclass
class Listed(list[int]):
    name: str = ""


@dataclass
class Unfinished:
    tags: list[set[complex]]


@dataclass
class Lost:
    what: "Nowhere"  # type: ignore[name-defined]  # noqa: F821


class Film(TypedDict):
    reel: complex


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (complex, "the annotation complex cannot be served"),
        (type[int], "the annotation type[int] cannot be served"),
        (Callable[[int], str], "cannot be served"),
        (defaultdict[str, int], "the annotation defaultdict[str, int] cannot be served"),
        (Passing, "'raw' is an InitVar"),
        (Listed, "it is a list as well, and what it holds as that is no field"),
        (tuple[int, *tuple[str, ...]], "either all items or none may be any number"),
        (tuple[Unpack[tuple[str, ...]], int], "either all items or none may be any number"),  # noqa: UP044
        (Alike, "two of its members are the same in JSON"),
        (Held, "the value of a member cannot be stored"),
        (Empty, "has no members"),
        (Limited, "constraints"),
        (set[list[int]], "a set cannot hold list, which is not hashable"),
        (frozenset[Line], "a set cannot hold Line, which is not hashable"),
        (dict[Line, int], "a key cannot be Line, which is not hashable"),
        (Literal[Alike.LIST], "a Literal holds"),
        (Literal["aGk=", b"hi"], "two of its values are the same in JSON"),
        (Literal["red", Text.RED], "two of its values are the same in JSON"),
        (Unfinished, "the annotation complex of Unfinished.tags[…][…] cannot be served"),
        (Film, "the annotation complex of Film['reel'] cannot be served"),
        (Lost, "the annotation Nowhere of Lost.what cannot be served: Nowhere cannot be resolved"),
        ("Order", "the annotation Order cannot be served"),
        ([], "the annotation [] cannot be served"),
        (5, "the annotation 5 cannot be served"),
    ],
    ids=str,
)
def test_annotation_that_cannot_be_served_is_refused_by_name(annotation: Any, said: Any) -> None:
    with pytest.raises(HandlerRefused) as caught:
        converter(annotation, owner="shop.checkout")
    assert caught.value.function == "shop.checkout"
    assert said in caught.value.reason
