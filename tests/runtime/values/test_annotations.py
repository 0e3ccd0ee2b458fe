"""Values of annotated types, to their stored form and back."""

import enum
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, TypeVar, Union
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import SerdesError
from perdure_runtime.values import codec, jsontext
from perdure_runtime.values.annotations import converter
from support.annotated import Box, Colour, Counted, Line, Order, OrderId, Special, T, Weekday

Bound = TypeVar("Bound", bound=int)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass(init=False)
class Handmade:
    size: int

    def __init__(self, size: int) -> None:
        self.size = size


WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ORDER = Order(OrderId("o1"), [Line("a", 1.5), Line("b", 2.0, 3)], Colour.BLUE, WHEN, Order(OrderId("o0"), []), {"x": 1})

ORDER_JSON = {
    "id": "o1",
    "lines": [{"sku": "a", "price": 1.5, "count": 1}, {"sku": "b", "price": 2.0, "count": 3}],
    "colour": "blue",
    "placed": "2026-01-02T03:04:05+00:00",
    "parent": {"id": "o0", "lines": [], "colour": "red", "placed": None, "parent": None, "notes": {}},
    "notes": {"x": 1},
}

SERVED = [
    (None, None, None),
    (type(None), None, None),
    (bool, True, True),
    (int, 5, 5),
    (float, 5.0, 5.0),
    (str, "x", "x"),
    (list, [1, {"a": 2}], [1, {"a": 2}]),
    (dict, {"a": [1]}, {"a": [1]}),
    (tuple, (1, "a"), [1, "a"]),
    (list[int], [1, 2], [1, 2]),
    (typing.List[int], [1], [1]),  # noqa: UP006  the old spelling counts as well
    (typing.Dict, {"a": 1}, {"a": 1}),  # noqa: UP006
    (Sequence[str], ["a"], ["a"]),
    (Mapping[str, float], {"a": 1.5}, {"a": 1.5}),
    (dict[str, list[Line]], {"k": [Line("a", 1.0)]}, {"k": [{"sku": "a", "price": 1.0, "count": 1}]}),
    (dict[Any, int], {"a": 1}, {"a": 1}),
    (tuple[int, str], (1, "a"), [1, "a"]),
    (tuple[()], (), []),
    (tuple[Line, ...], (Line("a", 1.0),), [{"sku": "a", "price": 1.0, "count": 1}]),
    (int | None, None, None),
    (Optional[Line], Line("a", 1.0), {"sku": "a", "price": 1.0, "count": 1}),  # noqa: UP045
    (Union[int, str, None], "x", "x"),  # noqa: UP007
    (int | float, 1, 1),
    (float | int, 1.5, 1.5),
    (list[int] | dict[str, int], {"a": 1}, {"a": 1}),
    (Literal["a", 1] | None, 1, 1),
    (Literal["a"] | int, "a", "a"),
    (Colour, Colour.RED, "red"),
    (Level | None, Level.HIGH, 2),
    (Access, Access.READ | Access.WRITE, 3),
    (datetime, WHEN, "2026-01-02T03:04:05+00:00"),
    (date, date(2026, 1, 2), "2026-01-02"),
    (Decimal, Decimal("1.10"), "1.10"),
    (UUID, UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (bytes, b"hi", "aGk="),
    (OrderId, "o", "o"),
    (Annotated[int, "cents"], 1, 1),
    (Annotated[int, []], 1, 1),
    (list[Annotated[int, []]], [1], [1]),
    (Bound, 1, 1),
    (Order, ORDER, ORDER_JSON),
    (Special, Special("a", 1.0, 2, "why"), {"sku": "a", "price": 1.0, "count": 2, "why": "why"}),
    (Counted, Counted(1, date(2026, 1, 2)), {"total": 1, "seen": 0, "date": "2026-01-02"}),
    (Box, Box([1]), {"content": [1]}),
    (Handmade, None, None),
]


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other) and type(one) is type(other) and one == other


@pytest.mark.parametrize(("annotation", "value", "data"), SERVED[:-1], ids=str)
def test_value_comes_back_equal_in_type_and_value_from_both_forms(annotation: Any, value: Any, data: Any) -> None:
    it = converter(annotation, owner="f")
    text = codec.encode(it.to_payload(value))
    assert same(it.from_payload(codec.decode(text)), value)
    assert same(it.to_json(value), data)
    assert same(it.from_payload(jsontext.parse(jsontext.write(data))), value)
    assert not it.identity


def test_constructor_of_ones_own_is_called() -> None:
    it = converter(Handmade, owner="f")
    assert it.to_payload(Handmade(3)) == {"size": 3}
    made: Any = it.from_payload({"size": 3})
    assert type(made) is Handmade
    assert made.size == 3


@pytest.mark.parametrize("annotation", [Any, object, T, typing.NoReturn, Any | None, int | Any], ids=str)
def test_annotation_that_says_nothing_converts_nothing(annotation: Any) -> None:
    it = converter(annotation, owner="f")
    value = object()
    assert it.identity
    assert it.to_payload(value) is value
    assert it.from_payload(value) is value


def test_unannotated_part_of_plain_json_goes_by_what_it_is() -> None:
    assert converter(Any, owner="f").to_json({"x": Line("a", 1.0)}) == {"x": {"sku": "a", "price": 1.0, "count": 1}}
    assert converter(dict[str, Any], owner="f").to_json({"x": WHEN}) == {"x": WHEN.isoformat()}


def test_compiled_once() -> None:
    assert converter(list[Order], owner="f") is converter(list[Order], owner="g")


def test_whole_number_is_accepted_for_a_float() -> None:
    it = converter(list[float], owner="f")
    assert same(it.from_payload([1]), [1.0])
    assert same(it.to_payload([1]), [1.0])


def test_default_fills_what_is_missing_and_extra_members_are_passed_over() -> None:
    assert converter(Line, owner="f").from_payload({"sku": "a", "price": 1, "colour": "?"}) == Line("a", 1.0)


def test_field_outside_the_constructor_is_restored() -> None:
    counted = Counted(1)
    counted.seen = 7
    it = converter(Counted, owner="f")
    back: Any = it.from_payload(it.to_payload(counted))
    assert back.seen == 7


def test_enum_may_look_up_values_of_its_own() -> None:
    assert converter(Weekday, owner="f").from_payload("MON") is Weekday.MONDAY


def test_dataclass_defined_in_a_function_may_contain_itself() -> None:
    @dataclass
    class Node:
        value: int
        children: "list[Node]"

    it = converter(Node, owner="f")
    tree = Node(1, [Node(2, [])])
    assert it.from_payload(it.to_payload(tree)) == tree


lines = st.builds(Line, st.text(), st.floats(allow_nan=False), st.integers())
moments = st.datetimes(timezones=st.just(UTC)).map(lambda when: when.replace(fold=0))  # ISO text has no fold

orders = st.recursive(
    st.builds(
        Order,
        st.text(),
        st.lists(lines, max_size=3),
        st.sampled_from(Colour),
        st.none() | moments,
        st.none(),
        st.just({}),
    ),
    lambda inner: st.builds(
        Order,
        st.text(),
        st.lists(lines, max_size=2),
        st.sampled_from(Colour),
        st.none() | moments,
        inner,
        st.dictionaries(st.sampled_from(["t", "v", "x"]), st.integers() | st.text() | moments, max_size=3),
    ),
    max_leaves=3,
)


@pytest.mark.slow
@given(orders)
def test_what_a_converter_writes_it_reads(order: Any) -> None:
    it = converter(Order, owner="f")
    assert same(it.from_payload(codec.decode(codec.encode(it.to_payload(order)))), order)


@pytest.mark.slow
@given(orders)
def test_plain_json_of_fully_annotated_values_is_read_back(order: Any) -> None:
    lines_of = converter(list[Line], owner="f")
    assert same(lines_of.from_payload(jsontext.parse(jsontext.write(lines_of.to_json(order.lines)))), order.lines)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "lines", "sku", "price", "parent"]), inner),
    max_leaves=8,
)


@pytest.mark.slow
@given(json_values)
def test_any_json_is_read_or_refused(data: Any) -> None:
    try:
        found = converter(Order, owner="f").from_payload(data)
    except SerdesError:
        return
    assert type(found) is Order
