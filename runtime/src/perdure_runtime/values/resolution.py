"""Annotations as objects: what the text of one, or the text inside one, stands for.

Under PEP 563 an annotation is text, on Python 3.14 it is not even evaluated until asked for, and inside `list["Order"]`
it is text anywhere. Each is resolved by itself, when it is needed: a name that only the type checker ever imports must
not hurt as long as only other parameters use it.

An alias that contains itself, `Json = list["Json"] | str`, has no end when it is written out. Where one is met, aliases
stay what they are, `Alias`es, and are resolved one by one by whoever knows those it is inside of.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

__all__ = ["Alias", "Unresolved", "annotations_of", "names_of_class", "names_of_function", "resolve"]


class Unresolved(Exception):
    """An annotation names something that is not there at run time."""

    def __init__(self, annotation: object, error: Exception) -> None:
        super().__init__(annotation, error)
        self.annotation = annotation
        self.error = error

    def __str__(self) -> str:
        text = self.annotation if isinstance(self.annotation, str) else repr(self.annotation)
        return (
            f"{text} cannot be resolved ({self.error}); what it names must be importable at run time,"
            " not only under TYPE_CHECKING"
        )


def annotations_of(owner: FunctionType | type) -> Mapping[str, object]:
    """The annotations of a function or class as they stand: text, objects, or references yet to be resolved."""
    if sys.version_info >= (3, 14):  # pragma: no cover  run on 3.14 only
        from annotationlib import Format, get_annotations

        return get_annotations(owner, format=Format.FORWARDREF)
    found: Mapping[str, object] = (
        vars(owner).get("__annotations__", {}) if isinstance(owner, type) else owner.__annotations__
    )
    return found


class Alias:
    """An alias by its name, so that it may be inside itself; the same as any other of the same type expression."""

    __slots__ = ("__name__", "_names", "_value")

    def __init__(self, name: str, value: object, names: Mapping[str, object]) -> None:
        self.__name__ = name
        self._value = value
        self._names = names

    def resolved(self) -> object:
        """What it stands for; aliases in it stay aliases."""
        return _evaluated(self._value, self._names, aliases_among(self._names), of_class=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alias) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)

    def __or__(self, other: Any) -> object:  # noqa: ANN401  any annotation
        return typing.Union[self, other]  # noqa: UP007  written by hand it would be this very method

    def __ror__(self, other: Any) -> object:  # noqa: ANN401
        return typing.Union[other, self]  # noqa: UP007

    def __getitem__(self, args: Any) -> object:  # noqa: ANN401
        raise TypeError(
            f"{self.__name__} takes parameters, and contains itself or text; make it with the `type` statement"
        )

    def __repr__(self) -> str:
        return self.__name__


def resolve(annotation: object, names: Mapping[str, object], *, of_class: bool = False) -> object:
    """`annotation` with every text in it replaced by what it names among `names`; in a class it may be `Final`."""
    found = _evaluated(annotation, names, None, of_class=of_class)
    if _has_text(found):  # what is left is inside of itself
        found = _evaluated(annotation, names, aliases_among(names), of_class=of_class)
    return None if found is type(None) else found


def aliases_among(names: Mapping[str, object]) -> dict[str, object]:
    """Those of `names` that name a type expression with text in it."""
    return {
        name: Alias(name, value, names)
        for name, value in names.items()
        if type(value).__module__ in {"types", "typing"} and _has_text(value)
    }


def _evaluated(
    annotation: object, names: Mapping[str, object], first: Mapping[str, object] | None, *, of_class: bool
) -> object:
    carrier = type("carrier", (), {}) if of_class else _carrier()
    local = None if first is None else {**names, **first}
    carrier.__annotations__ = {"it": _read(annotation, names, local)}
    try:
        found: object = typing.get_type_hints(carrier, dict(names), local, include_extras=True)["it"]
    except Exception as error:  # the text is the user's: anything may go wrong when it is evaluated
        raise Unresolved(annotation, error) from error
    return found


def _read(annotation: object, names: Mapping[str, object], local: Mapping[str, object] | None) -> object:
    """What the text of a whole annotation stands for; what is no text, or cannot be read, as it is.

    `typing` would read it, too, by `compile`, whose first call makes all classes of `ast`: a twelfth of a cold start.
    """
    if not isinstance(annotation, str):
        return annotation
    try:
        found: object = eval(annotation, dict(names), local)  # noqa: S307  an annotation is code
    except Exception:  # noqa: BLE001  the text is the user's; `typing` says what is wrong with it
        return annotation
    return found


def _has_text(annotation: object) -> bool:
    if isinstance(annotation, str | typing.ForwardRef):
        return True
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return False
    return any(map(_has_text, args[:1] if origin is typing.Annotated else args))


def names_of_function(function: FunctionType) -> dict[str, object]:
    """What the annotations of `function` may name: its module's globals, its closure, its type parameters."""
    names: dict[str, object] = dict(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    for parameter in getattr(function, "__type_params__", ()):  # pragma: no cover  Python 3.12
        names[parameter.__name__] = parameter
    return names


def names_of_class(owner: type) -> dict[str, object]:
    """What the annotations of fields may name that the class `owner` declares."""
    module = sys.modules.get(owner.__module__)
    parameters = {parameter.__name__: parameter for parameter in getattr(owner, "__type_params__", ())}
    # The module goes before the class: a field may have the name of its type, `date: date = …`.
    return {**vars(owner), **parameters, **(vars(module) if module else {}), owner.__name__: owner}


def _carrier() -> Callable[[], None]:
    def carrier() -> None:
        """Carry one annotation past `get_type_hints`, which takes only whole functions."""

    return carrier
