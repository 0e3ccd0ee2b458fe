"""Type parameters: what `T` is in the fields of `Box[int]`, and in those that `class Crate(Box[int])` inherits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, get_args, get_origin

__all__ = ["Bindings", "bindings", "substituted"]

Bindings: TypeAlias = dict[type, dict[object, object]]
"""For a class and each of its generic ancestors: what its parameters stand for."""


def bindings(kind: type, args: tuple[object, ...]) -> Bindings:
    """What the parameters of `kind[args]` and of its ancestors stand for."""
    found: Bindings = {}
    _bind(kind, args, found)
    return found


def _bind(kind: type, args: tuple[object, ...], found: Bindings) -> None:
    own = found[kind] = dict(zip(getattr(kind, "__parameters__", ()), args, strict=False))
    for parent in vars(kind).get("__orig_bases__", kind.__bases__):
        origin = get_origin(parent) or parent
        if isinstance(origin, type) and origin not in {Generic, Protocol, object}:
            _bind(origin, tuple(substituted(arg, own) for arg in get_args(parent)), found)


def substituted(annotation: Any, meaning: Mapping[object, object]) -> Any:  # noqa: ANN401  any annotation
    """`annotation` with what the parameters in it stand for; raises TypeError where that is nothing."""
    if isinstance(annotation, TypeVar):
        return meaning.get(annotation, annotation)
    parameters = getattr(annotation, "__parameters__", ())
    if not parameters or isinstance(annotation, type):  # a class stands for itself; its own parameters are not ours
        return annotation
    return annotation[tuple(meaning.get(parameter, parameter) for parameter in parameters)]
