"""Functions that a workflow hands over: what they are called, which options they carry, and their colour."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from perdure.functions import ChildOptions, Optioned, StepOptions
from perdure.names import default_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeGuard

    from perdure import Step

__all__ = [
    "PLAIN_CHILD",
    "check_colour",
    "check_serdes",
    "fits",
    "is_async",
    "is_step",
    "lasting",
    "name_of",
    "plain_child",
    "plain_step",
    "unwrapped",
]

PLAIN_STEP = StepOptions()
PLAIN_CHILD = ChildOptions()
COROUTINE = 0x80
"""The code flag of `async def`; `inspect` names it, but is too dear to import for it."""
MOST_LAYERS = 100


def plain_step(function: Any, called: str) -> tuple[Callable[..., Any], StepOptions]:  # noqa: ANN401  user code's
    """The function itself and its options as a step."""
    if is_step(function):
        return function.function, function.settings
    if isinstance(function, Optioned):
        raise TypeError(f"{called} takes a step or a plain function; {function!r} is run by ctx.run_in_child_context()")
    if not callable(function):
        raise TypeError(
            f"{called} takes a function and then its arguments, not a {type(function).__name__};"
            f" write {called[:-1]}fn, …) without calling fn"
        )
    return function, PLAIN_STEP


def plain_child(function: Any, called: str, *, is_async_workflow: bool) -> tuple[Callable[..., Any], ChildOptions]:  # noqa: ANN401
    """The function itself and its options as a child; raises TypeError for one of the other colour."""
    body, options = function, PLAIN_CHILD
    if isinstance(function, Optioned):
        if is_step(function):
            raise TypeError(f"{called} takes a function of a context, fn(ctx, …); {function!r} is run by ctx.step()")
        body, options = function.function, function.settings
    if not callable(body):
        raise TypeError(
            f"{called} takes a function fn(ctx, …), not a {type(body).__name__}; write fn without calling it"
        )
    check_colour(body, called, is_async_workflow=is_async_workflow)
    check_serdes(called, "serdes", options.serdes)
    return body, options


def is_step(function: object) -> TypeGuard[Step[..., Any]]:
    """Whether a function has the options of a step; those who made it so have imported what steps are."""
    return isinstance(function, Optioned) and function.kind == "step"


def check_colour(body: Callable[..., Any], called: str, *, is_async_workflow: bool) -> None:
    """Code with a context of its own has the workflow's colour."""
    if is_async(body) == is_async_workflow:
        return
    name = getattr(body, "__qualname__", type(body).__qualname__)
    if not is_async_workflow:
        raise TypeError(f"{called}: {name} is `async def`, and so must be the workflow that it is a part of")
    if not _may_return_a_coroutine(body):
        raise TypeError(f"{called}: {name} has to be `async def`, like the workflow that it is a part of")


def is_async(body: Callable[..., object]) -> bool:
    """Whether calling it gives a coroutine, as far as it can be told beforehand."""
    code = getattr(body, "__code__", None)
    if code is not None:
        return bool(code.co_flags & COROUTINE)
    import inspect

    return inspect.iscoroutinefunction(body) or inspect.iscoroutinefunction(type(body).__call__)


def unwrapped(function: Any) -> Any:  # noqa: ANN401  user code's
    """What a wrapper made with functools.wraps hides, and such a wrapper of that."""
    for _ in range(MOST_LAYERS):  # one may, by mistake, wrap itself
        if (inner := getattr(function, "__wrapped__", None)) is None:
            break
        function = inner
    return function


def fits(body: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a function takes these arguments; asked only when it raised TypeError."""
    import inspect

    try:
        inspect.signature(body).bind(*args, **kwargs)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell its signature
        return True
    return True


def check_serdes(called: str, what: str, serdes: object, result: object = None) -> None:
    """A serdes has two methods; and a value is read by a serdes or as a type, not both."""
    if serdes is None:
        return
    if not (callable(getattr(serdes, "serialize", None)) and callable(getattr(serdes, "deserialize", None))):
        raise TypeError(f"{called}: {what} has methods serialize and deserialize, unlike {serdes!r}")
    if result is not None:
        raise TypeError(f"{called}: {what} and result= both say how the result is read; give one of them")


def lasting(function: Any) -> Any:  # noqa: ANN401  user code's
    """What to remember a function by: each access to a method makes another object, and what is known holds for all."""
    return function.__func__ if type(function) is MethodType and type(function.__func__) is FunctionType else function


def name_of(given: str | None, option: str | None, function: object) -> str | None:
    """The name of an operation: as given at the call, by the function's options, or the function's own."""
    return given if given is not None else option or default_name(function)


def _may_return_a_coroutine(body: Callable[..., Any]) -> bool:
    """A lambda or a wrapper is not `async def` itself and may well hand on what is."""
    from functools import partial

    inner: Any = unwrapped(body)
    while isinstance(inner, partial):
        inner = inner.func
    return is_async(inner) or getattr(inner, "__name__", "<lambda>") == "<lambda>"
