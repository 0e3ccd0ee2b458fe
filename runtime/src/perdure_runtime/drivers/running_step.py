"""The step whose body is running, as `current_step()` gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_runtime.core.identity import idempotency_key
from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import LogScope

if TYPE_CHECKING:
    from perdure import LambdaContext, Logger
    from perdure_runtime.core.identity import Identity

__all__ = ["RunningStep", "scope_of_attempt"]

MILLISECONDS_A_SECOND = 1000


class RunningStep:
    """Implements `perdure.StepInfo`, and knows where the lines come from that the body logs."""

    def __init__(self, identity: Identity, attempt: int, execution: str, lambda_context: LambdaContext) -> None:
        self._identity = identity
        self._execution = execution
        self._lambda_context = lambda_context
        self.attempt = attempt
        self.cancelled = False

    @property
    def log_scope(self) -> LogScope:
        """Where a line comes from that the body logs."""
        return scope_of_attempt(self._execution, self._identity, self.attempt)

    @property
    def name(self) -> str | None:
        """The step's name."""
        return self._identity.name

    @property
    def id(self) -> str:
        """The operation's id."""
        return self._identity.id

    @property
    def idempotency_key(self) -> str:
        """A key that is equal over all attempts."""
        return idempotency_key(self._execution, self._identity.id)

    @property
    def logger(self) -> Logger:
        """A logger that knows the step."""
        return DurableLogger(self.log_scope)

    @property
    def remaining_seconds(self) -> float:
        """Seconds until this invocation is stopped."""
        return self._lambda_context.get_remaining_time_in_millis() / MILLISECONDS_A_SECOND


def scope_of_attempt(execution: str, identity: Identity, attempt: int) -> LogScope:
    """Where the lines of an attempt come from."""
    return LogScope(
        execution,
        operation_id=identity.id,
        operation_name=identity.name,
        parent_id=identity.parent,
        attempt=attempt,
    )
