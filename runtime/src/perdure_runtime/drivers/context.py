"""The `Context` of a workflow written as plain functions.

Each method does what has to happen at the call, in this order: is a durable call allowed here, can its values be
served, which operation is it. Then the operation itself takes over, whoever drives it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from perdure import ReplayMismatch, Step, StepOptions
from perdure.contexts import CURRENT_STEP
from perdure.durations import whole_seconds
from perdure.names import checked_name, default_name
from perdure_runtime.core.effects import Raised
from perdure_runtime.core.identity import Scope
from perdure_runtime.core.operations.step import StepWork, step
from perdure_runtime.core.operations.wait import wait
from perdure_runtime.core.vocabulary import TERMINAL, Kind, Subtype
from perdure_runtime.drivers.frames import place_of_the_call
from perdure_runtime.drivers.line import Line
from perdure_runtime.drivers.running_step import RunningStep
from perdure_runtime.logs import SCOPE, DurableLogger, LogScope, attempt_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Duration, Execution, LambdaContext, Logger
    from perdure_runtime.core.effects import Op, Outcome
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.drivers.run import Run
    from perdure_runtime.values.steps import StepForms

__all__ = ["LineContext"]

T = TypeVar("T")
PLAIN = StepOptions()


class LineContext:
    """Implements `perdure.Context`."""

    __slots__ = ("_forms", "_line", "_random", "_run", "_scope", "_told", "execution", "lambda_context")

    def __init__(
        self,
        run: Run,
        execution: Execution,
        lambda_context: LambdaContext,
        forms: StepForms,
        random: Callable[[], float],
        scope: LogScope,
    ) -> None:
        self.execution = execution
        self.lambda_context = lambda_context
        self._run = run
        self._line = Line(run)
        self._forms = forms
        self._random = random
        self._told = scope
        self._scope = Scope(replaying=run.journal.has_history)
        scope.replaying = self._scope.replaying

    @property
    def logger(self) -> Logger:
        """A logger that is silent during replay."""
        return DurableLogger(self._told)

    @property
    def suspending(self) -> bool:
        """Whether the handler is being unwound."""
        return self._run.stopping

    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  typed by perdure.Context
        """Run a function once and record what it returned."""
        self._run.admit("ctx.step()")
        name, function, rest = (fn, args[0], args[1:]) if isinstance(fn, str) else (None, fn, args)
        options = function.settings if isinstance(function, Step) else PLAIN
        body = function.function if isinstance(function, Step) else function
        values = self._forms.of(body, options)
        chosen = checked_name(name) if name is not None else options.name or default_name(body)
        identity = self._scope.take(Kind.STEP, Subtype.STEP, chosen)

        def run_body(attempt: int) -> object:
            scope = self._log_scope(identity, attempt)
            SCOPE.set(scope)
            CURRENT_STEP.set(RunningStep(identity, attempt, scope, self.lambda_context))
            return body(*rest, **kwargs)

        def told(error: Exception, attempt: int, delay: int | None) -> None:
            attempt_failed(self._log_scope(identity, attempt), error, delay)

        work = StepWork(run_body, options, values, self._random, told)
        return self._perform(identity, step(self._run.journal, identity, work))

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
        """Suspend until the time has passed."""
        self._run.admit("ctx.wait()")
        length = whole_seconds(duration, days, hours, minutes, seconds)
        chosen = None if name is None else checked_name(name)
        identity = self._scope.take(Kind.WAIT, Subtype.WAIT, chosen)
        self._perform(identity, wait(self._run.journal, identity, length))

    def _perform(self, identity: Identity, operation: Op[Outcome[T]]) -> T:
        """Drive an operation to its outcome, and keep track of where replay ends (PROTOCOL 7.1)."""
        record = self._run.journal.find(identity.id)
        settled = record is not None and record.status in TERMINAL
        if record is None or (identity.kind is Kind.STEP and not settled):
            self._replay_is_over()
        try:
            outcome = self._line.perform(operation)
        except ReplayMismatch as mismatch:
            mismatch.where = mismatch.where or place_of_the_call()
            raise mismatch.with_traceback(None) from None
        if self._scope.replaying and (not settled or self._run.journal.find(self._scope.peek()) is None):
            self._replay_is_over()
        if not isinstance(outcome, Raised):
            return outcome.value
        try:
            # Without the engine's frames: the traceback starts at the user's call.
            raise outcome.error.with_traceback(None)
        finally:
            del outcome  # breaks the cycle of exception, traceback and frame

    def _log_scope(self, identity: Identity, attempt: int) -> LogScope:
        return LogScope(
            self.execution.arn,
            operation_id=identity.id,
            operation_name=identity.name,
            parent_id=identity.parent,
            attempt=attempt,
        )

    def _replay_is_over(self) -> None:
        self._scope.replaying = self._told.replaying = False
