"""Child contexts: functions whose operations are recorded in a room of their own.

A child function takes its own context first, `fn(ctx, …)`, and is run by `ctx.run_in_child_context(fn, …)`, or as a
branch of `ctx.parallel` or `ctx.map`. Any plain function of that shape is one; `child` gives it options. Once it is
over, its result stands in the history as a whole, and a replay does not go through its operations again.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from perdure.frozen import changed, frozen
from perdure.functions import UNSET, Optioned, given
from perdure.names import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, Protocol

    from perdure.codecs import Codec
    from perdure.serdes import Serdes

__all__ = ["Child", "ChildOptions", "child"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")

LONGEST_SUBTYPE = 32


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


PLAIN = ChildOptions()
"""Those of a plain function."""


def _check_subtype(subtype: object) -> None:
    if not isinstance(subtype, str):
        raise TypeError(f"a subtype is a string, not {type(subtype).__name__}")
    plain = subtype.replace("-", "_").replace("_", "a")
    if not (plain.isascii() and plain.isalnum() and len(plain) <= LONGEST_SUBTYPE):
        raise ValueError(f"a subtype is 1 to 32 letters, digits, hyphens and underscores, not {subtype!r}")


class Child(Optioned[P, R_co], Generic[P, R_co]):
    """A function together with how it is run as a child context; made by `child`.

    Its first parameter is the context it gets, of the workflow's own colour.
    """

    kind = "child"
    settings: ChildOptions

    def __init__(self, function: Callable[P, R_co], settings: ChildOptions) -> None:
        super().__init__(function)
        self.settings = settings

    @overload
    def __get__(self, instance: None, owner: type, /) -> Child[P, R_co]: ...
    @overload
    def __get__(self: Child[Concatenate[S, Q], R_co], instance: S, owner: type | None = None, /) -> Child[Q, R_co]: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> Any:
        """A child that is defined in a class is a method: through an instance, it has that instance bound."""
        return self if instance is None else Child(MethodType(self.function, instance), self.settings)

    def options(
        self: Child[P, R],
        *,
        name: str | None = UNSET,
        serdes: Serdes[R] | None = UNSET,
        subtype: str | None = UNSET,
        on_error: Callable[[Exception], Exception] | None = UNSET,
        summary: Callable[[R], str] | None = UNSET,
        virtual: bool = UNSET,
        codecs: tuple[Codec, ...] | None = UNSET,
    ) -> Child[P, R]:
        """A copy with other options; what is not given stays as it is."""
        changes = given(
            {
                "name": name,
                "serdes": serdes,
                "subtype": subtype,
                "on_error": on_error,
                "summary": summary,
                "virtual": virtual,
                "codecs": codecs,
            }
        )
        return Child(self.function, changed(self.settings, **changes))


if TYPE_CHECKING:

    class ChildDecorator(Protocol):
        """What `child(…)` returns when it is given options only."""

        def __call__(self, fn: Callable[P, R], /) -> Child[P, R]:
            """The function as a child context."""
            ...


@overload
def child(
    fn: Callable[P, R],
    /,
    *,
    name: str | None = None,
    serdes: Serdes[Any] | None = None,
    subtype: str | None = None,
    on_error: Callable[[Exception], Exception] | None = None,
    summary: Callable[[Any], str] | None = None,
    virtual: bool = False,
    codecs: tuple[Codec, ...] | None = None,
) -> Child[P, R]: ...
@overload
def child(
    *,
    name: str | None = None,
    serdes: Serdes[Any] | None = None,
    subtype: str | None = None,
    on_error: Callable[[Exception], Exception] | None = None,
    summary: Callable[[Any], str] | None = None,
    virtual: bool = False,
    codecs: tuple[Codec, ...] | None = None,
) -> ChildDecorator: ...
def child(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    serdes: Serdes[Any] | None = None,
    subtype: str | None = None,
    on_error: Callable[[Exception], Exception] | None = None,
    summary: Callable[[Any], str] | None = None,
    virtual: bool = False,
    codecs: tuple[Codec, ...] | None = None,
) -> Child[..., Any] | ChildDecorator:
    """Give a function of a context options as a child: a decorator, or `child(fn, name=…)` for one call."""
    settings = ChildOptions(name, serdes, subtype, on_error, summary, virtual, codecs)

    def decorate(function: Callable[P, R], /) -> Child[P, R]:
        return Child(function.function if isinstance(function, Child) else function, settings)

    return decorate if fn is None else decorate(fn)
