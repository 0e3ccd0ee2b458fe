"""Steps: plain functions whose outcome is recorded.

Any function is a step where `ctx.step(fn, …)` runs it; a `Step` is one with options, made by `step`. Its body runs
until it returns or its retries are used up, and from then on the history answers in its place.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from perdure.frozen import changed
from perdure.functions import UNSET, Optioned, StepOptions, given
from perdure.generics import Generic
from perdure.names import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, Protocol, TypeAlias

    from perdure.codecs import Codec
    from perdure.retries import Decision, Retry
    from perdure.serdes import Serdes

    RetryChoice: TypeAlias = Retry | Callable[[BaseException, int], Decision]

__all__ = ["Step", "step"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
S = TypeVar("S")


class Step(Optioned[P, R_co], Generic[P, R_co]):
    """A function together with how it is run as a step; made by `step`."""

    kind = "step"
    settings: StepOptions

    def __init__(self, function: Callable[P, R_co], settings: StepOptions) -> None:
        super().__init__(function)
        self.settings = settings

    @overload
    def __get__(self, instance: None, owner: type, /) -> Step[P, R_co]: ...
    @overload
    def __get__(self: Step[Concatenate[S, Q], R_co], instance: S, owner: type | None = None, /) -> Step[Q, R_co]: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> Any:
        """A step that is defined in a class is a method: through an instance, it has that instance bound."""
        return self if instance is None else Step(MethodType(self.function, instance), self.settings)

    def options(
        self: Step[P, R],
        *,
        name: str | None = UNSET,
        retry: RetryChoice | None = UNSET,
        once: bool = UNSET,
        lazy: bool = UNSET,
        serdes: Serdes[R] | None = UNSET,
        codecs: tuple[Codec, ...] | None = UNSET,
    ) -> Step[P, R]:
        """A copy with other options; what is not given stays as it is."""
        changes = given({"name": name, "retry": retry, "once": once, "lazy": lazy, "serdes": serdes, "codecs": codecs})
        return Step(self.function, _changed(self.settings, changes))


if TYPE_CHECKING:

    class StepDecorator(Protocol):
        """What `step(…)` returns when it is given options only."""

        def __call__(self, fn: Callable[P, R], /) -> Step[P, R]:
            """The function as a step."""
            ...


@overload
def step(
    fn: Callable[P, R],
    /,
    *,
    name: str | None = None,
    retry: RetryChoice | None = None,
    once: bool = False,
    lazy: bool = False,
    serdes: Serdes[Any] | None = None,
    codecs: tuple[Codec, ...] | None = None,
) -> Step[P, R]: ...
@overload
def step(
    *,
    name: str | None = None,
    retry: RetryChoice | None = None,
    once: bool = False,
    lazy: bool = False,
    serdes: Serdes[Any] | None = None,
    codecs: tuple[Codec, ...] | None = None,
) -> StepDecorator: ...
def step(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    retry: RetryChoice | None = None,
    once: bool = False,
    lazy: bool = False,
    serdes: Serdes[Any] | None = None,
    codecs: tuple[Codec, ...] | None = None,
) -> Step[..., Any] | StepDecorator:
    """Make a function a step with options: a decorator, or `step(fn, retry=…)` for a function of a library."""
    changes = {"name": name, "retry": retry, "once": once, "lazy": lazy, "serdes": serdes, "codecs": codecs}
    settings = _changed(StepOptions(), changes)

    def decorate(function: Callable[P, R], /) -> Step[P, R]:
        return Step(function.function if isinstance(function, Step) else function, settings)

    return decorate if fn is None else decorate(fn)


def _changed(settings: StepOptions, changes: dict[str, Any]) -> StepOptions:
    """`settings` with `changes`, each of which is checked where the user wrote it."""
    if changes.get("name") is not None:
        checked_name(changes["name"])
    # Imported where the option is given: a cold start pays for what it uses.
    if changes.get("retry") is not None:
        from perdure.retries import as_policy

        changes["retry"] = as_policy(changes["retry"])
    if changes.get("codecs") is not None:
        from perdure.codecs import checked_codecs

        changes["codecs"] = checked_codecs(changes["codecs"])
    made = changed(settings, **changes)
    if made.once and made.lazy:
        raise ValueError(
            "a step is once=True or lazy=True, not both: the result of a lazy step may be lost, and its body then runs"
            " again; leave lazy=True out where the body must not"
        )
    return made
