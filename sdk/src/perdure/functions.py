"""Functions that carry options: what `step` and `child` make of a function.

Options belong to the function, not to the call, because all arguments of the call are the function's own. What is made
is still called like the function, which runs it with nothing durable about it, and that is how its unit tests call it.

A plain function has options, too: those that hold where nothing is said. So these stand apart from what makes steps
and children, which a workflow of plain functions never needs.
"""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar

from perdure.frozen import frozen
from perdure.generics import Generic
from perdure.names import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.codecs import Codec
    from perdure.retries import Retry
    from perdure.serdes import Serdes

__all__ = ["UNSET", "ChildOptions", "Optioned", "StepOptions", "given"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

LONGEST_SUBTYPE = 32


class _Unset:
    def __repr__(self) -> str:
        return "<as it is>"


UNSET: Any = _Unset()  # Any, so that it can be the default of a parameter of any type


class Optioned(Generic[P, R_co]):
    """A function together with how it is run."""

    kind: ClassVar[str]
    function: Callable[P, R_co]
    settings: Any  # the options of its kind

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


@frozen
class StepOptions:
    """How a step is run and recorded."""

    name: str | None = None
    """The name in the history; the function's own where none is given."""
    retry: Retry | None = None
    """None: `Retry.DEFAULT`, or no retry at all for a `once` step."""
    once: bool = False
    """At most once: an attempt whose outcome is unknown is not made again."""
    lazy: bool = False
    """For cheap work that may run again: the result travels with the next commit, and is made anew where it is lost."""
    serdes: Serdes[Any] | None = None
    """How the result is recorded, in place of the default."""
    codecs: tuple[Codec, ...] | None = None
    """What the recorded text goes through; the handler's codecs where none are given."""

    @property
    def policy(self) -> Retry:
        """The retry policy that holds."""
        if self.retry is not None:
            return self.retry
        from perdure.retries import Retry  # where an attempt has failed; most never do

        return Retry.NONE if self.once else Retry.DEFAULT


@frozen
class ChildOptions:
    """How a child context is run and recorded."""

    name: str | None = None
    """The name in the history; the function's own where none is given."""
    serdes: Serdes[Any] | None = None
    """How the result is recorded, in place of the default."""
    subtype: str | None = None
    """A kind of your own to be shown in the history: 1 to 32 letters, digits, hyphens and underscores."""
    on_error: Callable[[Exception], Exception] | None = None
    """Turns what the child failed with into what the caller sees, on the first run and on replay alike."""
    summary: Callable[[Any], str] | None = None
    """What to record of a result that is too large to be recorded itself; it is there for people to read."""
    virtual: bool = False
    """Leave no record of the context itself, only of the operations in it: it is gone through again at each replay."""
    codecs: tuple[Codec, ...] | None = None
    """What the recorded text of the result goes through; the handler's codecs where none are given."""

    def __post_init__(self) -> None:
        if self.name is not None:
            checked_name(self.name)
        if self.subtype is not None:
            _check_subtype(self.subtype)
        for name, what in (("on_error", "the exception"), ("summary", "the result")):
            choice = getattr(self, name)
            if choice is not None and not callable(choice):
                raise TypeError(f"{name} is a function of {what}, not {type(choice).__name__}")
        if self.codecs is not None:
            from perdure.codecs import checked_codecs

            object.__setattr__(self, "codecs", checked_codecs(self.codecs))  # a tuple, whatever was given


def _check_subtype(subtype: object) -> None:
    if not isinstance(subtype, str):
        raise TypeError(f"a subtype is a string, not {type(subtype).__name__}")
    plain = subtype.replace("-", "_").replace("_", "a")
    if not (plain.isascii() and plain.isalnum() and len(plain) <= LONGEST_SUBTYPE):
        raise ValueError(f"a subtype is 1 to 32 letters, digits, hyphens and underscores, not {subtype!r}")
