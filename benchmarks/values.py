"""What annotated values cost beside plain JSON: `python benchmarks/values.py`.

Each row stores and reads 1,000 instances of a class as a step does (to text, back for the code that goes on, and back
once more for a replay), and the same data as plain dicts without an annotation. The ratio of both is what the
annotation costs; the bar is 2.5, for flat dataclasses of JSON's own types. The other rows have none: 3,000 instances in
the nested one, tuples so small that only the call counts, and types whose texts have to be made and read. The last
column is orjson alone, for scale.
"""

from __future__ import annotations

import enum
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import GenericAlias
from typing import Any, NamedTuple

import orjson

from perdure_runtime.values.annotations import converter
from perdure_runtime.values.codec import Codec
from perdure_runtime.values.results import ResultForm

COUNT = 1_000
ROUNDS = 100
BAR = 2.5


class Colour(enum.Enum):
    """A field's type."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Plain:
    """Three fields."""

    sku: str
    price: float
    count: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """Six fields, frozen and slotted."""

    id: str
    number: int
    price: float
    open: bool
    note: str | None
    colour: Colour


@dataclass
class Nested:
    """A class within a class."""

    id: str
    lines: list[Plain]


class Point(NamedTuple):
    """A tuple with names."""

    x: int
    y: int


@dataclass
class Rich:
    """Types that JSON lacks: the plain dicts have their texts."""

    id: str
    price: Decimal
    placed: datetime


CASES: list[tuple[Any, Callable[[int], Any], bool]] = [
    (Plain, lambda n: Plain(f"s{n}", n + 0.5, n), True),
    (Frozen, lambda n: Frozen(f"s{n}", n, n + 0.5, n % 3 == 0, None if n % 2 else "note", Colour.RED), True),
    (Nested, lambda n: Nested(f"o{n}", [Plain(f"s{n}", n + 0.5, n), Plain("x", 1.5, 1)]), False),
    (Point, lambda n: Point(n, n + 1), False),
    (Rich, lambda n: Rich(f"s{n}", Decimal(n) / 4, datetime(2026, 1, 1, 0, n % 60, tzinfo=UTC)), False),
]


def main() -> int:
    """Print a row for each class; nonzero where one is over the bar."""
    over = 0
    print(f"{COUNT} of each, stored and read; the least of {ROUNDS} rounds, in microseconds of CPU time")
    print(f"{'':10}{'plain':>8}{'annotated':>11}{'ratio':>7}{'orjson':>8}")
    for kind, make, counts in CASES:
        values = [make(n) for n in range(COUNT)]
        annotated = ResultForm(Codec(), converter(GenericAlias(list, kind), owner="benchmark"))
        unannotated = ResultForm(Codec(), None)
        text, _ = annotated.store(values)
        data = unannotated.read(text)
        spent = least(lambda form=annotated, it=values: form.read(form.store(it)[0]))  # type: ignore[misc]
        plain = least(lambda form=unannotated, it=data: form.read(form.store(it)[0]))  # type: ignore[misc]
        alone = least(lambda it=data: orjson.loads(orjson.dumps(it)))  # type: ignore[misc]
        ratio = spent / plain
        over += counts and ratio > BAR
        note = "" if counts else "  no bar"
        print(f"{kind.__name__:10}{plain:8.0f}{spent:11.0f}{ratio:7.2f}{alone:8.0f}{note}")
    return over


def least(work: Callable[[], object]) -> float:
    """The CPU time of the fastest of all rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time_ns()
        work()
        best = min(best, time.process_time_ns() - begun)
    return best / 1000


if __name__ == "__main__":
    sys.exit(main())
