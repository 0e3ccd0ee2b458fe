"""The step whose body is running, as `current_step()` gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_runtime.core.identity import idempotency_key
from perdure_runtime.logs import DurableLogger

if TYPE_CHECKING:
    from perdure import LambdaContext, Logger
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.logs import LogScope

__all__ = ["RunningStep"]

MILLISECONDS_A_SECOND = 1000


class RunningStep:
    """Implements `perdure.StepInfo`."""

    __slots__ = ("_identity", "_lambda_context", "_scope", "attempt", "cancelled")

    def __init__(self, identity: Identity, attempt: int, scope: LogScope, lambda_context: LambdaContext) -> None:
        self._identity = identity
        self._scope = scope
        self._lambda_context = lambda_context
        self.attempt = attempt
        self.cancelled = False

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
        return idempotency_key(self._scope.execution_arn, self._identity.id)

    @property
    def logger(self) -> Logger:
        """A logger that knows the step."""
        return DurableLogger(self._scope)

    @property
    def remaining_seconds(self) -> float:
        """Seconds until this invocation is stopped."""
        return self._lambda_context.get_remaining_time_in_millis() / MILLISECONDS_A_SECOND
