"""The driver of async workflows: operations are coroutines on one loop, and several may be open at a time.

An operation goes on, in `go_on`, for as long as its effects need no waiting, and only then is its task let go. A body
that is `async def` is a task of its own; a plain one runs on the pool. Each open branch of a batch is a task of its own
(`aio_branches`); the code of a child context runs in the task that awaits it, with context variables of its own. When
to send, suspend and end is decided elsewhere (`aio_watch`).
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from types import coroutine
from typing import TYPE_CHECKING, Any, NoReturn, assert_never

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
from perdure_runtime.drivers.aio_context import AioContext
from perdure_runtime.drivers.aio_lanes import AioLane
from perdure_runtime.drivers.calls import result_of
from perdure_runtime.drivers.cancelled import cancelled_within
from perdure_runtime.drivers.durable_call import DurableCall
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.run import ELSEWHERE, ENDED, OTHER_CODE
from perdure_runtime.drivers.signals import Stop
from perdure_runtime.logs import SCOPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator
    from contextvars import Context

    from perdure_runtime.core.effects import Begun, Effect, Op
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.drivers.aio_bodies import AioBodies
    from perdure_runtime.drivers.aio_branches import AioBranches
    from perdure_runtime.drivers.aio_loop import Loop
    from perdure_runtime.drivers.aio_watch import Watch
    from perdure_runtime.drivers.calls import Asked, Calls, Setting

__all__ = ["Aio"]

DEEPEST_IN_A_TASK = 16
"""Contexts inside each other that share a task; with each, the stack grows that a task goes on with."""


class Aio:
    """Interprets the effects of all open operations of one run."""

    def __init__(self, setting: Setting, watch: Watch, loop: Loop, make_bodies: Callable[[], AioBodies]) -> None:
        self._setting = setting
        self._run = setting.run
        self._watch = watch
        self._loop = loop
        self._calls = AioCalls(setting.run, watch, loop, make_bodies)
        self._pending: dict[DurableCall[Any], None] = {}
        """Operations that were asked for and have not come to their end."""
        self._drives = False
        """Whether an operation is being driven: policies and serdes that it asks must not call durable operations."""
        self._speakers: dict[asyncio.Task[Any] | None, Calls[AioLane]] = {}
        """The context whose code a task runs just now."""
        self._branches: AioBranches | None = None

    @property
    def unstarted(self) -> list[DurableCall[Any]]:
        """Operations that were asked for and never awaited, although their code went on to its end."""
        return [call for call in self._pending if call.is_new and not call.calls.home.is_cut_off]

    @property
    def cut_off(self) -> list[Identity]:
        """Operations that began and were not awaited to their end."""
        return [call.identity for call in self._pending if not call.is_new]

    def refusal(self, calls: Calls[Any]) -> str | None:
        """Why a call does not come from the task that runs its context's code, or None where it does."""
        try:
            speaker = self._speakers.get(asyncio.current_task())
        except RuntimeError:  # no loop runs on this thread
            return ELSEWHERE
        if speaker is calls and not self._drives:
            return None
        return ELSEWHERE if speaker is None else OTHER_CODE

    def admit_anywhere(self, operation: str) -> None:
        """Let an operation begin that takes no place in the history: any task of the run may ask, and no thread."""
        self._run.refuse_inside_a_step(operation)
        if self._run.ended or asyncio._get_running_loop() is not self._loop:  # noqa: SLF001  the public question raises
            raise DurableCallRefused(operation, ELSEWHERE)

    async def enter_root(self, handler: Callable[..., Awaitable[Any]], event: object, scope: Scope) -> Any:  # noqa: ANN401  the handler's result
        """The workflow itself."""
        task = _this_task()
        context = self._context(AioLane(self._run), scope)
        self._speakers[task] = context.calls
        try:
            return await handler(event, context)
        finally:
            del self._speakers[task]
            del task  # an error's frames lead to here

    def finish(self) -> None:
        """The handler has ended: bodies that nobody waits for have a last chance to end, too."""
        self._calls.finish()
        self._watch.branches = None

    def perform(self, calls: Calls[AioLane], asked: Asked) -> DurableCall[Any]:
        """The operation as something to await."""
        call: DurableCall[Any] = DurableCall(self, calls, asked)
        self._pending[call] = None
        return call

    def drive(self, call: DurableCall[Any]) -> Generator[Any, Any, Any]:
        """The operation of a call that is awaited now, to its end: its result, or what it raises."""
        run, calls, asked = self._run, call.calls, call.asked
        lane: AioLane = calls.home
        if CURRENT_STEP.get(None) is not None:
            self.let_go(call)
            run.refuse_inside_a_step(f"the {call.identity}")
        if run.stopping or lane.closed or run.fatal is not None:
            self.let_go(call)
            self._refuse_when_closed(lane)
        self._drives = True
        try:
            begun = asked.begin()
            if isinstance(begun, OUTCOMES):
                calls.scope.passed = calls.scope.count
            else:
                calls.begins(asked)
        except Exception as error:  # noqa: BLE001  user code's failures are outcomes: this is the service's, or ours
            run.fail(error)
            raise Stop from None
        finally:
            self._drives = False
        outcome = begun if isinstance(begun, OUTCOMES) else (yield from self._driven(call, lane, begun))
        self.let_go(call)
        if isinstance(outcome, Ok):
            return outcome.value
        try:
            return result_of(outcome)
        finally:
            del begun, outcome

    def let_go(self, call: DurableCall[Any]) -> None:
        """Nobody awaits this operation any more."""
        self._pending.pop(call, None)

    def _refuse_when_closed(self, lane: AioLane) -> NoReturn:
        if self._run.stopping or self._run.fatal is not None or lane.is_cut_off:
            raise Stop
        raise DurableCallRefused("an operation", ENDED)

    # Operations

    def _driven(
        self, call: DurableCall[Any], lane: AioLane, operation: Op[Outcome[Any]]
    ) -> Generator[Any, Any, Outcome[Any]]:
        stray = asyncio.current_task()
        if stray in self._speakers:
            stray = None
        elif stray is not None:
            lane.enter_stray(stray)
        try:
            turn = self.begin(operation)
            outcome = turn if isinstance(turn, OUTCOMES) else (yield from self.go_on(operation, lane, turn))
            call.calls.ended(call.asked)
        except Exception as error:  # noqa: BLE001  see `drive`
            self._run.fail(error)
            raise Stop from None
        finally:
            # One that has to wait is dropped where it stands; it holds its last failure, whose frames hold it.
            operation.close()
            if stray is not None:
                lane.leave_stray(stray)
            if lane.closed:
                self.let_go(call)
        try:
            return outcome
        finally:
            del outcome, turn  # a failure's frames may lead to this one

    def begin_branch(self, make: Callable[[int], Begun[Any]], index: int) -> Begun[Any]:
        """A branch's outcome where that is recorded, else what has to be driven."""
        self._drives = True
        try:
            return make(index)
        finally:
            self._drives = False

    def begin(self, operation: Op[Outcome[Any]]) -> Effect | Outcome[Any]:
        """What an operation asks for first, or comes to at once."""
        self._drives = True
        try:
            return next(operation)
        except StopIteration as end:
            outcome: Outcome[Any] = end.value
            return outcome
        finally:
            self._drives = False

    @coroutine
    def go_on(
        self, operation: Op[Outcome[Any]], lane: AioLane, turn: Effect, *, in_branch: bool = False
    ) -> Generator[Any, Any, Any]:
        """Drive an operation from its first effect to its outcome; raises `Stop` where it does not go on."""
        committer = self._run.committer
        reply: Any = None
        try:
            while True:
                waits: Any = None
                if isinstance(turn, Commit):
                    waits = self._watch.acknowledged(turn.ticket)
                elif isinstance(turn, Call):
                    while ticket := committer.before(lane, turn):  # more may have become due meanwhile
                        yield from self._watch.acknowledged(ticket)
                        lane.check(in_branch=in_branch)
                    reply = self._calls.begin(lane, turn)
                    if not isinstance(reply, OUTCOMES):
                        waits = reply
                else:
                    waits = self._begun(turn, lane, in_branch=in_branch)
                if waits is not None:
                    reply = yield from waits
                    lane.check(in_branch=in_branch)
                self._drives = True
                try:
                    turn = operation.send(reply)
                except StopIteration as end:
                    return end.value
                finally:
                    self._drives = False
                reply = None
        finally:
            del reply, turn, waits  # a failure's frames may lead to this one

    def _begun(
        self, effect: Enter | Fan | Park | HandOver | Aside[Any], lane: AioLane, *, in_branch: bool
    ) -> Awaitable[Any]:
        if isinstance(effect, Enter):
            if in_branch and not lane.closed:  # its task is its own, and so are its context variables
                return self._entered(lane, effect.body, effect.scope)
            entered = self._entered_inside(lane, effect.body, effect.scope)
            if effect.scope.depth % DEEPEST_IN_A_TASK == 0:
                return self._loop.create_task(entered)
            # What the code sets in a ContextVar must not leak.
            return _with_variables(copy_context(), entered)
        if isinstance(effect, Park):
            return self._watch.moved(effect.operation_id, effect.wake)
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

    def _context(self, lane: AioLane, scope: Scope) -> AioContext:
        context = AioContext(self._setting, scope, lane, self)
        CURRENT_CONTEXT.set(context)
        SCOPE.set(context.calls)
        return context

    async def _entered_inside(self, around: AioLane, body: Callable[[Any], object], scope: Scope) -> Outcome[Any]:
        lane = AioLane(self._run, around)
        try:
            return await self._entered(lane, body, scope)
        finally:
            lane.leave()

    async def _entered(self, lane: AioLane, body: Callable[[Any], object], scope: Scope) -> Outcome[Any]:
        """The outcome of the code of a context; an error is kept in no local, because its frames lead to this one."""
        task = _this_task()
        speakers, context = self._speakers, self._context(lane, scope)
        around = speakers.get(task)
        speakers[task] = context.calls
        try:
            result: Any = body(context)
            value = await _checked(result)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            self._end(lane)
            return Raised(without_engine_frames(error))
        except asyncio.CancelledError:
            if is_cancelled(self._run, lane):
                raise
            self._end(lane)
            return Raised(cancelled_within())
        except BaseExceptionGroup:  # a TaskGroup wraps what its tasks were unwound with
            if not self._is_unwound(lane):
                raise
            raise Stop from None
        finally:
            if around is None:
                del speakers[task]
            else:
                speakers[task] = around
            del task  # an error's frames lead to here
        self._end(lane)
        return Ok(value)

    def _end(self, lane: AioLane) -> None:
        """The code of a context is through; operations that it did not wait for record nothing after its outcome."""
        if self._is_unwound(lane):
            raise Stop  # whatever the code made of being unwound, it is not an outcome
        lane.end()

    def _is_unwound(self, lane: AioLane) -> bool:
        run = self._run
        return run.stopping or lane.closed or run.fatal is not None


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  only coroutines ask
    return task


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
