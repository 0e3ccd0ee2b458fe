"""Which annotations of a function matter: that of the event, and that of the result.

The function may be wrapped: by `functools.partial`, by a decorator that used `functools.wraps`, by an instance, by the
object of a class with `__call__`. What is asked of the whole is found in the innermost function, counted past the
arguments that are given already. Only what is asked for is resolved.
"""

from __future__ import annotations

import collections.abc
import sys
from functools import partial
from types import FunctionType, MethodType
from typing import Any, get_args, get_origin

from perdure.errors import HandlerRefused
from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.resolution import Unresolved, annotations_of, names_of_function, resolve

__all__ = ["Types", "event_type", "result_type", "says_nothing", "signature_types"]

ANNOTATIONS_ARE_MADE = sys.version_info >= (3, 14)
"""Whether they are made where they are asked for, by running code of the user's."""
MOST_LAYERS = 100
AWAITED: dict[object, int] = {collections.abc.Awaitable: 0, collections.abc.Coroutine: 2}
"""What an awaitable's result is among its type arguments."""


class Types(NamedTuple):
    """The types of what goes into a handler and of what comes out; Any where nothing is said."""

    event: object
    result: object


class _Core(NamedTuple):
    """A function freed of its wrappers."""

    function: FunctionType
    given: int
    """Positional parameters that have their argument already."""
    keywords: frozenset[str]


def signature_types(function: object, *, owner: str = "") -> Types:
    """The types of a handler's event and result; raises `HandlerRefused` where one of them cannot be resolved."""
    return Types(event_type(function, owner=owner), result_type(function, owner=owner))


def event_type(function: object, *, owner: str = "") -> object:
    """The type of the first argument that `function` is called with."""
    core = _core_of(function)
    if core is None:
        return Any
    plain, given, keywords = core
    code = plain.__code__
    names = [name for name in code.co_varnames[: code.co_argcount][given:] if name not in keywords]
    return _resolved(core, names[0], f"parameter {names[0]!r}", owner) if names else Any


def says_nothing(function: object) -> bool:
    """Whether a function surely has no annotations, and hides none: a lambda, most of the time."""
    if type(function) is not FunctionType or hasattr(function, "__wrapped__"):
        return False
    return not (ANNOTATIONS_ARE_MADE and function.__annotate__) and not function.__annotations__  # type: ignore[attr-defined]


def result_type(function: object, *, owner: str = "") -> object:
    """The type of what `function` returns, or, if it is asynchronous, of what awaiting that gives."""
    if isinstance(function, type):
        return function
    core = _core_of(function)
    if core is None:
        return Any
    found = _resolved(core, "return", "the result", owner)
    position = AWAITED.get(get_origin(found))
    return found if position is None else get_args(found)[position]


def _resolved(core: _Core, name: str, place: str, owner: str) -> object:
    function, _, _ = core
    annotations = annotations_of(function)
    if name not in annotations:
        return Any
    try:
        return resolve(annotations[name], names_of_function(function))
    except Unresolved as refusal:
        raise HandlerRefused(owner or function.__qualname__, f"the annotation of {place}, {refusal}") from None


def _core_of(function: object) -> _Core | None:
    """What there is to read; None for what has no Python signature, such as a builtin."""
    given, keywords = 0, frozenset[str]()
    for _ in range(MOST_LAYERS):  # a wrapper may, by mistake, wrap itself
        if isinstance(function, partial):
            given += len(function.args)
            keywords |= function.keywords.keys()
            function = function.func
        elif isinstance(function, MethodType):  # before __wrapped__, which it passes on from its function
            given += 1
            function = function.__func__
        elif (inner := getattr(function, "__wrapped__", None)) is not None:
            function = inner
        elif isinstance(function, FunctionType):
            return _Core(function, given, keywords)
        else:
            from inspect import getattr_static  # an object of a class of the user's: rare, and dear to import for

            call = getattr_static(type(function), "__call__", None)
            if isinstance(function, type) or not isinstance(call, FunctionType):
                return None
            given += 1
            function = call
    return None
