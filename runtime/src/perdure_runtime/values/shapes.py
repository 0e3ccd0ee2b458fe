"""What an annotation makes of a value: one shape for each form a type can have.

A shape *writes* a value either as a payload, which the codec records and which may hold what the codec has tags for, or
as plain JSON; and it *reads* both forms back. Each accepts exactly the values that come back equal in type and value,
with two graces: a whole number for a float, and for reading whatever JSON has to say where it lacks the type.

`kinds` are the types of JSON data a shape reads, and are what takes unions apart. `made` are the types of the values it
writes; both together must be disjoint between the members of a union, or the annotation is ambiguous.
"""

from __future__ import annotations

import enum
from typing import Any, Protocol, TypeAlias

from perdure_runtime.values.codec import Rich, shown
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.unannotated import json_data

__all__ = [
    "ANYTHING",
    "Choice",
    "Constants",
    "Kinds",
    "Members",
    "Number",
    "Scalar",
    "Shape",
    "Text",
    "wrong",
]

NONE_TYPE = type(None)
Kinds: TypeAlias = frozenset[type]


class Shape(Protocol):
    """The form of the values of one type."""

    title: str
    """The type's name in messages."""
    kinds: Kinds
    made: Kinds

    def write(self, value: Any, *, plain: bool) -> object:  # noqa: ANN401  each shape knows its own type
        """`value` as JSON data where `plain`, else as a payload; raises `Unfit`."""
        ...

    def read(self, data: object) -> object:
        """The value that either form of it stands for; raises `Unfit`."""
        ...


def wrong(expected: str, found: object) -> Unfit:
    """The complaint about a value that is not of its type."""
    return Unfit(f"expected {expected}, found {shown(found)}")


class Anything:
    """No type: the value is left to the codec."""

    title = "anything"
    kinds: Kinds = frozenset({object})
    made: Kinds = frozenset({object})

    def write(self, value: object, *, plain: bool) -> object:
        return json_data(value) if plain else value

    def read(self, data: object) -> object:
        return data


ANYTHING: Shape = Anything()


class Scalar:
    """None, bool, int or str."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.title = "None" if kind is NONE_TYPE else kind.__name__
        self.kinds: Kinds = frozenset({kind})
        self.made = self.kinds

    def write(self, value: object, *, plain: bool) -> object:  # noqa: ARG002  the same in both forms
        return self.read(value)

    def read(self, data: object) -> object:
        if type(data) is not self.kind:
            raise wrong(self.title, data)
        return data


class Number:
    """A float, for which JSON from elsewhere may well say `1`."""

    title = "float"
    kinds: Kinds = frozenset({float, int})
    made: Kinds = frozenset({float, int})

    def write(self, value: object, *, plain: bool) -> object:  # noqa: ARG002  the same in both forms
        return self.read(value)

    def read(self, data: object) -> object:
        if type(data) is float:
            return data
        if type(data) is int:
            try:
                return float(data)
            except OverflowError:
                pass
        raise wrong("float", data)


class Text:
    """A type that JSON lacks and the codec has a tag for; plain JSON has it as text."""

    def __init__(self, rich: Rich) -> None:
        self.rich = rich
        self.title = rich.kind.__name__
        self.kinds: Kinds = frozenset({rich.kind, str})
        self.made: Kinds = frozenset({rich.kind})

    def write(self, value: object, *, plain: bool) -> object:
        if type(value) is not self.rich.kind:
            raise wrong(self.title, value)
        return self.rich.to_text(value) if plain else value

    def read(self, data: object) -> object:
        return data if type(data) is self.rich.kind else self.rich.read(data)


class Members:
    """An Enum, by the values of its members."""

    def __init__(self, kind: type[enum.Enum]) -> None:
        self.kind = kind
        self.title = kind.__qualname__
        self.kinds: Kinds = frozenset(type(member.value) for member in kind)
        self.made: Kinds = frozenset({kind})

    def write(self, value: object, *, plain: bool) -> object:  # noqa: ARG002  the same in both forms
        if not isinstance(value, self.kind):
            raise wrong(self.title, value)
        return value.value

    def read(self, data: object) -> object:
        if type(data) not in self.kinds:
            raise wrong(f"a value of {self.title}", data)
        try:
            return self.kind(data)
        except Exception as error:
            # The class may look missing values up itself, and complain as it likes.
            raise wrong(f"a value of {self.title}", data) from error


class Constants:
    """A Literal."""

    def __init__(self, values: tuple[object, ...]) -> None:
        self.values = frozenset((type(value), value) for value in values)
        self.title = " or ".join(repr(value) for value in values)
        self.kinds: Kinds = frozenset(type(value) for value in values)
        self.made = self.kinds

    def write(self, value: object, *, plain: bool) -> object:  # noqa: ARG002  the same in both forms
        return self.read(value)

    def read(self, data: object) -> object:
        if type(data) not in self.kinds or (type(data), data) not in self.values:
            raise wrong(self.title, data)
        return data


class Choice:
    """A union whose members are told apart by the type of what is there."""

    def __init__(self, by_made: dict[type, Shape], by_kind: dict[type, Shape], title: str) -> None:
        self.by_made = by_made
        self.by_kind = by_kind
        self.made: Kinds = frozenset(by_made)
        self.kinds: Kinds = frozenset(by_kind)
        self.title = title

    def write(self, value: object, *, plain: bool) -> object:
        shape = self.by_made.get(type(value))
        if shape is None:
            raise wrong(self.title, value)
        return shape.write(value, plain=plain)

    def read(self, data: object) -> object:
        shape = self.by_kind.get(type(data))
        if shape is None:
            raise wrong(self.title, data)
        return shape.read(data)
