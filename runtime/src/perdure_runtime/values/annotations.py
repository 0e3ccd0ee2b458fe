"""The one seam between Python's types and recorded values: annotations, compiled to converters.

The event, the results of handlers and of steps go through here, and nothing else decides what a value becomes. A value
has two forms on the way out: the *payload*, which the codec records and which keeps everything the codec has a tag for,
and *plain JSON*, which whoever invoked the function reads. Both read back as the annotated type.

An annotation that cannot be served is refused when the function is first met, before anything is done for it.
"""

from __future__ import annotations

import collections.abc
import enum
import types
import typing
from collections.abc import Callable, Hashable
from dataclasses import dataclass, is_dataclass
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

from perdure.errors import HandlerRefused
from perdure_runtime.values.codec import rich_types
from perdure_runtime.values.containers import Container, FixedTuple, Keyed
from perdure_runtime.values.paths import ROOT, reported
from perdure_runtime.values.records import Record, init_only
from perdure_runtime.values.resolution import Unresolved, names_of_class, resolve
from perdure_runtime.values.shapes import (
    ANYTHING,
    Choice,
    Constants,
    Members,
    Number,
    Scalar,
    Shape,
    Text,
)

__all__ = ["Converter", "converter"]

SERVED = (
    "served are None, bool, int, float, str, list, tuple and dict of them, Literal, unions that JSON can tell apart,"
    " dataclasses, Enums, datetime, date, Decimal, UUID and bytes; annotate Any and convert it yourself, or give the"
    " step a serdes="
)
SIMPLE: dict[object, Callable[[], Shape]] = {
    None: lambda: Scalar(type(None)),
    type(None): lambda: Scalar(type(None)),
    bool: lambda: Scalar(bool),
    int: lambda: Scalar(int),
    str: lambda: Scalar(str),
    float: Number,
    Any: lambda: ANYTHING,
    object: lambda: ANYTHING,
    typing.Never: lambda: ANYTHING,
    typing.NoReturn: lambda: ANYTHING,
}
LISTS = frozenset({list, collections.abc.Sequence, collections.abc.MutableSequence})
DICTS = frozenset({dict, collections.abc.Mapping, collections.abc.MutableMapping})
CONSTANTS = frozenset({type(None), bool, int, str})


@dataclass(frozen=True, slots=True)
class Converter:
    """An annotation at work."""

    shape: Shape

    @property
    def identity(self) -> bool:
        """Whether there is nothing to convert and nothing to check."""
        return self.shape is ANYTHING

    def to_payload(self, value: object, *, root: str = ROOT) -> object:
        """`value` as the codec takes it; raises `SerdesError` for one that is not of the annotated type."""
        if self.identity:
            return value
        with reported(root):
            return self.shape.write(value, plain=False)

    def to_json(self, value: object, *, root: str = ROOT) -> object:
        """`value` as plain JSON data; raises `SerdesError` for one that is not of the annotated type."""
        with reported(root):
            return self.shape.write(value, plain=True)

    def from_payload(self, data: object, *, root: str = ROOT) -> object:
        """The value that a decoded payload, or plain JSON data, stands for; raises `SerdesError`."""
        if self.identity:
            return data
        with reported(root):
            return self.shape.read(data)


def converter(annotation: object, *, owner: str) -> Converter:
    """The converter of `annotation`; raises `HandlerRefused` in the name of `owner` for one that cannot be served."""
    try:
        try:
            return _compiled(annotation)
        except TypeError:  # not hashable: Annotated[int, []]
            return _compile(annotation)
    except _Unserved as refusal:
        raise HandlerRefused(owner, str(refusal)) from None


class _Unserved(Exception):
    """An annotation, or one inside it, that has no shape."""

    def __init__(self, annotation: object, place: str, reason: str) -> None:
        where = f" of {place}" if place else ""
        super().__init__(f"the annotation {_titled(annotation)}{where} cannot be served: {reason}")


def _compile(annotation: object) -> Converter:
    return Converter(_Compiler().shape_of(annotation, ""))


_compiled = lru_cache(maxsize=1024)(_compile)


class _Compiler:
    """One compilation; it knows the dataclasses it is inside of, which may contain themselves."""

    def __init__(self) -> None:
        self.records: dict[type, Record] = {}
        self.aliases: list[object] = []

    def shape_of(self, annotation: object, place: str) -> Shape:
        """The shape of the values of one annotation, found at `place`."""
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is typing.Annotated:
            return self.shape_of(args[0], place)
        if origin is typing.Union or origin is types.UnionType:
            return self._union(annotation, place)
        if origin is typing.Literal:
            return self._literal(annotation, place)
        if origin is None and not isinstance(annotation, Hashable):
            raise _Unserved(annotation, place, SERVED)
        container = origin if origin is not None else annotation
        if container in LISTS:
            return Container(list, self.shape_of(args[0], f"{place}[…]") if args else ANYTHING)
        if container in DICTS:
            return self._keyed(annotation, place)
        if container is tuple:
            return self._tuple(annotation, place)
        if origin is not None:
            reason = "it is a dataclass with type parameters" if is_dataclass(origin) else SERVED
            raise _Unserved(annotation, place, reason)
        return self._named(annotation, place)

    def _named(self, annotation: object, place: str) -> Shape:
        """A type, or something that stands for one."""
        simple = SIMPLE.get(annotation)
        if simple is not None:
            return simple()
        if isinstance(annotation, TypeVar):
            if annotation.__constraints__:
                raise _Unserved(annotation, place, "which of its constraints holds is not known at run time")
            return ANYTHING if annotation.__bound__ is None else self.shape_of(annotation.__bound__, place)
        if isinstance(annotation, typing.NewType):
            return self.shape_of(annotation.__supertype__, place)
        if type(annotation).__name__ == "TypeAliasType":  # pragma: no cover  Python 3.12
            return self._alias(annotation, place)
        if not isinstance(annotation, type):
            raise _Unserved(annotation, place, SERVED)
        if issubclass(annotation, enum.Enum):
            return self._enum(annotation, place)
        if is_dataclass(annotation):
            return self._record(annotation, place)
        rich = rich_types().get(annotation)
        if rich is None:
            raise _Unserved(annotation, place, SERVED)
        return Text(rich)

    def _alias(self, annotation: Any, place: str) -> Shape:  # noqa: ANN401  # pragma: no cover  Python 3.12
        if annotation in self.aliases:
            raise _Unserved(annotation, place, "the alias contains itself")
        self.aliases.append(annotation)
        try:
            return self.shape_of(annotation.__value__, place)
        finally:
            self.aliases.pop()

    def _keyed(self, annotation: object, place: str) -> Shape:
        args = get_args(annotation)
        if not args:
            return Keyed(ANYTHING)
        key = self.shape_of(args[0], f"{place} (keys)")
        if not key.made <= {str, object}:
            raise _Unserved(annotation, place, "the keys of a stored dict are strings")
        return Keyed(self.shape_of(args[1], f"{place}[…]"))

    def _tuple(self, annotation: object, place: str) -> Shape:
        args = get_args(annotation)
        if not args and get_origin(annotation) is None:
            return Container(tuple, ANYTHING)
        if len(args) == 2 and args[1] is ...:  # noqa: PLR2004  tuple[T, ...]
            return Container(tuple, self.shape_of(args[0], f"{place}[…]"))
        return FixedTuple(tuple(self.shape_of(item, f"{place}[{index}]") for index, item in enumerate(args)))

    def _literal(self, annotation: object, place: str) -> Shape:
        values = get_args(annotation)
        if not {type(value) for value in values} <= CONSTANTS:
            raise _Unserved(annotation, place, "a Literal holds None, bool, int or str")
        return Constants(values)

    def _union(self, annotation: object, place: str) -> Shape:
        shapes = [self.shape_of(member, place) for member in get_args(annotation)]
        if any(shape is ANYTHING for shape in shapes):
            return ANYTHING
        by_made: dict[type, Shape] = {}
        by_kind: dict[type, Shape] = {}
        # Numbers last: where a member reads int as int, float leaves it alone.
        for shape in sorted(shapes, key=lambda shape: isinstance(shape, Number)):
            for table, found in ((by_made, shape.made), (by_kind, shape.kinds)):
                for kind in found:
                    other = table.setdefault(kind, shape)
                    if other is not shape and not isinstance(shape, Number):
                        both = f"{other.title} and {shape.title}"
                        raise _Unserved(annotation, place, f"JSON cannot tell {both} apart")
        return Choice(by_made, by_kind, " or ".join(shape.title for shape in shapes))

    def _enum(self, annotation: type[enum.Enum], place: str) -> Shape:
        members = list(annotation)
        odd = [member for member in members if type(member.value) not in CONSTANTS | {float}]
        if odd:
            raise _Unserved(annotation, place, f"the value of {odd[0].name} is not None, bool, int, float or str")
        if not members:
            raise _Unserved(annotation, place, "it has no members")
        return Members(annotation)

    def _record(self, annotation: type, place: str) -> Shape:
        known = self.records.get(annotation)
        if known is not None:
            return known
        passing = init_only(annotation)
        if passing:
            raise _Unserved(annotation, place, f"{passing[0]!r} is an InitVar, which cannot be read back")
        record = self.records[annotation] = Record(annotation)

        def shape_of(field: Any) -> Shape:  # noqa: ANN401  dataclasses types it by the field's own type
            where = f"{annotation.__qualname__}.{field.name}"
            try:
                resolved = resolve(field.type, names_of_class(annotation, field))
            except Unresolved as refusal:
                raise _Unserved(field.type, where, str(refusal)) from None
            return self.shape_of(resolved, where)

        record.fill(shape_of)
        return record


def _titled(annotation: object) -> str:
    if isinstance(annotation, str):
        return annotation
    return annotation.__qualname__ if isinstance(annotation, type) and not get_args(annotation) else repr(annotation)
