"""Shapes of types with a fixed set of values: Enums, and Literals."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from math import isfinite
from typing import Any, cast

from perdure_runtime.values import jsontext
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import Inline, Kinds, Shape, wrong
from perdure_runtime.values.spelling import spelled
from perdure_runtime.values.tags import rich_types
from perdure_runtime.values.unannotated import json_data

__all__ = ["PLAIN", "Constants", "Members", "merged", "odd_constant"]

PLAIN: Kinds = frozenset({type(None), bool, int, str})


class Members(Shape):
    """An Enum, by the values of its members; a member whose value JSON lacks, by what JSON makes of it."""

    def __init__(self, kind: type[enum.Enum]) -> None:
        self.kind = kind
        self.title = spelled(kind)
        self.made = frozenset({kind})
        self.hashable = kind.__hash__ is not None
        members = list(kind)
        # Kept by the member, since its value need not be hashable; flags make members that are not listed.
        odd = [member for member in members if type(member.value) not in PLAIN | {float}]
        self._odd = {member.name: json_data(member.value) for member in odd}
        self._by_text = {jsontext.write(self._odd[member.name]): member for member in odd}
        data = [self._odd.get(member.name, member.value) for member in members]
        self.kinds = frozenset(type(value) for value in data)
        # orjson writes these as null: only the codec can store them, and only it can tell.
        self.open = any(type(value) is float and not isfinite(value) for value in data)
        self._table = {} if odd or self.open or len(self.kinds) != 1 else {member.value: member for member in members}

    @property
    def ambiguous(self) -> bool:
        """Whether two members look alike in JSON."""
        return len(self._by_text) != len(self._odd)

    def json(self, value: Any) -> object:  # noqa: ANN401  a member
        if type(value) is not self.kind and not isinstance(value, self.kind):
            raise wrong(self.title, value)
        return self._odd.get(value.name, value._value_)

    payload = json

    def read(self, data: object) -> object:
        if type(data) not in self.kinds:
            raise wrong(f"a value of {self.title}", data)
        try:
            if self._odd:
                member = self._by_text.get(jsontext.write(data))
                if member is not None:
                    return member
            return self.kind(data)
        except Exception as error:
            # The class may look missing values up itself, and complain as it likes.
            raise wrong(f"a value of {self.title}", data) from error

    def inline(self) -> Inline | None:
        if not self._table:
            return None
        (kind,) = self.kinds
        names = {"kind_{n}": self.kind, "members_{n}": self._table}
        known = "{x} is None" if kind is type(None) else f"type({{x}}) is {kind.__name__} and {{x}} in members_{{n}}"
        return Inline("type({x}) is kind_{n}", "{x}._value_", known, "members_{n}[{x}]", names)


class Constants(Shape):
    """A Literal: None, bool, int, str, bytes, and members of Enums by their values."""

    def __init__(self, values: tuple[object, ...]) -> None:
        self.values = values
        self.title = " or ".join(repr(value) for value in values)
        self._written = {(type(value), value): _data(value) for value in values}
        self._read = {(type(data), data): value for (_, value), data in self._written.items()}
        self.kinds = frozenset(kind for kind, _ in self._read)
        self.made = frozenset(kind for kind, _ in self._written)

    @property
    def ambiguous(self) -> bool:
        """Whether two of the values look alike in JSON."""
        return len(self._read) != len(self._written)

    def json(self, value: object) -> object:
        if type(value) not in self.made or (type(value), value) not in self._written:
            raise wrong(self.title, value)
        return self._written[type(value), value]

    payload = json

    def read(self, data: object) -> object:
        if type(data) not in self.kinds or (type(data), data) not in self._read:
            raise wrong(self.title, data)
        return self._read[type(data), data]

    @property
    def data(self) -> Iterable[object]:
        """What JSON has in place of the values."""
        return [data for _, data in self._read]


def merged(shapes: list[Constants]) -> Constants:
    """The Literals of a union as one."""
    return Constants(tuple(value for shape in shapes for value in shape.values))


def odd_constant(values: Iterable[object]) -> str:
    """What is wrong with the values of a Literal; empty if they can be served."""
    for value in values:
        if type(value) in PLAIN or type(value) is bytes:
            continue
        if isinstance(value, enum.Enum) and type(value.value) in PLAIN:
            continue
        return "a Literal holds None, bool, int, str, bytes, and members of Enums with such values"
    return ""


def _data(value: object) -> object:
    if isinstance(value, enum.Enum):
        return cast("object", value.value)
    if type(value) is bytes:
        return rich_types()[bytes].to_text(value)
    if type(value) not in PLAIN:  # pragma: no cover  odd_constant comes first
        raise Unfit("is no constant")
    return value
