"""Child contexts: functions whose operations are recorded in a room of their own.

A child function takes its own context first, `fn(ctx, …)`, and is run by `ctx.run_in_child_context(fn, …)`, or as a
branch of `ctx.parallel` or `ctx.map`. Any plain function of that shape is one; `child` gives it options. Once it is
over, its result stands in the history as a whole, and a replay does not go through its operations again.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from perdure.frozen import changed
from perdure.functions import UNSET, ChildOptions, Optioned, given
from perdure.generics import Generic

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, Protocol

    from perdure.codecs import Codec
    from perdure.serdes import Serdes

__all__ = ["Child", "child"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")


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
