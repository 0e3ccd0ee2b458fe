"""Shapes that hold others: lists, tuples and dicts."""

from __future__ import annotations

from typing import Any

from perdure_runtime.values.codec import shown
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import ANYTHING, Kinds, Shape, wrong

__all__ = ["Container", "FixedTuple", "Keyed"]


class Container:
    """A list, or a tuple of any length, of items of one shape."""

    def __init__(self, kind: type[list[Any] | tuple[Any, ...]], item: Shape) -> None:
        self.kind = kind
        self.item = item
        self.title = kind.__name__
        self.made: Kinds = frozenset({kind})
        self.kinds: Kinds = self.made | {list}

    def write(self, value: Any, *, plain: bool) -> object:  # noqa: ANN401  a list or a tuple
        if type(value) is not self.kind:
            raise wrong(self.title, value)
        if self.item is ANYTHING and not plain:
            return value
        write = self.item.write
        items: list[object] = []
        try:
            for item in value:
                items.append(write(item, plain=plain))  # noqa: PERF401  the length tells where it failed
        except Unfit as unfit:
            raise unfit.at(len(items)) from unfit.__cause__
        return items if plain or self.kind is list else tuple(items)

    def read(self, data: Any) -> object:  # noqa: ANN401  any JSON data
        if type(data) not in self.kinds:
            raise wrong(self.title, data)
        if self.item is ANYTHING:
            return data if type(data) is self.kind else tuple(data)
        read = self.item.read
        items: list[object] = []
        try:
            for item in data:
                items.append(read(item))  # noqa: PERF401  the length tells where it failed
        except Unfit as unfit:
            raise unfit.at(len(items)) from unfit.__cause__
        return items if self.kind is list else tuple(items)


class FixedTuple:
    """A tuple with a shape for each of its items."""

    made: Kinds = frozenset({tuple})
    kinds: Kinds = frozenset({tuple, list})

    def __init__(self, items: tuple[Shape, ...]) -> None:
        self.items = items
        self.title = f"tuple of {len(items)}"

    def write(self, value: Any, *, plain: bool) -> object:  # noqa: ANN401  a tuple
        if type(value) is not tuple or len(value) != len(self.items):
            raise wrong(self.title, value)
        items = self._each([(lambda item, shape=shape: shape.write(item, plain=plain)) for shape in self.items], value)
        return items if plain else tuple(items)

    def read(self, data: Any) -> object:  # noqa: ANN401  any JSON data
        if type(data) not in self.kinds or len(data) != len(self.items):
            raise wrong(self.title, data)
        return tuple(self._each([shape.read for shape in self.items], data))

    def _each(self, turns: list[Any], values: Any) -> list[object]:  # noqa: ANN401
        items: list[object] = []
        try:
            for turn, value in zip(turns, values, strict=True):
                items.append(turn(value))
        except Unfit as unfit:
            raise unfit.at(len(items)) from unfit.__cause__
        return items


class Keyed:
    """A dict from strings to values of one shape."""

    title = "dict"
    kinds: Kinds = frozenset({dict})
    made: Kinds = frozenset({dict})

    def __init__(self, item: Shape) -> None:
        self.item = item

    def write(self, value: Any, *, plain: bool) -> object:  # noqa: ANN401  a dict
        if type(value) is not dict:
            raise wrong("dict", value)
        members: dict[str, object] = {}
        for key, item in value.items():
            if type(key) is not str:
                raise Unfit(f"has the key {shown(key)}; the keys of a stored dict are strings")
            try:
                members[key] = self.item.write(item, plain=plain)
            except Unfit as unfit:
                raise unfit.at(key) from unfit.__cause__
        return members

    def read(self, data: Any) -> object:  # noqa: ANN401  any JSON data
        if type(data) is not dict:
            raise wrong("dict", data)
        members: dict[str, object] = {}
        for key, item in data.items():
            try:
                members[key] = self.item.read(item)
            except Unfit as unfit:
                raise unfit.at(key) from unfit.__cause__
        return members
