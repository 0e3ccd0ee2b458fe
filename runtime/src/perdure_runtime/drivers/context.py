"""The contexts that user code is handed: every operation, in terms of what is asked for and how it is performed.

What an operation takes is imported where one is first asked for: a cold start pays for the operations it makes. Steps
are in all workflows.
"""

from __future__ import annotations

from contextvars import copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from perdure.contexts import CURRENT_CONTEXT
from perdure.errors import DurableCallRefused
from perdure_runtime.core.effects import OUTCOMES, Ok
from perdure_runtime.core.operations.step import recorded
from perdure_runtime.drivers.asking.steps import attempted, take_step
from perdure_runtime.drivers.calls import Asked, Calls, Setting, result_of
from perdure_runtime.drivers.signals import Stop
from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import LogScope

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Duration, Execution, LambdaContext, Logger
    from perdure_runtime.core.effects import Op, Outcome
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.operations.step import StepWork
    from perdure_runtime.core.records import Record
    from perdure_runtime.drivers.lanes import Lane
    from perdure_runtime.drivers.line import Line

__all__ = ["DurableContext", "LineContext", "enter_here", "no_coroutine", "opened"]


class DurableContext:
    """The operations and facts of contexts of both colours, which differ in how an operation is performed."""

    __slots__ = ("calls",)

    def __init__(self, calls: Calls[Any]) -> None:
        self.calls = calls

    def _perform(self, ask: Callable[..., Asked], *what: Any) -> Any:
        """Ask for an operation, and have it driven."""
        raise NotImplementedError

    # Facts

    @property
    def log_scope(self) -> LogScope:
        """Where a line comes from that its code logs."""
        return self.calls.log_scope

    @property
    def logger(self) -> Logger:
        """A logger that is silent during replay."""
        return DurableLogger(self.log_scope)

    @property
    def execution(self) -> Execution:
        """Facts about the execution."""
        return self.calls.setting.execution

    @property
    def lambda_context(self) -> LambdaContext:
        """The context object of this invocation."""
        return self.calls.setting.lambda_context

    @property
    def suspending(self) -> bool:
        """Whether this code is being unwound."""
        return self.calls.run.stopping or self.calls.home.closed

    @property
    def index(self) -> int:
        """Which branch of its batch this is."""
        return self._place("index")

    @property
    def total(self) -> int:
        """How many branches its batch has."""
        return self._place("total")

    def _place(self, what: str) -> int:
        place: int | None = getattr(self.calls.scope, what)
        if place is None:
            raise DurableCallRefused(
                f"ctx.{what}", "this is not the context of a branch of parallel, or of an item of map"
            )
        return place

    # Operations

    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Run a function once and record what it returned."""
        raise NotImplementedError

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
    ) -> Any:
        """Suspend until the time has passed."""
        from perdure_runtime.drivers.asking.waits import ask_wait

        return self._perform(ask_wait, duration, (days, hours, minutes, seconds), name)

    def run_in_child_context(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Run a function in a context of its own, and record what it returned."""
        from perdure_runtime.drivers.asking.children import ask_child

        return self._perform(ask_child, fn, args, kwargs)

    def parallel(
        self,
        branches: Any,
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Any = None,
        flat: bool = False,
        serdes: Any = None,
        item_serdes: Any = None,
        summary: Any = None,
    ) -> Any:
        """Run functions at the same time."""
        from perdure_runtime.drivers.asking.batches import Policy, ask_parallel

        policy = Policy(name, concurrency, completion, flat, serdes, item_serdes, summary)
        return self._perform(ask_parallel, branches, policy)

    def map(
        self,
        fn: Any,
        items: Any,
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Any = None,
        flat: bool = False,
        namer: Any = None,
        serdes: Any = None,
        item_serdes: Any = None,
        summary: Any = None,
    ) -> Any:
        """Run a function for each of many items."""
        from perdure_runtime.drivers.asking.batches import Policy, ask_map

        policy = Policy(name, concurrency, completion, flat, serdes, item_serdes, summary)
        return self._perform(ask_map, fn, items, namer, policy)

    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Any = None,
        heartbeat: Any = None,
        result: Any = None,
        serdes: Any = None,
    ) -> Any:
        """Create something for the outside to complete."""
        from perdure_runtime.drivers.asking.callbacks import ask_callback

        return self._perform(ask_callback, name, (timeout, heartbeat), (result, serdes), self._perform_anywhere)

    def wait_for_callback(
        self,
        submit: Any,
        /,
        *,
        name: str | None = None,
        timeout: Any = None,
        heartbeat: Any = None,
        retry: Any = None,
        result: Any = None,
        serdes: Any = None,
    ) -> Any:
        """Create a callback, hand its id to `submit`, and wait for its result."""
        from perdure_runtime.drivers.asking.callbacks import ask_wait_for_callback

        limits = (timeout, heartbeat)
        return self._perform(ask_wait_for_callback, submit, name, limits, retry, (result, serdes))

    def invoke(
        self,
        function: str,
        payload: object = None,
        /,
        *,
        name: str | None = None,
        tenant_id: str | None = None,
        result: Any = None,
        payload_serdes: Any = None,
        result_serdes: Any = None,
    ) -> Any:
        """Invoke another function and wait for its answer."""
        from perdure_runtime.drivers.asking.invokes import ask_invoke

        serdes = (payload_serdes, result_serdes)
        return self._perform(ask_invoke, function, payload, name, tenant_id, result, serdes)

    def wait_for_condition(
        self,
        check: Any,
        initial: object,
        /,
        *,
        until: Any = None,
        poll: Any = None,
        name: str | None = None,
        serdes: Any = None,
    ) -> Any:
        """Check again and again, from one state to the next, until a condition is met."""
        from perdure_runtime.drivers.asking.conditions import ask_condition

        return self._perform(ask_condition, check, initial, until, poll, name, serdes)

    def with_retry(self, fn: Any, /, *, name: str | None = None, retry: Any = None) -> Any:
        """Run a block of operations again when it fails."""
        from perdure_runtime.drivers.asking.retrying import ask_with_retry

        return self._perform(ask_with_retry, fn, name, retry)

    def gather(self, *branches: Any, name: str | None = None) -> Any:
        """The results of all branches."""
        from perdure_runtime.drivers.asking.combinators import ask_gather

        return self._perform(ask_gather, branches, name)

    def race(self, *branches: Any, name: str | None = None) -> Any:
        """What the first branch to end comes to."""
        from perdure_runtime.drivers.asking.combinators import ask_race

        return self._perform(ask_race, branches, name)

    def first_success(self, *branches: Any, name: str | None = None) -> Any:
        """The result of the first branch to succeed."""
        from perdure_runtime.drivers.asking.combinators import ask_first_success

        return self._perform(ask_first_success, branches, name)

    def settle(self, *branches: Any, name: str | None = None) -> Any:
        """How each of the branches ended."""
        from perdure_runtime.drivers.asking.combinators import ask_settle

        return self._perform(ask_settle, branches, name)

    def _perform_anywhere(self, asked: Asked) -> Any:
        """Have an operation driven that takes no place in the history, for whichever code of the run asks."""
        raise NotImplementedError


class LineContext(DurableContext):
    """Implements `perdure.Context`."""

    __slots__ = ()

    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Run a function once and record what it returned."""
        calls = self.calls
        match take_step(calls, fn, args):
            case value, _:  # as for most calls of a replay
                scope = calls.scope
                scope.passed = scope.count
                return value
            case identity, record, work:
                outcome = None if record is None else _recorded(calls, identity, work, record)
                if outcome is None:
                    return _driven(calls, record, attempted(calls.setting, identity, work, record, fn, args, kwargs))
                try:
                    return result_of(outcome)
                finally:
                    del outcome

    def _perform(self, ask: Callable[..., Asked], *what: Any) -> Any:
        return _performed(self.calls, ask(self.calls, *what))

    def _perform_anywhere(self, asked: Asked) -> Any:
        speaker = self.calls.run.speaker or self.calls
        speaker.admit("callback.result()")
        return _performed(speaker, asked)


def _recorded(calls: Calls[Line | Lane], identity: Identity, work: StepWork, record: Record) -> Outcome[Any] | None:
    """What a step's record tells, with all that `_performed` sees to."""
    run = calls.run
    run.speaker = None
    try:
        outcome = recorded(identity, work, record)
    except BaseException as error:
        _left(calls, error)
        raise
    run.speaker = calls
    if outcome is not None:
        calls.scope.passed = calls.scope.count
    return outcome


def _performed(calls: Calls[Line | Lane], asked: Asked) -> Any:
    """What an operation comes to, driven on the line that its call was made from where its record does not tell."""
    run = calls.run
    # Nobody speaks before it has an outcome: no policy or serdes that the engine asks, and no code that is unwound.
    run.speaker = None
    try:
        begun = asked.begin()
    except BaseException as error:
        _left(calls, error)
        raise
    if not isinstance(begun, OUTCOMES):
        return _driven(calls, asked.record, begun)
    run.speaker = calls
    calls.scope.passed = calls.scope.count
    try:
        return result_of(begun)
    finally:
        del begun


def _driven(calls: Calls[Line | Lane], record: Record | None, operation: Op[Outcome[Any]]) -> Any:
    """What an operation comes to that has this record."""
    run, scope = calls.run, calls.scope
    run.speaker = None
    scope.begins(record)
    try:
        outcome = calls.home.perform(operation)
        scope.ended(record)
    except BaseException as error:
        # One that has to wait is dropped where it stands; it holds its last failure, whose frames hold it.
        operation.close()
        _left(calls, error)
        raise
    run.speaker = calls
    if isinstance(outcome, Ok):
        return outcome.value
    try:
        return result_of(outcome)
    finally:
        del outcome


def _left(calls: Calls[Line | Lane], error: BaseException) -> None:
    """An operation was left without an outcome; raises `Stop` where that is the end of the run, too."""
    run = calls.run
    if isinstance(error, Exception):  # user code's failures are outcomes: this is the service's, or ours
        run.fail(error)
        calls.home.stop()
    if not isinstance(error, Stop):
        run.speaker = calls  # the process ends, and what user code does about that is allowed


def enter_here(setting: Setting, line: Line, body: Callable[[Any], object], scope: Scope) -> object:
    """Run the code of a context on this line, and return what it returns."""
    # What the code sets in a ContextVar does not leak: a replay may not run it.
    return copy_context().run(_enter, setting, line, body, scope)


def _enter(setting: Setting, line: Line, body: Callable[[Any], object], scope: Scope) -> object:
    context = opened(setting, line, scope)
    try:
        result = body(context)
    finally:
        setting.run.speaker = None
    return no_coroutine(result)


def opened(setting: Setting, line: Line | Lane, scope: Scope) -> LineContext:
    """The context that code on this line is handed, and whose calls are admitted from now on."""
    setting.run.speaker = calls = Calls(setting, scope, line)
    context = LineContext(calls)
    CURRENT_CONTEXT.set(context)
    return context


def no_coroutine(result: object) -> object:
    """What the code of a context has returned; raises TypeError where it is asynchronous."""
    if type(result) is CoroutineType:
        result.close()
        raise TypeError(
            "it returned a coroutine, and the workflow is made of plain functions: make both the same colour"
        )
    return result
