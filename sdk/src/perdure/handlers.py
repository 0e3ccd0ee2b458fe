"""Durable functions: the entry points of workflows.

`@durable` marks a function and notes how it is to be hosted; it does nothing else. Hosting is the runtime's: Perdure's
own bootstrap asks it directly, and any other Lambda runtime calls the decorated function as the plain handler
`handler(event, context)` that it also is.
"""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, overload

from perdure.frozen import frozen
from perdure.generics import Generic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Literal

    from perdure.async_contexts import AsyncContext
    from perdure.codecs import Codec
    from perdure.contexts import Context
    from perdure.durations import Duration

__all__ = ["Durable", "DurableOptions", "durable", "durable_of"]

E = TypeVar("E")
R = TypeVar("R")
MARK = "__durable__"
DAY = 86_400
RETENTIONS = range(1, 91)
"""Days that the service may keep an execution that is over."""


@frozen
class DurableOptions:
    """How a durable function is hosted."""

    errors: tuple[type[Exception], ...] = ()
    """Exception classes, defined outside the function's own code, that may be raised again from history."""
    on_mismatch: Literal["fail", "retry"] = "fail"
    """What a `ReplayMismatch` does: fail the execution, or let Lambda retry so that a rollback can save it."""
    client: object | None = None
    """A boto3 Lambda client, or a service client of your own, to speak to the service with."""
    mode_aware: bool = True
    """Whether loggers are silent while history is replayed."""
    timeout: int | None = None
    """Seconds that an execution may take, its waits included; None leaves it to the template."""
    retention: int | None = None
    """Days for which an execution that is over is kept; None leaves it to the template."""
    codecs: tuple[Codec, ...] = ()
    """What the recorded texts of the function's operations go through, in that order."""


class Durable(Generic[E, R]):
    """A durable function; made by `durable`."""

    function: Callable[[E, Any], Any]
    """The function itself, of either colour; a unit test calls it with a context of its own."""
    options: DurableOptions

    def __init__(self, function: Callable[[E, Any], Any], options: DurableOptions) -> None:
        if not callable(function):
            raise TypeError(f"a durable function is made of a function, not of {type(function).__name__}")
        update_wrapper(self, function)
        self.function = function
        self.options = options
        # functools.wraps copies this, so that a vendor's wrapper round the handler is still known for what it hides.
        self.__durable__ = self

    @property
    def name(self) -> str:
        """The function's name, with its module."""
        return f"{self.function.__module__}.{getattr(self.function, '__qualname__', type(self.function).__name__)}"

    def __call__(self, event: object, context: object) -> dict[str, Any]:
        """Answer one invocation, as a plain Lambda handler does; needs the package `perdure-runtime`."""
        try:
            from perdure_runtime.plain import answer  # the one place where the sdk knows of the engine
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith("perdure_runtime"):
                raise
            raise ModuleNotFoundError(
                f"{self.name} needs the engine to run: install perdure[runtime] next to your code, or attach the"
                " Perdure layer",
                name=error.name,
            ) from None
        return answer(self, event, context)

    def __repr__(self) -> str:
        return f"<durable {self.name}>"


class DurableDecorator(Protocol):
    """What `durable(…)` returns when it is given options only."""

    @overload
    def __call__(self, fn: Callable[[E, AsyncContext], Coroutine[Any, Any, R]], /) -> Durable[E, R]: ...
    @overload
    def __call__(self, fn: Callable[[E, Context], R], /) -> Durable[E, R]: ...
    def __call__(self, fn: Callable[[E, Any], Any], /) -> Durable[E, Any]:
        """The function as a durable function."""
        ...


@overload
def durable(fn: Callable[[E, AsyncContext], Coroutine[Any, Any, R]], /) -> Durable[E, R]: ...
@overload
def durable(fn: Callable[[E, Context], R], /) -> Durable[E, R]: ...
@overload
def durable(
    *,
    errors: tuple[type[Exception], ...] = (),
    on_mismatch: Literal["fail", "retry"] = "fail",
    client: object | None = None,
    mode_aware: bool = True,
    timeout: Duration | None = None,
    retention: Duration | None = None,
    codecs: tuple[Codec, ...] = (),
) -> DurableDecorator: ...
def durable(
    fn: Callable[[Any, Any], Any] | None = None,
    /,
    *,
    errors: tuple[type[Exception], ...] = (),
    on_mismatch: Literal["fail", "retry"] = "fail",
    client: object | None = None,
    mode_aware: bool = True,
    timeout: Duration | None = None,
    retention: Duration | None = None,
    codecs: tuple[Codec, ...] = (),
) -> Durable[Any, Any] | DurableDecorator:
    """Make a function of an event and a context durable: a handler that survives crashes and waits for free.

    `timeout` is the time an execution may take, its waits included: a second to 366 days. `retention` is for how long
    the service keeps one that is over: 1 to 90 whole days. Lambda knows both by the function's template, which
    `perdure template` writes from here; `perdure run` goes by the timeout.

    `codecs` compress, encrypt or store elsewhere what the function's operations record; a step or a child may have its
    own.
    """
    if on_mismatch not in {"fail", "retry"}:
        raise ValueError(f"on_mismatch is 'fail' or 'retry', not {on_mismatch!r}")
    if not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in errors):
        raise TypeError(f"errors holds exception classes, not {errors!r}")
    options = DurableOptions(
        errors,
        on_mismatch,
        client,
        mode_aware,
        None if timeout is None else _whole_seconds(timeout),
        None if retention is None else _whole_days(retention),
        () if codecs == () else _checked(codecs),
    )

    def decorate(function: Callable[[E, Any], Any], /) -> Durable[E, Any]:
        return Durable(function, options)

    return cast("DurableDecorator", decorate) if fn is None else decorate(fn)


# The modules behind these options are imported where an option is given: a cold start pays for what it uses.


def _whole_seconds(timeout: Duration) -> int:
    from perdure.durations import whole_seconds

    return whole_seconds(timeout)


def _checked(codecs: tuple[Codec, ...]) -> tuple[Codec, ...]:
    from perdure.codecs import checked_codecs

    return checked_codecs(codecs)


def _whole_days(retention: Duration) -> int:
    from perdure.durations import seconds_of

    seconds = seconds_of(retention)
    if seconds / DAY not in RETENTIONS:
        raise ValueError(f"retention is 1 to 90 whole days, for example timedelta(days=14), not {seconds:g} seconds")
    return int(seconds / DAY)


def durable_of(handler: object) -> Durable[Any, Any] | None:
    """The durable function that `handler` is, or wraps; None for any other object."""
    found: Durable[Any, Any] | None = getattr(handler, MARK, None)
    return found if isinstance(found, Durable) else None
