"""Shapes that hold others: lists, tuples, sets and dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from operator import length_hint
from typing import Any, cast

from perdure_runtime.values import jsontext
from perdure_runtime.values.keys import KeyForm
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import ANYTHING, Number, Scalar, Shape, own_form, wrong
from perdure_runtime.values.tags import shown

__all__ = ["Container", "FixedTuple", "Keyed", "Pairs", "SetOf", "reached"]

STRINGS = frozenset({str})
FLOATS = frozenset({float})


class Container(Shape):
    """A list, or a tuple of any length, of items of one shape."""

    def __init__(self, kind: type[list[Any] | tuple[Any, ...]], item: Shape) -> None:
        self.kind = kind
        self.item = item
        self.parts = (item,)
        self.title = kind.__name__
        self.made = frozenset({kind})
        self.kinds = self.made | {list}
        self.plain = kind is list and item.plain
        self.tagged = kind is tuple
        self.itself = self.made if kind is list and item is ANYTHING else frozenset()
        self.hashable = kind is tuple and item.hashable
        self._plain = _plain(item)

    def payload(self, value: Any) -> Any:  # noqa: ANN401  a list or a tuple
        if self.item is ANYTHING and type(value) is self.kind:
            return list(value) if self.kind is list else value
        items = self._written(value, self.item.payload)
        return tuple(items) if self.tagged else items

    def json(self, value: Any) -> list[Any]:  # noqa: ANN401
        return self._written(value, self.item.json)

    def read(self, data: Any) -> object:  # noqa: ANN401
        if type(data) not in self.kinds:
            raise wrong(self.title, data)
        if _are_themselves(self.item, data):
            return data if type(data) is self.kind else self.kind(data)
        read = self.item.read
        walk = iter(data)
        try:
            items = [read(item) for item in walk]
        except Unfit as unfit:
            raise unfit.at(reached(data, walk)) from unfit.__cause__
        return items if self.kind is list else tuple(items)

    def again(self, data: Any) -> object:  # noqa: ANN401
        if self.walked() is None:
            return self.read(data)
        again = self.item.again
        return [again(item) for item in data]

    def walked(self) -> Shape | None:
        return self.item if self.kind is list and self._plain is None else None

    def _written(self, value: Any, write: Callable[[Any], Any]) -> list[Any]:  # noqa: ANN401
        if type(value) is not self.kind:
            raise wrong(self.title, value)
        if self._plain is not None and self.item is not ANYTHING and self._plain(value):
            return list(value)
        walk = iter(value)
        try:  # as in `each`, which would be another call for each of many short lists
            return [write(item) for item in walk]
        except Unfit as unfit:
            raise unfit.at(reached(value, walk)) from unfit.__cause__


class FixedTuple(Shape):
    """A tuple with a shape for each of its items."""

    made = frozenset({tuple})
    kinds = frozenset({tuple, list})
    tagged = True

    def __init__(self, items: tuple[Shape, ...]) -> None:
        self.parts = items
        self.title = f"tuple of {len(items)}"
        self.hashable = all(item.hashable for item in items)

    def payload(self, value: Any) -> tuple[Any, ...]:  # noqa: ANN401  a tuple
        self._check(value, self.made)
        return tuple(_in_turn([item.payload for item in self.parts], value))

    def json(self, value: Any) -> list[Any]:  # noqa: ANN401
        self._check(value, self.made)
        return _in_turn([item.json for item in self.parts], value)

    def read(self, data: Any) -> object:  # noqa: ANN401
        self._check(data, self.kinds)
        return tuple(_in_turn([item.read for item in self.parts], data))

    def _check(self, found: Any, kinds: frozenset[type]) -> None:  # noqa: ANN401
        if type(found) not in kinds:
            raise wrong(self.title, found)
        if len(found) != len(self.parts):
            raise Unfit(f"expected {self.title}, found {len(found)} items")


class SetOf(Shape):
    """A set or a frozenset, in JSON a list; in order, so that one value has one text."""

    kinds = frozenset({list})
    sealed = True

    def __init__(self, kind: type[set[Any] | frozenset[Any]], item: Shape) -> None:
        self.kind = kind
        self.item = item
        self.parts = (item,)
        self.title = kind.__name__
        self.made = frozenset({kind})
        self.hashable = kind is frozenset

    def payload(self, value: Any) -> list[Any]:  # noqa: ANN401  a set
        return self._written(value, self._own)

    def json(self, value: Any) -> list[Any]:  # noqa: ANN401
        return self._written(value, self.item.json)

    def read(self, data: Any) -> object:  # noqa: ANN401
        if type(data) is not list:
            raise wrong(self.title, data)
        items = each(self.item.read, data)
        try:
            return self.kind(items)
        except TypeError as error:
            raise Unfit(f"has an item that no {self.title} can hold: {error}") from None

    def _written(self, value: Any, write: Callable[[Any], Any]) -> list[Any]:  # noqa: ANN401
        if type(value) is not self.kind:
            raise wrong(self.title, value)
        items = [write(item) for item in value]
        kinds = {*map(type, items)}
        if kinds <= {str} or kinds <= {int}:
            return sorted(items)
        try:
            return sorted(items, key=jsontext.write)
        except Unfit:  # an unannotated item that the codec has tags for
            return items

    @cached_property
    def _own(self) -> Callable[[Any], Any]:
        return own_form(self.item)


class Keyed(Shape):
    """A dict whose keys are text in JSON."""

    title = "dict"
    kinds = frozenset({dict})
    made = frozenset({dict})
    hashable = False

    def __init__(self, item: Shape, key: KeyForm | None = None) -> None:
        self.item = item
        self.key = key
        self.parts = (item,)
        self.plain = key is None and item.plain
        self.sealed = key is not None
        self.itself = self.kinds if key is None and item is ANYTHING else frozenset()
        self._plain = _plain(item)

    def payload(self, value: Any) -> dict[str, Any]:  # noqa: ANN401  a dict
        if self.key is not None:
            return self._written(value, self._own)
        return self._written(value, _itself if self.item is ANYTHING else self.item.payload)

    def json(self, value: Any) -> dict[str, Any]:  # noqa: ANN401
        return self._written(value, self.item.json)

    def read(self, data: Any) -> object:  # noqa: ANN401
        if type(data) is not dict:
            raise wrong("dict", data)
        if self.key is None and _are_themselves(self.item, data.values()):
            return data
        items = by_key(self.item.read, data)
        return items if self.key is None else dict(zip(self._keys(self.key.of_text, data), items.values(), strict=True))

    def _written(self, value: Any, write: Callable[[Any], Any]) -> dict[str, Any]:  # noqa: ANN401
        if type(value) is not dict:
            raise wrong("dict", value)
        if self.key is not None:
            texts = self._keys(self.key.to_text, value)
            return by_key(write, dict(zip(texts, value.values(), strict=True)))
        if not {*map(type, value)} <= STRINGS:
            key = next(key for key in value if type(key) is not str)
            raise Unfit(f"has the key {shown(key)}; the keys of a stored dict are strings")
        if self._plain is not None and self.item is not ANYTHING and self._plain(value.values()):
            return dict(value)
        return by_key(write, value)

    @cached_property
    def _own(self) -> Callable[[Any], Any]:
        return own_form(self.item)

    def _keys(self, turn: Callable[[Any], Any], keys: Iterable[Any]) -> list[Any]:
        turned: list[Any] = []
        for key in keys:
            try:
                turned.append(turn(key))
            except Unfit as unfit:
                raise Unfit(f"has the key {shown(key)}: {unfit.reason}") from unfit.__cause__
        try:
            distinct = len({*turned})
        except TypeError as error:  # a signaling NaN
            raise Unfit(f"has a key that no dict can hold: {error}") from None
        if distinct != len(turned):
            raise Unfit("has two keys that are the same")
        return turned


class Pairs(Shape):
    """A dict whose keys are no text: in JSON a list of its items, each a list of key and value."""

    title = "dict"
    kinds = frozenset({list})
    made = frozenset({dict})
    hashable = False
    sealed = True

    def __init__(self, key: Shape, item: Shape) -> None:
        self.parts = (key, item)

    def payload(self, value: Any) -> list[Any]:  # noqa: ANN401  a dict
        return self._written(value, self._own)

    def json(self, value: Any) -> list[Any]:  # noqa: ANN401
        return self._written(value, [part.json for part in self.parts])

    def read(self, data: Any) -> object:  # noqa: ANN401
        if type(data) is not list:
            raise wrong("a list of keys and values", data)
        turns = [part.read for part in self.parts]
        pairs = each(lambda pair: _in_turn(turns, self._pair(pair)), data)
        try:
            return dict(cast("list[tuple[Any, Any]]", pairs))
        except TypeError as error:
            raise Unfit(f"has a key that no dict can hold: {error}") from None

    def _written(self, value: Any, turns: list[Callable[[Any], Any]]) -> list[Any]:  # noqa: ANN401
        if type(value) is not dict:
            raise wrong("dict", value)
        return each(lambda pair: _in_turn(turns, pair), list(value.items()))

    @cached_property
    def _own(self) -> list[Callable[[Any], Any]]:
        return [own_form(part) for part in self.parts]

    def _pair(self, found: Any) -> Any:  # noqa: ANN401
        if type(found) is not list or len(found) != len(self.parts):
            raise wrong("a key and its value", found)
        return found


def each(turn: Callable[[Any], Any], items: Any) -> list[Any]:  # noqa: ANN401  a list or a tuple
    """What `turn` makes of each of the items; where it refuses one, its index is in the complaint."""
    walk = iter(items)
    try:
        return [turn(item) for item in walk]
    except Unfit as unfit:
        raise unfit.at(reached(items, walk)) from unfit.__cause__


def by_key(turn: Callable[[Any], Any], items: dict[str, Any]) -> dict[str, Any]:
    """As `each`, for the values of a dict."""
    walk = iter(items.items())
    try:
        return {key: turn(item) for key, item in walk}
    except Unfit as unfit:
        key = list(items)[reached(items, walk)]
        raise unfit.at(key) from unfit.__cause__


def _in_turn(turns: Iterable[Callable[[Any], Any]], values: Iterable[Any]) -> list[Any]:
    items: list[Any] = []
    try:
        for turn, value in zip(turns, values, strict=True):
            items.append(turn(value))
    except Unfit as unfit:
        raise unfit.at(len(items)) from unfit.__cause__
    return items


def _itself(value: object) -> object:
    return value


def reached(items: Any, walk: Any) -> int:  # noqa: ANN401
    """The index of what a walk over the items gave last."""
    return len(items) - length_hint(walk) - 1


def _are_themselves(item: Shape, data: Iterable[Any]) -> bool:
    """Tells at the speed of C whether all the data are read as what they are."""
    return item is ANYTHING or (bool(item.itself) and {*map(type, data)} <= item.itself)


def _plain(item: Shape) -> Callable[[Iterable[Any]], bool] | None:
    """Tells at the speed of C whether all values are themselves in every form; None where they never are."""
    if item is ANYTHING:
        return lambda _values: True
    if type(item) is Scalar:
        kinds = item.kinds
        return lambda values: {*map(type, values)} <= kinds
    if type(item) is Number:
        from math import isfinite

        return lambda values: {*map(type, values)} <= FLOATS and all(map(isfinite, values))
    return None
