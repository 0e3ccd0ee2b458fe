"""What a workflow sees while it runs: the `Context` it is handed, and the step that is running.

These are the shapes only; the runtime makes the objects. A class of your own that has the same members stands in for a
`Context` in a unit test.

Every durable call is answered from the execution's history when the history knows it, and does its work and records it
when not. A call that has to wait ends the invocation: it unwinds the handler with an exception that is not an
`Exception`, the function returns, and a later invocation runs the handler again up to the same place. `finally` and
`with` blocks therefore run at each suspension; `Context.suspending` tells them so.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

from perdure.errors import DurableCallRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from perdure.durations import Duration

__all__ = [
    "AsyncContext",
    "Context",
    "Execution",
    "LambdaContext",
    "Logger",
    "StepInfo",
    "current_context",
    "current_step",
]

P = ParamSpec("P")
R = TypeVar("R")


class Logger(Protocol):
    """A structured logger that knows its operation and is silent while history is replayed."""

    def debug(self, event: str, *args: object, **fields: object) -> None:
        """Log at DEBUG."""
        ...

    def info(self, event: str, *args: object, **fields: object) -> None:
        """Log at INFO."""
        ...

    def warning(self, event: str, *args: object, **fields: object) -> None:
        """Log at WARNING."""
        ...

    def error(self, event: str, *args: object, **fields: object) -> None:
        """Log at ERROR."""
        ...

    def critical(self, event: str, *args: object, **fields: object) -> None:
        """Log at CRITICAL."""
        ...

    def exception(self, event: str, *args: object, **fields: object) -> None:
        """Log at ERROR with the exception being handled."""
        ...

    def log(self, level: int, event: str, *args: object, **fields: object) -> None:
        """Log at `level`, one of the numbers of the standard `logging` module."""
        ...

    def bind(self, **fields: object) -> Logger:
        """A logger that adds `fields` to every record."""
        ...

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  the standard library's spelling, so that adapters work
        """Whether a record at `level` would be written now."""
        ...


class LambdaContext(Protocol):
    """The context object Lambda's Python runtimes give a handler."""

    aws_request_id: str
    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this invocation is stopped."""
        ...


class Execution(Protocol):
    """The execution this invocation belongs to."""

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        ...

    @property
    def name(self) -> str:
        """The name it was started under."""
        ...

    @property
    def started_at(self) -> datetime:
        """When the execution started, in UTC; the same in every invocation."""
        ...


class StepInfo(Protocol):
    """The step whose body is running."""

    @property
    def name(self) -> str | None:
        """The step's name."""
        ...

    @property
    def id(self) -> str:
        """The operation's id in the history."""
        ...

    @property
    def attempt(self) -> int:
        """The attempt in progress; the first is 1."""
        ...

    @property
    def idempotency_key(self) -> str:
        """A key for calls to other systems: equal over all attempts of this step, different for any other."""
        ...

    @property
    def logger(self) -> Logger:
        """A logger that carries the step's name and attempt."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for this step's result any more."""
        ...

    @property
    def remaining_seconds(self) -> float:
        """Seconds until Lambda stops this invocation."""
        ...


class Facts(Protocol):
    """What contexts of both colours tell."""

    @property
    def logger(self) -> Logger:
        """A logger that carries the execution, silent during replay."""
        ...

    @property
    def execution(self) -> Execution:
        """Facts about the execution."""
        ...

    @property
    def lambda_context(self) -> LambdaContext:
        """The context object of this invocation."""
        ...

    @property
    def suspending(self) -> bool:
        """True while the handler is being unwound because it has to wait; its work is not over."""
        ...


class Context(Facts, Protocol):
    """The durable operations of a workflow written as plain functions."""

    @overload
    def step(self, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def step(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def step(self, name: str, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def step(self, name: str, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Run `fn` once and record what it returned; on replay, return the record without running it.

        All arguments after `fn` are the function's. A failed attempt is made again as the step's `retry` says. When the
        call returns, the result is durable; when it raises, the failure is: the exception `fn` raised where its class
        can be rebuilt, else `StepError`. Suspends while it waits for another attempt.
        """
        ...

    def wait(
        self,
        duration: Duration | None = None,
        /,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        name: str | None = None,
    ) -> None:
        """Suspend until `duration` has passed since the wait was first reached; costs nothing meanwhile."""
        ...


class AsyncContext(Facts, Protocol):
    """The durable operations of a workflow written as `async def`.

    An operation takes its place in the history at the call, and runs when it is awaited. So several may be made first
    and awaited together, by `asyncio.gather` or a `TaskGroup`, as long as the workflow itself makes them: in a task of
    your own the order would follow the scheduler, and the call is refused.
    """

    @overload
    def step(
        self, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, R]: ...
    @overload
    def step(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]: ...
    @overload
    def step(
        self, name: str, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, R]: ...
    @overload
    def step(self, name: str, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]: ...
    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        """Like `Context.step`, to be awaited once. An `async def` runs on the loop, a plain function on a thread."""
        ...

    def wait(
        self,
        duration: Duration | None = None,
        /,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        name: str | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Like `Context.wait`, to be awaited once."""
        ...


# The runtime sets these; they live here so that asking costs user code no import of the engine.
CURRENT_CONTEXT: ContextVar[Context | AsyncContext] = ContextVar("perdure_context")
CURRENT_STEP: ContextVar[StepInfo] = ContextVar("perdure_step")


def current_step() -> StepInfo:
    """The step whose body is running; raises `DurableCallRefused` elsewhere."""
    try:
        return CURRENT_STEP.get()
    except LookupError:
        raise DurableCallRefused("current_step()", "no step is running here") from None


def current_context() -> Context | AsyncContext:
    """The workflow's context, for code that was not handed it; raises `DurableCallRefused` outside a workflow."""
    try:
        return CURRENT_CONTEXT.get()
    except LookupError:
        reason = "no durable function is running here; a thread of your own does not inherit its context"
        raise DurableCallRefused("current_context()", reason) from None
