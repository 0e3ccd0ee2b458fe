"""One annotation of every kind that values may have, with a value and what becomes of it.

The table of types in docs/values.md is made from `ROWS`: `python tests/support/value_types.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Required, TypedDict, TypeVar
from uuid import UUID

import attrs
import msgspec
import pydantic

from perdure.batches import Batch, BatchItem, BatchReason, BatchStatus
from perdure_runtime.values.annotations import converter
from perdure_runtime.values.batchform import nested
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.resolution import resolve
from perdure_runtime.values.results import ResultForm

T = TypeVar("T")
Sku = NewType("Sku", str)
Json = dict[str, "Json"] | list["Json"] | str | int | None


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 2


class Tone(enum.StrEnum):
    LOUD = "loud"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Rights(enum.IntFlag):
    ASK = 1
    TELL = 2


class Corner(enum.Enum):
    NEAR = (0, 1)


@dataclass(frozen=True)
class Line:
    sku: str
    price: Decimal


@dataclass(frozen=True)
class Refund:
    sku: str
    price: Decimal


@dataclass
class Page(Generic[T]):
    items: list[T]
    next: Page[T] | None = None


class Point(NamedTuple):
    x: int
    y: int = 0


class Movie(TypedDict):
    name: str
    year: NotRequired[int]


class Extras(TypedDict, Generic[T], total=False):
    extra: T
    name: Required[str]


@dataclass(frozen=True)
class Card:
    kind: Literal["card"]
    number: str


@dataclass(frozen=True)
class Cash:
    kind: Literal["cash"]


@dataclass
class Tree:
    value: int
    children: list[Tree]


class Customer(pydantic.BaseModel):
    name: str
    since: date


@attrs.frozen
class Parcel:
    weight: Decimal
    fragile: bool = False


class Seat(msgspec.Struct, frozen=True):
    row: int
    free: bool


class Row(NamedTuple):
    """A type: how an annotation of it is written, the annotation, a value, and plain JSON for it."""

    text: str
    annotation: Any
    value: Any
    json: str


BATCH = Batch((BatchItem(0, None, BatchStatus.SUCCEEDED, 1),), BatchReason.ALL_COMPLETED, 1)

SINCE = '{"name":"x","since":"2026-01-02"}'
ITEM = '{"index":0,"status":"SUCCEEDED","result":1,"error":null}'

ROWS = [
    Row("None", None, None, "null"),
    Row("bool", annotation=bool, value=True, json="true"),
    Row("int", int, 5, "5"),
    Row("float", float, 1.5, "1.5"),
    Row("str", str, "x", '"x"'),
    Row("bytes", bytes, b"hi", '"aGk="'),
    Row("bytearray", bytearray, bytearray(b"hi"), '"aGk="'),
    Row("list[int]", list[int], [1, 2], "[1,2]"),
    Row("Sequence[int]", Sequence[int], [1, 2], "[1,2]"),
    Row("tuple[int, str]", tuple[int, str], (1, "x"), '[1,"x"]'),
    Row("tuple[int, ...]", tuple[int, ...], (1, 2), "[1,2]"),
    Row("set[int]", set[int], {2, 1}, "[1,2]"),
    Row("frozenset[str]", frozenset[str], frozenset({"a"}), '["a"]'),
    Row("Set[Decimal]", AbstractSet[Decimal], {Decimal("1.5")}, '["1.5"]'),
    Row("dict[str, int]", dict[str, int], {"a": 1}, '{"a":1}'),
    Row("Mapping[str, int]", Mapping[str, int], {"a": 1}, '{"a":1}'),
    Row("dict[int, str]", dict[int, str], {1: "x"}, '{"1":"x"}'),
    Row("dict[date, int]", dict[date, int], {date(2026, 1, 2): 1}, '{"2026-01-02":1}'),
    Row("dict[Colour, int]", dict[Colour, int], {Colour.RED: 1}, '{"red":1}'),
    Row("dict[tuple[int, int], str]", dict[tuple[int, int], str], {(1, 2): "x"}, '[[[1,2],"x"]]'),
    Row("int | None", int | None, None, "null"),
    Row("int | str", int | str, "x", '"x"'),
    Row("datetime | str", datetime | str, "x", '{"type":"str","value":"x"}'),
    Row(
        "Line | Refund",
        Line | Refund,
        Refund("a", Decimal("1.5")),
        '{"type":"Refund","value":{"sku":"a","price":"1.5"}}',
    ),
    Row("Card | Cash", Card | Cash, Cash("cash"), '{"kind":"cash"}'),
    Row('Literal["a", 1]', Literal["a", 1], "a", '"a"'),
    Row('Literal["a", 1, True, b"hi"]', Literal["a", 1, True, b"hi"], b"hi", '"aGk="'),
    Row("Literal[Colour.RED]", Literal[Colour.RED], Colour.RED, '"red"'),
    Row("Colour (an Enum)", Colour, Colour.RED, '"red"'),
    Row("Level (an IntEnum)", Level, Level.HIGH, "2"),
    Row("Tone (a StrEnum)", Tone, Tone.LOUD, '"loud"'),
    Row("Rights (an IntFlag)", Rights, Rights.ASK | Rights.TELL, "3"),
    Row("Access (a Flag)", Access, Access.READ | Access.WRITE, "3"),
    Row("Corner (an Enum of tuples)", Corner, Corner.NEAR, "[0,1]"),
    Row("Line (a dataclass)", Line, Line("a", Decimal("1.5")), '{"sku":"a","price":"1.5"}'),
    Row(
        "Page[int] (a generic dataclass)",
        Page[int],
        Page([1], Page([])),
        '{"items":[1],"next":{"items":[],"next":null}}',
    ),
    Row(
        "Tree (a recursive dataclass)",
        Tree,
        Tree(1, [Tree(2, [])]),
        '{"value":1,"children":[{"value":2,"children":[]}]}',
    ),
    Row("Point (a NamedTuple)", Point, Point(1, 2), '{"x":1,"y":2}'),
    Row("Movie (a TypedDict)", Movie, {"name": "x"}, '{"name":"x"}'),
    Row("Extras[int] (a generic TypedDict)", Extras[int], {"name": "x", "extra": 1}, '{"name":"x","extra":1}'),
    Row("Customer (a pydantic model)", Customer, Customer(name="x", since=date(2026, 1, 2)), SINCE),
    Row("Parcel (an attrs class)", Parcel, Parcel(Decimal("1.5")), '{"weight":"1.5","fragile":false}'),
    Row("Seat (a msgspec struct)", Seat, Seat(row=1, free=True), '{"row":1,"free":true}'),
    Row("Sku (a NewType)", Sku, "x", '"x"'),
    Row("Json (an alias that contains itself)", resolve(Json, {"Json": Json}), {"a": [1, {}]}, '{"a":[1,{}]}'),
    Row("Annotated[int, ...]", Annotated[int, "in cents"], 5, "5"),
    Row("datetime", datetime, datetime(2026, 1, 2, 3, tzinfo=UTC), '"2026-01-02T03:00:00+00:00"'),
    Row("date", date, date(2026, 1, 2), '"2026-01-02"'),
    Row("time", time, time(3, 4, 5, 6, tzinfo=UTC), '"03:04:05.000006+00:00"'),
    Row("timedelta", timedelta, timedelta(days=1, seconds=1.5), '"P1DT1.5S"'),
    Row("Decimal", Decimal, Decimal("1.50"), '"1.50"'),
    Row("UUID", UUID, UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    Row("Path", Path, Path("a/b"), '"a/b"'),
    Row("PurePosixPath", PurePosixPath, PurePosixPath("/a"), '"/a"'),
    Row("IPv4Address", IPv4Address, IPv4Address("10.0.0.1"), '"10.0.0.1"'),
    Row("IPv6Address", IPv6Address, IPv6Address("fe80::1%eth0"), '"fe80::1%eth0"'),
    Row("IPv4Network", IPv4Network, IPv4Network("10.0.0.0/8"), '"10.0.0.0/8"'),
    Row("IPv6Network", IPv6Network, IPv6Network("2001:db8::/32"), '"2001:db8::/32"'),
    Row("IPv4Interface", IPv4Interface, IPv4Interface("10.0.0.1/8"), '"10.0.0.1/8"'),
    Row("IPv6Interface", IPv6Interface, IPv6Interface("2001:db8::1/32"), '"2001:db8::1/32"'),
    Row(
        "Batch[int]",
        Batch[int],
        BATCH,
        f'{{"all":[{ITEM}],"completionReason":"ALL_COMPLETED"}}',
    ),
    Row("BatchItem[int]", BatchItem[int], BATCH[0], ITEM),
]

NAMES = {Batch: "a batch", BatchItem: "an item of a batch"}
PAGE = Path(__file__).parents[2] / "docs/values.md"
BEGIN = "<!-- types: written by tests/support/value_types.py -->"
END = "<!-- end of types -->"


def table() -> str:
    """The rows as Markdown, with what a step records of each value."""
    head = ["annotation", "value", "plain JSON", "recorded"]
    lines = [head, ["---"] * len(head)]
    for row in ROWS:
        form = ResultForm(Codec(lambda: nested(None)), converter(row.annotation, owner="table"))
        value = NAMES.get(type(row.value)) or repr(row.value)
        lines.append(
            [f"`{cell}`".replace("|", "\\|") for cell in (row.text, value, row.json, form.store(row.value)[0])]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(page: str) -> str:
    """The table that stands on a page."""
    return page.partition(f"{BEGIN}\n\n")[2].partition(f"\n\n{END}")[0]


if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    PAGE.write_text(text.replace(f"{BEGIN}\n\n{shown(text)}\n\n", f"{BEGIN}\n\n{table()}\n\n"), "utf-8")
