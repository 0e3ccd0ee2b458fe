"""The driver of async workflows: operations are coroutines on one loop, and several may be open at a time.

An operation goes on, in `go_on`, for as long as its effects need no waiting, and only then is its task let go. A body
that is `async def` is a task of its own; a plain one runs on the pool. Each open branch of a batch is a task of its own
(`aio_branches`); the code of a child context runs in the task that awaits it, with context variables of its own. When
to send, suspend and end is decided elsewhere (`aio_watch`).
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from types import CoroutineType, coroutine
from typing import TYPE_CHECKING, Any, assert_never

from perdure import DurableCallRefused
from perdure.contexts import CURRENT_CONTEXT, CURRENT_STEP
from perdure_runtime.core.effects import (
    OUTCOMES,
    Aside,
    Call,
    Commit,
    Enter,
    Fan,
    HandOver,
    Ok,
    Outcome,
    Park,
    Raised,
)
from perdure_runtime.drivers.aio_calls import AioCalls, is_cancelled
from perdure_runtime.drivers.aio_context import AioContext, TaskCalls
from perdure_runtime.drivers.aio_lanes import AioLane
from perdure_runtime.drivers.aio_loop import the_loop
from perdure_runtime.drivers.aio_watch import Watch
from perdure_runtime.drivers.calls import result_of
from perdure_runtime.drivers.cancelled import cancelled_within
from perdure_runtime.drivers.durable_call import DurableCall
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.run import ELSEWHERE, ENDED, OTHER_CODE
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator
    from contextvars import Context

    from perdure_runtime.core.effects import Op
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.drivers.aio_branches import AioBranches
    from perdure_runtime.drivers.calls import Setting
    from perdure_runtime.host import Host

__all__ = ["Aio"]

DEEPEST_IN_A_TASK = 16
"""Contexts inside each other that share a task; with each, the stack grows that a task goes on with."""


class Aio:
    """Interprets the effects of all open operations of one run."""

    _branches: AioBranches | None = None

    def __init__(self, setting: Setting, host: Host) -> None:
        self._setting = setting
        self._run = run = setting.run
        self._loop = loop = the_loop()
        self._watch = watch = Watch(run, loop, host)
        self._calls = AioCalls(run, watch, loop, host)
        self.unawaited: dict[DurableCall, None] = {}
        """Operations that were asked for, and that nobody has awaited or taken over."""
        self.cut_off: list[Identity] = []
        """Operations that began and were not awaited to their end, in code that was not cut off itself."""

    @property
    def unstarted(self) -> list[DurableCall]:
        """Operations that were asked for and never awaited, although their code went on to its end."""
        return [call for call in self.unawaited if not call.calls.home.closed]

    def refusal(self, calls: Any) -> str | None:  # noqa: ANN401  the `TaskCalls` of a context of ours
        """Why a call does not come from the task that runs its context's code, or None where it does."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop runs on this thread
            return ELSEWHERE
        if calls.speaks and calls.task is task:
            return None
        return ELSEWHERE if _whose_code(task) is None else OTHER_CODE

    def admit_anywhere(self, operation: str) -> None:
        """Let an operation begin that takes no place in the history: any task of the run may ask, and no thread."""
        self._run.refuse_inside_a_step(operation)
        if self._run.ended or asyncio._get_running_loop() is not self._loop:  # noqa: SLF001  the public question raises
            raise DurableCallRefused(operation, ELSEWHERE)

    def run(self, handler: Callable[..., Awaitable[Any]], event: object, scope: Scope) -> Any:  # noqa: ANN401  the handler's result
        """Run a workflow until it ends or has to stop; raises `Stop` for the latter."""
        self._run.refusal = self.refusal
        try:
            return self._watch.run(lambda: self._enter_root(handler, event, scope))
        finally:
            self._calls.finish()
            self._watch.branches = None

    async def _enter_root(self, handler: Callable[..., Awaitable[Any]], event: object, scope: Scope) -> Any:  # noqa: ANN401  the handler's result
        """The workflow itself."""
        context = AioContext(self._setting, scope, AioLane(self._run), self)
        try:
            return await handler(event, context)
        finally:
            context.end()

    # Operations

    def take(self, call: DurableCall) -> None:
        """Whoever awaits an operation, or adopts it, does so once."""
        try:
            del self.unawaited[call]
        except KeyError:
            raise RuntimeError(f"the {call.identity} was awaited before; an operation is awaited once") from None

    def drive(self, call: DurableCall) -> Generator[Any, Any, Any]:
        """The operation of a call that is awaited now, to its end: its result, or what it raises."""
        self.take(call)
        run, calls, asked = self._run, call.calls, call.asked
        home = lane = calls.home
        if run.stopping or home.closed or run.fatal is not None:
            raise Stop
        speaker: TaskCalls | None = calls
        if not calls.speaks or calls.task is not asyncio.current_task():
            speaker, lane = self._elsewhere(call)
        if speaker is not None:
            speaker.speaks = False  # policies and serdes that the engine asks must not call durable operations
        try:
            outcome = asked.begin()
            if isinstance(outcome, OUTCOMES):
                calls.scope.passed = calls.scope.count
            else:
                calls.scope.begins(asked.record)
                outcome = yield from self.driven(outcome, lane)
                calls.scope.ended(asked.record)
        except Exception as error:  # noqa: BLE001  user code's failures are outcomes: this is the service's, or ours
            run.fail(error)
            raise Stop from None
        except BaseException:
            self._cuts_off(asked.identity, lane)
            raise
        finally:
            if speaker is not None:
                speaker.speaks = True
            if lane is not home:
                home.left_by(lane)
        if isinstance(outcome, Ok):
            return outcome.value
        try:
            return result_of(outcome)
        finally:
            del outcome

    def _cuts_off(self, identity: Identity, lane: AioLane) -> None:
        """An operation is left in the middle: to be told, if its code goes on to its end all the same."""
        if not lane.closed:
            self.cut_off.append(identity)

    def _elsewhere(self, call: DurableCall) -> tuple[TaskCalls | None, AioLane]:
        """For an operation that its context's own code does not await: whose code does, and a line of its own."""
        calls = call.calls
        if CURRENT_STEP.get(None) is not None:
            self._run.refuse_inside_a_step(f"the {call.identity}")
        if calls.task is None:
            self._cuts_off(call.identity, calls.home)  # a task that nobody awaits tells nobody of the refusal
            raise DurableCallRefused(f"the {call.identity}", ENDED)
        task = asyncio.current_task()
        speaker = _whose_code(task)
        return speaker, calls.home.entered_by(calls, task if speaker is None else None)

    @coroutine
    def driven(
        self, operation: Op[Outcome[Any]], lane: AioLane, *, in_branch: bool = False
    ) -> Generator[Any, Any, Outcome[Any]]:
        """Drive an operation to its outcome; raises `Stop` where it does not go on."""
        committer = self._run.committer
        reply: Any = None
        succeeded = False
        """Whether a body did, at once. A failure waits for the loop to turn: raised sooner, it may lose its context."""
        try:
            while True:
                try:
                    effect = operation.send(reply)
                except StopIteration as end:
                    outcome: Outcome[Any] = end.value
                    return outcome
                reply = None
                # In the order of their number; a `match` on classes would cost more than it decides.
                if isinstance(effect, Commit):
                    yield from self._watch.acknowledged(effect.ticket, at_once=succeeded)
                elif isinstance(effect, Call):
                    while ticket := committer.before(lane, effect):  # more may have become due meanwhile
                        yield from self._watch.acknowledged(ticket)
                        if lane.closed:
                            raise Stop
                    reply = self._calls.begin(lane, effect)
                    if isinstance(reply, OUTCOMES):
                        succeeded = isinstance(reply, Ok)
                        continue
                    reply = yield from reply
                elif isinstance(effect, Enter):
                    reply = yield from self._inside(lane, effect, in_branch=in_branch)
                else:
                    reply = yield from self._begun(effect, lane)
                if lane.closed:
                    raise Stop  # nothing of it goes on
        finally:
            # One that has to wait is dropped where it stands; it holds its last failure, whose frames hold it.
            operation.close()
            del reply  # and these lead to this one

    def _begun(self, effect: Fan | Park | HandOver | Aside[Any], lane: AioLane) -> Any:  # noqa: ANN401  something to await
        if isinstance(effect, Park):
            return self._watch.moved(effect.operation_id, effect.ticket)
        if isinstance(effect, Fan):
            return self._fanned_out(effect, lane)
        if isinstance(effect, HandOver):
            return self._watch.handed_over()
        if isinstance(effect, Aside):
            return self._calls.aside(effect.work)
        assert_never(effect)

    def _fanned_out(self, fan: Fan, lane: AioLane) -> Coroutine[Any, Any, None]:
        if self._branches is None:
            from perdure_runtime.drivers.aio_branches import AioBranches  # for who has branches

            self._branches = self._watch.branches = AioBranches(self._run, self._loop)
        return self._branches.run(fan, lane, self)

    # Contexts

    def _inside(self, lane: AioLane, effect: Enter, *, in_branch: bool) -> Any:  # noqa: ANN401  something to await
        """Run the code of a context; what it sets in a ContextVar does not leak."""
        scope = effect.scope
        entered = self._entered(lane, effect.body, scope)
        if in_branch:  # its task is its own, and so are its context variables
            return entered
        if scope.depth % DEEPEST_IN_A_TASK == 0:
            return self._loop.create_task(entered)
        return _with_variables(copy_context(), entered)

    async def _entered(self, lane: AioLane, body: Callable[[Any], object], scope: Scope) -> Outcome[Any]:
        """The outcome of the code of a context; an error is kept in no local, because its frames lead to this one."""
        context = AioContext(self._setting, scope, lane, self)
        try:
            result: Any = body(context)
            value = await (result if isinstance(result, CoroutineType) else _checked(result))
        except Exception as error:  # noqa: BLE001  user code may raise anything
            self._end(context.calls)
            return Raised(without_engine_frames(error))
        except asyncio.CancelledError:
            if is_cancelled(self._run, lane):
                raise
            self._end(context.calls)
            return Raised(cancelled_within())
        except BaseExceptionGroup:  # a TaskGroup wraps what its tasks were unwound with
            self._end(context.calls)
            raise
        finally:
            context.end()
        self._end(context.calls)
        return Ok(value)

    def _end(self, calls: TaskCalls) -> None:
        """The code of a context is through; operations that it did not wait for record nothing after its outcome."""
        run, lane = self._run, calls.home
        if run.stopping or lane.closed or run.fatal is not None:
            raise Stop  # whatever the code made of being unwound, it is not an outcome
        if lane.strays:
            lane.end_strays(calls)


def _whose_code(task: asyncio.Task[Any] | None) -> TaskCalls | None:
    """The context whose code a task runs, where it runs any: the one that asks."""
    context = CURRENT_CONTEXT.get(None)
    if task is not None and isinstance(context, AioContext) and context.calls.task is task:
        return context.calls
    return None


@coroutine
def _with_variables(variables: Context, running: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Run a coroutine in the task that awaits it, and yet with context variables of its own."""
    go_on: Callable[[Any], Any] = running.send
    value: Any = None
    try:
        while True:
            try:
                value = variables.run(go_on, value)
            except StopIteration as end:
                return end.value
            try:
                value = yield value
            except GeneratorExit:
                variables.run(running.close)
                raise
            except BaseException as error:  # noqa: BLE001  handed on, once nothing is being handled here
                go_on, value = running.throw, error
            else:
                go_on = running.send
    finally:
        del value, go_on  # an error's frames lead to here


def _checked(result: Any) -> Awaitable[Any]:  # noqa: ANN401  user code may return anything
    """What the code of a context returned, if it can be awaited."""
    if hasattr(result, "__await__"):
        awaitable: Awaitable[Any] = result
        return awaitable
    raise TypeError("it returned no coroutine, and the workflow is async: make both the same colour")
