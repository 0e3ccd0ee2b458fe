import enum
import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from perdure import SerdesError
from perdure_runtime.values.unannotated import json_of
from support.value_types import Customer, Parcel


class Colour(enum.Enum):
    RED = "red"
    BOTH = ("a", 1)


class Size(enum.IntEnum):
    SMALL = 1


class Name(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Ratio(float):
    __slots__ = ()


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Order:
    colour: Colour
    lines: list[Any] = field(default_factory=list)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"a": [1, "x", None, True, 1.5]}, {"a": [1, "x", None, True, 1.5]}),
        (Order(Colour.RED, [Order(Colour.BOTH)]), {"colour": "red", "lines": [{"colour": ["a", 1], "lines": []}]}),
        (Point(1, 2), [1, 2]),
        ({Name("k"): Name("v")}, {"k": "v"}),
        ([Ratio(-0.0), Size.SMALL, True], [-0.0, 1, True]),
        (OrderedDict(a=(1,)), {"a": [1]}),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        ([date(2026, 1, 2), Decimal("1.10"), b"hi"], ["2026-01-02", "1.10", "aGk="]),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (10**30, 10**30),
        ({"left": timedelta(seconds=90), "at": PurePosixPath("/a")}, {"left": "PT90S", "at": "/a"}),
        ([{2, 1}, frozenset({"b", "a"}), bytearray(b"hi")], [[1, 2], ["a", "b"], "aGk="]),
        ({"who": Parcel(Decimal("1.5"))}, {"who": {"weight": "1.5", "fragile": False}}),
        (Customer(name="x", since=date(2026, 1, 2)), {"name": "x", "since": "2026-01-02"}),
    ],
)
def test_value_becomes_what_it_is_at_run_time(value: Any, data: Any) -> None:
    found = json_of(value)
    assert found == data
    assert repr(found) == repr(data)


def test_nan_stays() -> None:
    assert repr(json_of([math.nan])) == "[nan]"


@pytest.mark.parametrize(
    ("value", "path", "said"),
    [
        (object(), "result", "has no form in JSON"),
        ([Order(Colour.RED, [{"x": 1j}])], "result[0].lines[0].x", "type complex"),
        ({"x": {(1, 1j)}}, "result.x[1]", "type complex"),
        ({1: 2}, "result", "key int 1"),
        (Order, "result", "type type"),
        ((1, {"a": {None: 1}}), "result[1].a", "key None"),
    ],
)
def test_what_has_no_form_in_json_is_refused_with_its_path(value: Any, path: Any, said: Any) -> None:
    with pytest.raises(SerdesError) as caught:
        json_of(value, root="result")
    assert caught.value.path == path
    assert said in caught.value.reason


def test_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(SerdesError, match="nested"):
        json_of(loop)
