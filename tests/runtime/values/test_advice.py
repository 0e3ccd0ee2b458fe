"""What the message about a value that cannot be stored says: where it is, what it is, and what to do."""

from __future__ import annotations

import enum
import inspect
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from perdure import SerdesError
from perdure_runtime.values import codec
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.unannotated import json_of
from support.value_types import Customer, Parcel, Seat

SERDES = "or give the function a serdes= of your own"


class Level(enum.IntEnum):
    HIGH = 2


class Sku(str):
    __slots__ = ()


@dataclass
class Line:
    price: float


class Plain:
    """No data to a codec."""


class Array:
    """As those of numpy are: no sequence, no truth, and a comparison that gives another array."""

    def tolist(self) -> list[int]:
        return [1]

    def __eq__(self, other: object) -> Any:
        return self

    def __hash__(self) -> int:
        return 1

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")


async def later() -> int:
    return 1


PLAIN = f"return data instead, and make the object of it where you need it, {SERDES}"
CODE = "functions and classes are not stored: return data instead, such as a name"
SERIES = "return a list of what it gives: list(…)"
ADVICE = [
    (object(), PLAIN),
    (Plain(), PLAIN),
    (threading.Lock(), PLAIN),
    (1j, PLAIN),
    (lambda: 1, CODE),
    (Plain, CODE),
    (len, CODE),
    ((n for n in [1]), SERIES),
    (range(3), SERIES),
    ({}.keys(), SERIES),
    ({}.values(), SERIES),
    (ValueError("x"), "raise it, which records it as the failure, or return what it says"),
    (defaultdict(int), "return a plain dict of it: dict(…)"),
    (Counter("a"), "return a plain dict of it: dict(…)"),
    (Sku("x"), "return a plain str of it: str(…)"),
    (Array(), f"return its tolist(), {SERDES}"),
]
ANNOTATED = [
    (Level.HIGH, "Level"),
    (Line(1.5), "Line"),
    ({1}, "set"),
    (bytearray(b"x"), "bytearray"),
    (timedelta(1), "timedelta"),
    (PurePosixPath("a"), "PurePosixPath"),
    (Customer.model_construct(name="x"), "Customer"),
    (Parcel(weight=1), "Parcel"),  # type: ignore[arg-type]
    (Seat(row=1, free=True), "Seat"),
]


@pytest.mark.parametrize(("value", "told"), ADVICE, ids=lambda it: str(it)[:20])
def test_message_says_where_what_and_what_to_do(value: Any, told: str) -> None:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    with pytest.raises(SerdesError) as caught:
        codec.encode({"items": [1, {"price": value}]}, root="result")
    said = f"result.items[1].price: a value of type {name} cannot be stored as it is; {told}"
    assert str(caught.value) == said


@pytest.mark.parametrize(("value", "name"), ANNOTATED, ids=lambda it: str(it)[:20])
def test_what_an_annotation_would_serve_is_to_be_annotated(value: Any, name: str) -> None:
    with pytest.raises(SerdesError) as caught:
        codec.encode([value], root="result")
    told = f"annotate the return type of the function, down to this {name}, {SERDES}"
    assert str(caught.value).endswith(f"cannot be stored as it is; {told}")


def test_what_is_to_be_awaited_says_so() -> None:
    body = later()
    try:
        with pytest.raises(SerdesError, match="coroutine cannot be stored as it is; await it, and return what that"):
            codec.encode(body)
    finally:
        body.close()
    assert inspect.getcoroutinestate(body) == inspect.CORO_CLOSED


@pytest.mark.parametrize(("value", "told"), ADVICE[:13], ids=lambda it: str(it)[:20])
def test_plain_json_has_the_same_advice(value: Any, told: str) -> None:
    if isinstance(value, dict):  # plain JSON has a form for it
        assert json_of(value) == {}
        return
    with pytest.raises(SerdesError) as caught:
        json_of([value], root="payload")
    assert str(caught.value).startswith("payload[0]: a value of type ")
    assert str(caught.value).endswith(f" has no form in JSON; {told}")


def test_value_that_contains_itself_is_not_written_out() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(SerdesError) as caught:
        codec.encode({"it": loop, "more": 1}, root="result")
    assert str(caught.value) == (
        f"result.it{'[0]' * 9}…(85 more)…{'[0]' * 5}: is nested more than 100 levels deep, or contains itself;"
        " let its parts name each other by an id"
    )


@pytest.mark.parametrize("write", [codec.encode, json_of])
def test_key_that_is_no_text_is_named(write: Any) -> None:
    with pytest.raises(SerdesError, match=r"^value\.a: has the key int 1; the keys of a .* are strings: "):
        write({"a": {1: 2}})


@pytest.mark.parametrize(("steps", "path"), [(30, "[0]" * 30), (31, f"{'[0]' * 10}…(16 more)…{'[0]' * 5}")])
def test_path_is_whole_as_long_as_it_can_be_read(steps: int, path: str) -> None:
    unfit = Unfit("odd")
    for _ in range(steps):
        unfit.at(0)
    assert unfit.path("it") == f"it{path}"
