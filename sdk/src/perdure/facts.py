"""What contexts of both colours tell a workflow, and what a step's body can ask.

These are shapes only; the runtime makes the objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Execution", "Facts", "LambdaContext", "Logger", "StepInfo"]


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

    @property
    def index(self) -> int:
        """The place of this branch among those of its `map` or `parallel`, from 0; `DurableCallRefused` elsewhere."""
        ...

    @property
    def total(self) -> int:
        """How many branches its `map` or `parallel` declared; `DurableCallRefused` outside a branch."""
        ...
