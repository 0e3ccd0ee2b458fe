"""Functions that carry options: what `step` and `child` make of a function.

Options belong to the function, not to the call, because all arguments of the call are the function's own. What is made
is still called like the function, which runs it with nothing durable about it, and that is how its unit tests call it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, ClassVar, Generic, ParamSpec, TypeVar

__all__ = ["UNSET", "Optioned", "given"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class _Unset:
    def __repr__(self) -> str:
        return "<as it is>"


UNSET: Any = _Unset()  # Any, so that it can be the default of a parameter of any type


class Optioned(Generic[P, R_co]):
    """A function together with how it is run."""

    kind: ClassVar[str]
    function: Callable[P, R_co]

    def __init__(self, function: Callable[P, R_co]) -> None:
        if not callable(function):
            raise TypeError(f"a {self.kind} is made of a function, not of {type(function).__name__}")
        if isinstance(function, Optioned):
            raise TypeError(f"a {self.kind} is made of a plain function, and this is a {function.kind} already")
        update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the function; nothing is recorded. Inside a workflow, hand it to an operation of `ctx` instead."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{self.kind} {getattr(self, '__qualname__', self.function)!s}>"


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Those of `options` that the caller gave."""
    return {name: option for name, option in options.items() if option is not UNSET}
