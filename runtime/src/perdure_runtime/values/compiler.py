"""Annotations to shapes.

A type that stands for another (an alias, a `NewType`, a parameter) is that other; what remains is looked up by what it
is made of: first the origin of a generic, then the class itself. A class with fields is met before its fields are, so
that it may contain itself.
"""

from __future__ import annotations

import collections.abc
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar, get_args, get_origin

from perdure_runtime.values.containers import Container, FixedTuple, Keyed, Pairs, SetOf
from perdure_runtime.values.keys import key_form
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.resolution import Alias, Unresolved
from perdure_runtime.values.shapes import ANYTHING, SERVED, Number, Scalar, Shape, Unserved

__all__ = ["Compiler"]

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
    typing.LiteralString: lambda: Scalar(str),
}
ITERABLES: dict[object, Callable[[Shape], Shape]] = {
    list: lambda item: Container(list, item),
    collections.abc.Sequence: lambda item: Container(list, item),
    collections.abc.MutableSequence: lambda item: Container(list, item),
    set: lambda item: SetOf(set, item),
    collections.abc.Set: lambda item: SetOf(set, item),
    collections.abc.MutableSet: lambda item: SetOf(set, item),
    frozenset: lambda item: SetOf(frozenset, item),
}
DICTS = frozenset({dict, collections.abc.Mapping, collections.abc.MutableMapping})
UNIONS: Final = frozenset({typing.Union, types.UnionType})
# By name: typing_extensions has its own of some, and older Pythons lack some.
QUALIFIERS: Final = frozenset({"Final", "ReadOnly", "Required", "NotRequired"})


ENDLESS = "the alias contains itself, and nothing around that"
Parts = TypeVar("Parts")
TEXT = (
    "it is text, and nothing here tells what it names; say the type itself (one that contains itself is a class, or"
    " made with the `type` statement of Python 3.12)"
)


class Compiler:
    """One compilation; it knows the classes and aliases it is inside of, which may contain themselves."""

    def __init__(self) -> None:
        self.known: dict[object, Shape] = {}
        self.me: object = None
        """The class whose fields are being compiled, which is what they mean by `Self`."""

    def shape_of(self, annotation: object, place: str) -> Shape:  # noqa: C901  the table of what annotations are
        """The shape of the values of one annotation, found at `place`."""
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is typing.Annotated or getattr(origin, "_name", None) in QUALIFIERS:
            return self.shape_of(args[0], place)
        if _is_hashable(annotation):
            if annotation in SIMPLE:
                return SIMPLE[annotation]()
            if annotation in self.known:
                return self.known[annotation]
        if origin in UNIONS:
            return self._union(args, annotation, place)
        if origin is typing.Literal:
            return self._literal(annotation, place)
        made_of = annotation if origin is None else origin
        if not _is_hashable(made_of):
            raise Unserved(annotation, place, SERVED)
        if made_of in ITERABLES:
            return self._iterable(made_of, args, annotation, place)
        batch = _batch_shape(made_of)
        if batch is not None:
            return batch(self._item(args, place))
        if made_of in DICTS:
            return self._dict(args, annotation, place)
        if made_of is tuple:
            return self._tuple(annotation, place)
        if isinstance(made_of, type):
            from perdure_runtime.values.classes import shape_of_class

            return shape_of_class(self, made_of, args, annotation, place)
        return self._stand_in(made_of, args, annotation, place)

    def inside(self, kind: object, compiled: Callable[[], Parts]) -> Parts:
        """What is compiled of the fields of `kind`, which is what they mean by `Self`."""
        around, self.me = self.me, kind
        try:
            return compiled()
        finally:
            self.me = around

    def _stand_in(self, made_of: Any, args: tuple[Any, ...], annotation: object, place: str) -> Shape:  # noqa: ANN401
        """What stands for something else."""
        if isinstance(made_of, TypeVar):
            if made_of.__constraints__:
                raise Unserved(annotation, place, "which of its constraints holds is not known at run time")
            default = getattr(made_of, "__default__", None)  # Python 3.13
            if default is not None and getattr(made_of, "has_default", bool)():  # pragma: no cover
                return self.shape_of(default, place)
            return ANYTHING if made_of.__bound__ is None else self.shape_of(made_of.__bound__, place)
        if isinstance(made_of, typing.NewType):
            return self.shape_of(made_of.__supertype__, place)
        if made_of is typing.Self:
            if self.me is None:
                raise Unserved(annotation, place, "it is a class only in that class's own fields; name the class")
            return self.known[self.me]
        if _is_alias(made_of):
            return self._once(annotation, place, lambda: self.shape_of(self._resolved(made_of, args, place), place))
        if isinstance(made_of, str | typing.ForwardRef):
            text = made_of if isinstance(made_of, str) else made_of.__forward_arg__
            raise Unserved(text, place, TEXT)
        raise Unserved(annotation, place, SERVED)

    def _once(self, annotation: object, place: str, compiled: Callable[[], Shape]) -> Shape:
        """What is compiled, known meanwhile: it may be inside itself."""
        from perdure_runtime.values.spelling import spelled

        later = self.known[annotation] = Later(spelled(annotation))
        try:
            shape = compiled()
            later.fill(shape)
        except _TooEarly:
            raise Unserved(annotation, place, ENDLESS) from None
        self.known[annotation] = shape
        return shape

    def _resolved(self, alias: Any, args: tuple[Any, ...], place: str) -> object:  # noqa: ANN401
        """What an `Alias` stands for, or one that the `type` statement made."""
        if isinstance(alias, Alias):
            try:
                return alias.resolved()
            except Unresolved as refusal:
                raise Unserved(alias, place, str(refusal)) from None
        from perdure_runtime.values.generics import substituted

        found: object = substituted(alias.__value__, dict(zip(alias.__type_params__, args, strict=False)))
        return found

    def _item(self, args: tuple[Any, ...], place: str) -> Shape:
        return self.shape_of(args[0], f"{place}[…]") if args else ANYTHING

    def _iterable(self, made_of: object, args: tuple[Any, ...], annotation: object, place: str) -> Shape:
        item = self._item(args, place)
        shape = ITERABLES[made_of](item)
        if isinstance(shape, SetOf) and not item.hashable:
            raise Unserved(annotation, place, f"a set cannot hold {item.title}, which is not hashable")
        return shape

    def _dict(self, args: tuple[Any, ...], annotation: object, place: str) -> Shape:
        if not args:
            return Keyed(ANYTHING)
        key, item = self.shape_of(args[0], f"{place} (keys)"), self.shape_of(args[1], f"{place}[…]")
        if key is ANYTHING or (isinstance(key, Scalar) and key.kind is str):
            return Keyed(item)
        if not key.hashable:
            raise Unserved(annotation, place, f"a key cannot be {key.title}, which is not hashable")
        form = key_form(key)
        return Pairs(key, item) if form is None else Keyed(item, form)

    def _tuple(self, annotation: object, place: str) -> Shape:
        args = get_args(annotation)
        if not args and get_origin(annotation) is None:
            return Container(tuple, ANYTHING)
        if len(args) == 2 and args[1] is ...:  # noqa: PLR2004  tuple[T, ...]
            return Container(tuple, self.shape_of(args[0], f"{place}[…]"))
        if any(_is_unpacked(item) for item in args):
            raise Unserved(annotation, place, "of a tuple, either all items or none may be any number of a type")
        return FixedTuple(tuple(self.shape_of(item, f"{place}[{index}]") for index, item in enumerate(args)))

    def _literal(self, annotation: object, place: str) -> Shape:
        from perdure_runtime.values.constants import Constants, odd_constant

        values = get_args(annotation)
        odd = odd_constant(values)
        if odd:
            raise Unserved(annotation, place, odd)
        constants = Constants(values)
        if constants.ambiguous:
            raise Unserved(annotation, place, "two of its values are the same in JSON")
        return constants

    def _union(self, args: tuple[Any, ...], annotation: object, place: str) -> Shape:
        members = tuple(dict.fromkeys(self._members(args, annotation, place)))
        if members == args:
            return self._choice(args, annotation, place)
        return self._once(annotation, place, lambda: self._choice(members, annotation, place))

    def _choice(self, members: tuple[object, ...], annotation: object, place: str) -> Shape:
        from perdure_runtime.values.spelling import spelled
        from perdure_runtime.values.unions import Arm, union_of

        names = [spelled(member) for member in members]
        if len({*names}) < len(names):  # classes of the same name
            names = [spelled(member, full=True) for member in members]
        arms = [Arm(name, self.shape_of(member, place)) for name, member in zip(names, members, strict=True)]
        if any(arm.shape is ANYTHING for arm in arms):
            return ANYTHING
        try:
            return union_of(arms)
        except Unfit as unfit:
            raise Unserved(annotation, place, unfit.reason) from None

    def _members(
        self, args: tuple[Any, ...], annotation: object, place: str, within: tuple[object, ...] = ()
    ) -> Iterator[object]:
        """The members of a union, those that its aliases stand for in their place."""
        for member in args:
            alias = get_origin(member) or member
            if alias is typing.Annotated:
                yield from self._members(get_args(member)[:1], annotation, place, within)
            elif not _is_alias(alias):
                yield member
            elif member in within:
                raise Unserved(annotation, place, ENDLESS)
            else:
                found = self._resolved(alias, get_args(member), place)
                inner = get_args(found) if get_origin(found) in UNIONS else (found,)
                yield from self._members(inner, annotation, place, (*within, member))


def _is_alias(annotation: object) -> bool:
    return isinstance(annotation, Alias) or type(annotation).__name__ == "TypeAliasType"


def _batch_shape(annotation: object) -> Callable[[Shape], Shape] | None:
    """What makes the shape of a batch, or of its item, from that of its results; None for what is neither."""
    home = sys.modules.get("perdure.batches")  # whoever says Batch has imported it
    if home is None or annotation not in {home.Batch, home.BatchItem}:
        return None
    from perdure_runtime.values.batchshape import BatchItemShape, BatchShape

    return BatchShape if annotation is home.Batch else BatchItemShape


def _is_unpacked(item: object) -> bool:
    """Whether it stands for any number of items: `*tuple[str, ...]`, in either spelling."""
    return getattr(item, "__unpacked__", False) is True or get_origin(item) is typing.Unpack


def _is_hashable(annotation: object) -> bool:
    try:
        hash(annotation)
    except TypeError:  # Annotated[int, []], or a generic with that inside
        return False
    return True


class _TooEarly(Exception):
    """An alias is asked for what it is while that is still being found out."""


class Later(Shape):
    """An alias inside itself."""

    def __init__(self, title: str) -> None:
        self.title = title

    def fill(self, shape: Shape) -> None:
        """Say what it stands for."""
        self.parts = (shape,)
        self.kinds, self.made, self.hashable = shape.kinds, shape.made, shape.hashable

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  kinds or made, before there are any
        raise _TooEarly(name)

    def payload(self, value: Any) -> Any:  # noqa: ANN401
        return self.parts[0].payload(value)

    def json(self, value: Any) -> Any:  # noqa: ANN401
        return self.parts[0].json(value)

    def read(self, data: Any) -> object:  # noqa: ANN401
        return self.parts[0].read(data)
