"""What to do about a value that cannot be stored, told by what it is: the last part of the message about it.

Nothing of this is imported before there is such a message.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from perdure.errors import HandlerRefused
from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.shapes import Shape
from perdure_runtime.values.spelling import spelled

__all__ = ["advice", "own_shape"]

SERDES = "or give the function a serdes= of your own"
BUILTINS = (dict, list, tuple, str, bytes, int, float)


class Row(NamedTuple):
    """One kind of value, and what helps with it."""

    holds: Callable[[Any], bool]
    told: Callable[[Any], str]


def advice(value: object) -> str:
    """What whoever returned `value` may do instead."""
    return next(row.told(value) for row in ROWS if row.holds(value))


def own_shape(value: object) -> Shape | None:
    """What the type of `value` would be as an annotation; None for a type that cannot be served."""
    from perdure_runtime.values.annotations import converter

    try:
        found = converter(type(value), owner="")
    except HandlerRefused:
        return None
    return None if found.identity else found.shape


def _is_series(value: object) -> bool:
    return isinstance(value, Iterator | range | type({}.values()) | AbstractSet)


def _has_list(value: object) -> bool:
    return callable(getattr(type(value), "tolist", None))


ROWS = (
    Row(inspect.isawaitable, lambda _: "await it, and return what that gives"),
    Row(
        lambda value: isinstance(value, type) or callable(value),
        lambda _: "functions and classes are not stored: return data instead, such as a name",
    ),
    Row(
        lambda value: isinstance(value, BaseException),
        lambda _: "raise it, which records it as the failure, or return what it says",
    ),
    Row(
        lambda value: own_shape(value) is not None,
        lambda value: f"annotate the return type of the function, down to this {spelled(type(value))}, {SERDES}",
    ),
    Row(_has_list, lambda _: f"return its tolist(), {SERDES}"),
    Row(_is_series, lambda _: "return a list of what it gives: list(…)"),
    Row(
        lambda value: isinstance(value, BUILTINS),
        lambda value: f"return a plain {_builtin(value)} of it: {_builtin(value)}(…)",
    ),
    Row(lambda _: True, lambda _: f"return data instead, and make the object of it where you need it, {SERDES}"),
)
"""The first that holds is told."""


def _builtin(value: object) -> str:
    return next(kind.__name__ for kind in BUILTINS if isinstance(value, kind))
