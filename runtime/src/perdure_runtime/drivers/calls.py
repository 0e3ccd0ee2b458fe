"""What has to happen at a durable call, whatever its colour, before an operation takes over.

In this order: is a durable call allowed here, can its values be served, which operation is it, does the history agree.
Only then is there an operation, and the driver of the colour runs it. All of it happens in the plain method that the
workflow calls, never later, so that identities follow the order of calls.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

from perdure import DurableCallRefused, ReplayMismatch, Step, StepOptions
from perdure.contexts import CURRENT_STEP
from perdure.durations import whole_seconds
from perdure.names import checked_name, default_name
from perdure_runtime.core.effects import Raised
from perdure_runtime.core.identity import Scope
from perdure_runtime.core.operations.step import StepWork, step
from perdure_runtime.core.operations.wait import wait
from perdure_runtime.core.vocabulary import TERMINAL, Kind, Subtype
from perdure_runtime.drivers.frames import place_of_the_call, without_engine_frames
from perdure_runtime.drivers.running_step import RunningStep
from perdure_runtime.logs import SCOPE, LogScope, attempt_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Duration, Execution, LambdaContext
    from perdure_runtime.core.effects import Op, Outcome
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.records import Record
    from perdure_runtime.drivers.run import Run
    from perdure_runtime.values.steps import StepForms

__all__ = ["Asked", "Calls", "Setting", "result_of"]

PLAIN = StepOptions()


class Setting(NamedTuple):
    """What the contexts of one invocation are made of."""

    run: Run
    execution: Execution
    lambda_context: LambdaContext
    forms: StepForms
    random: Callable[[], float]
    log_scope: LogScope


class Asked(NamedTuple):
    """An operation that the workflow has asked for."""

    identity: Identity
    record: Record | None
    """What was recorded of it when it was asked for."""
    operation: Op[Outcome[Any]]


class Calls:
    """Makes operations out of calls, in the numbering of one context."""

    __slots__ = ("_scope", "_setting")

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._scope = Scope(replaying=setting.run.journal.has_history)
        setting.log_scope.replaying = self._scope.replaying

    def step(self, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Asked:  # noqa: ANN401  typed by the sdk
        """`ctx.step(fn, …)`, or `ctx.step(name, fn, …)`."""
        setting = self._setting
        setting.run.admit("ctx.step()")
        name, function, rest = (fn, args[0], args[1:]) if isinstance(fn, str) and args else (None, fn, args)
        options = function.settings if isinstance(function, Step) else PLAIN
        body = function.function if isinstance(function, Step) else function
        if not callable(body):
            raise TypeError(
                f"ctx.step() takes a function and then its arguments, not a {type(body).__name__};"
                " write ctx.step(fn, …) without calling fn"
            )
        values = setting.forms.of(body, options)
        chosen = checked_name(name) if name is not None else options.name or default_name(body)
        identity, record = self._ask(Kind.STEP, Subtype.STEP, chosen)

        def run_body(attempt: int) -> object:
            scope = self._log_scope(identity, attempt)
            SCOPE.set(scope)
            CURRENT_STEP.set(RunningStep(identity, attempt, scope, setting.lambda_context))
            try:
                return body(*rest, **kwargs)
            except TypeError as error:
                if _fits(body, rest, kwargs):
                    raise
                # Nothing of the function ran, and nothing of it will at another attempt.
                raise DurableCallRefused("ctx.step()", str(error)) from None

        def told(error: Exception, attempt: int, delay: int | None) -> None:
            attempt_failed(self._log_scope(identity, attempt), without_engine_frames(error), delay)

        work = StepWork(run_body, _is_async(body), options, values, setting.random, told)
        return Asked(identity, record, step(setting.run.journal, identity, work))

    def wait(self, duration: Duration | None, spelled: tuple[float, float, float, float], name: str | None) -> Asked:
        """`ctx.wait(…)`."""
        setting = self._setting
        setting.run.admit("ctx.wait()")
        length = whole_seconds(duration, *spelled)
        chosen = None if name is None else checked_name(name)
        identity, record = self._ask(Kind.WAIT, Subtype.WAIT, chosen)
        return Asked(identity, record, wait(setting.run.journal, identity, length))

    def begins(self, asked: Asked) -> None:
        """The operation is about to be driven; here replay may end (PROTOCOL 7.1)."""
        record = asked.record
        if record is None or (asked.identity.kind is Kind.STEP and record.status not in TERMINAL):
            self._replay_is_over()

    def ended(self, asked: Asked) -> None:
        """The operation has its outcome; here, too, replay may end."""
        if not self._scope.replaying:
            return
        settled = asked.record is not None and asked.record.status in TERMINAL
        if not settled or self._setting.run.journal.find(self._scope.peek()) is None:
            self._replay_is_over()

    def _ask(self, kind: Kind, subtype: Subtype, name: str | None) -> tuple[Identity, Record | None]:
        identity = self._scope.take(kind, subtype, name)
        run = self._setting.run
        try:
            return identity, run.journal.ask(identity)
        except ReplayMismatch as mismatch:
            mismatch.where = place_of_the_call()
            run.fail(mismatch)
            raise

    def _log_scope(self, identity: Identity, attempt: int) -> LogScope:
        return LogScope(
            self._setting.execution.arn,
            operation_id=identity.id,
            operation_name=identity.name,
            parent_id=identity.parent,
            attempt=attempt,
        )

    def _replay_is_over(self) -> None:
        self._scope.replaying = self._setting.log_scope.replaying = False


def _is_async(body: Callable[..., object]) -> bool:
    code = getattr(body, "__code__", None)
    if code is not None:
        return bool(code.co_flags & inspect.CO_COROUTINE)
    return inspect.iscoroutinefunction(body) or inspect.iscoroutinefunction(type(body).__call__)


def _fits(body: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a function takes these arguments; asked only when it raised TypeError."""
    try:
        inspect.signature(body).bind(*args, **kwargs)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell its signature
        return True
    return True


def result_of(outcome: Outcome[Any]) -> Any:  # noqa: ANN401  typed by the sdk
    """The value of an outcome; raises its error, the traceback starting at the user's call."""
    if not isinstance(outcome, Raised):
        return outcome.value
    try:
        raise outcome.error.with_traceback(None)
    finally:
        del outcome  # breaks the cycle of exception, traceback and frame
