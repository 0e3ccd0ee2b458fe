"""The driver of async workflows: operations are coroutines on one loop, and several may be open at a time.

A body that is `async def` is a task of its own; a plain one runs on the pool. The code of a child context is a task of
its own, and so is each open branch of a batch. When to send, suspend and end is decided elsewhere (`aio_watch`).
"""

from __future__ import annotations

import asyncio
from contextvars import Context, copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NoReturn, assert_never

from perdure import DurableCallRefused
from perdure.contexts import CURRENT_CONTEXT, CURRENT_STEP
from perdure_runtime.core.effects import Aside, Call, Commit, Enter, Fan, HandOver, Ok, Outcome, Park, Raised
from perdure_runtime.core.outbox import MOST_UPDATES
from perdure_runtime.drivers.aio_bodies import AioBodies
from perdure_runtime.drivers.aio_context import AioContext
from perdure_runtime.drivers.aio_lanes import AioFan, AioLane
from perdure_runtime.drivers.bodies import GRACE
from perdure_runtime.drivers.calls import result_of
from perdure_runtime.drivers.cancelled import cancelled_within
from perdure_runtime.drivers.durable_call import DurableCall
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.run import ELSEWHERE, ENDED, OTHER_CODE
from perdure_runtime.drivers.signals import Stop
from perdure_runtime.logs import SCOPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from perdure import Logger
    from perdure_runtime.core.effects import Op
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.drivers.aio_loop import Loop
    from perdure_runtime.drivers.aio_watch import Watch
    from perdure_runtime.drivers.calls import Asked, Calls, Setting
    from perdure_runtime.drivers.pool import Pool

__all__ = ["Aio"]

MOST_OPENED = 64
"""Branches opened before the loop is idle again."""


class Aio:
    """Interprets the effects of all open operations of one run."""

    def __init__(self, setting: Setting, watch: Watch, loop: Loop, pool: Pool, log: Logger) -> None:
        self._setting = setting
        self._run = setting.run
        self._watch = watch
        self._loop = loop
        self._bodies = AioBodies(loop, pool, log)
        self._unstarted: dict[DurableCall[Any], None] = {}
        self._open: dict[str, Identity] = {}
        self._hungry: dict[AioFan, None] = {}
        """Batches in which a branch may have room to begin."""
        self._drives = False
        """Whether an operation is being driven: policies and serdes that it asks must not call durable operations."""
        self._homes: set[asyncio.Task[Any]] = set()
        """Tasks that run the code of contexts just now."""
        watch.branches = self

    @property
    def unstarted(self) -> list[DurableCall[Any]]:
        """Operations that were asked for and never awaited, although their code went on to its end."""
        return [call for call in self._unstarted if not call.calls.home.is_cut_off]

    @property
    def cut_off(self) -> list[Identity]:
        """Operations that began and were not awaited to their end."""
        return list(self._open.values())

    def refusal(self, calls: Calls[Any]) -> str | None:
        """Why a call does not come from the task that runs its context's code, or None where it does."""
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop runs on this thread
            return ELSEWHERE
        if calls.task is not None and task is calls.task() and not self._drives:
            return None
        return OTHER_CODE if task in self._homes else ELSEWHERE

    def admit_anywhere(self, operation: str) -> None:
        """Let an operation begin that takes no place in the history: any task of the run may ask, and no thread."""
        self._run.refuse_inside_a_step(operation)
        if self._run.ended or asyncio._get_running_loop() is not self._loop:  # noqa: SLF001  the public question raises
            raise DurableCallRefused(operation, ELSEWHERE)

    async def enter_root(self, handler: Callable[..., Awaitable[Any]], event: object, scope: Scope) -> Any:  # noqa: ANN401  the handler's result
        """The workflow itself."""
        task = _this_task()
        self._homes.add(task)
        try:
            return await handler(event, self._context(AioLane(self._run), scope, task))
        finally:
            self._homes.discard(task)
            del task  # an error's frames lead to here

    def finish(self) -> None:
        """The handler has ended: bodies that nobody waits for have a last chance to end, too."""
        self._bodies.finish()
        self._watch.branches = None

    def perform(self, calls: Calls[AioLane], asked: Asked) -> DurableCall[Any]:
        """The operation as something to await."""
        call: DurableCall[Any] = DurableCall(self, calls, asked)
        self._unstarted[call] = None
        return call

    def begin(self, call: DurableCall[Any]) -> Coroutine[Any, Any, Any]:
        """The coroutine of an operation that is awaited now."""
        self.let_go(call)
        return self._drive(call.calls, call.asked)

    def let_go(self, call: DurableCall[Any]) -> None:
        """Whoever has asked for an operation has used it: awaited, or handed over to another one."""
        self._unstarted.pop(call, None)

    # Operations

    async def _drive(self, calls: Calls[AioLane], asked: Asked) -> Any:  # noqa: ANN401  typed by perdure.AsyncContext
        run, lane = self._run, calls.home
        identity = asked.identity
        if CURRENT_STEP.get(None) is not None:
            run.refuse_inside_a_step(f"the {identity}")
        if self._is_unwound(lane):
            self._refuse_when_closed(lane)
        self._open[identity.id] = identity
        lane.enter_stray(self._homes)
        operation = asked.driven()
        try:
            calls.begins(asked)
            outcome = await self._outcome(operation, lane)
            calls.ended(asked)
        except Exception as error:  # noqa: BLE001  user code's failures are outcomes: this is the service's, or ours
            run.fail(error)
            raise Stop from None
        finally:
            # One that has to wait is dropped where it stands; it holds its last failure, whose frames hold it.
            operation.close()
            lane.leave_stray()
            if lane.closed:
                self._open.pop(identity.id, None)
        self._open.pop(identity.id, None)
        try:
            return result_of(outcome)
        finally:
            del outcome

    def _refuse_when_closed(self, lane: AioLane) -> NoReturn:
        if self._run.stopping or self._run.fatal is not None or lane.is_cut_off:
            raise Stop
        raise DurableCallRefused("an operation", ENDED)

    async def _outcome(  # noqa: C901, PLR0912  one match over all effects
        self, operation: Op[Outcome[Any]], lane: AioLane, *, is_branch: bool = False
    ) -> Outcome[Any]:
        run, watch = self._run, self._watch
        reply: Any = None
        while not lane.closed:
            self._drives = True
            try:
                effect = operation.send(reply)
            except StopIteration as end:
                outcome: Outcome[Any] = end.value
                return outcome
            finally:
                self._drives = False
            reply = None
            match effect:
                case Commit(updates, due):
                    if ticket := run.committer.record(lane, updates, due):
                        await watch.acknowledged(ticket)
                case Call():
                    while ticket := run.committer.before(lane, effect):  # more may have become due meanwhile
                        await watch.acknowledged(ticket)
                    reply = await self._call(lane, effect)
                case Enter(body, scope):
                    inner = AioLane(run, lane)
                    entered = self._entered(inner, body, scope)
                    # A branch has a task already. Elsewhere, what the code sets in a ContextVar must not leak.
                    reply = await (entered if is_branch else self._loop.create_task(entered))
                    lane.owed = max(lane.owed, inner.owed)
                case Fan():
                    await self._fan(effect, lane)
                case Park(operation_id, wake):
                    await watch.moved(operation_id, wake)
                case HandOver():
                    await watch.handed_over()
                case Aside(work):
                    reply = await self._done_aside(work)
                case _:
                    assert_never(effect)
        raise Stop

    async def _call(self, lane: AioLane, call: Call) -> Outcome[object]:
        run = self._run
        run.worked = True
        run.activity.bodies += 1
        variables = copy_context()
        task: asyncio.Task[Any] | None = None
        failed: Exception | None = None
        try:
            if call.is_async:
                result = variables.run(call.body, call.attempt)
            else:
                outcome = await self._bodies.on_pool(variables, call.body, call.attempt)
                if isinstance(outcome, Raised):
                    return outcome
                result = outcome.value
            if isinstance(result, CoroutineType):
                task = self._loop.begin(result, variables)
                if (failed := _failure(task)) is not None:
                    return Raised(without_engine_frames(failed))
                result = await task
            return Ok(result)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            return Raised(without_engine_frames(error))
        except asyncio.CancelledError:
            if self._is_cancelled(lane):
                raise
            return Raised(cancelled_within())
        finally:
            run.activity.bodies -= 1
            del task, failed  # the frames of a body that began here lead back to here

    async def _done_aside(self, work: Callable[[], object]) -> Outcome[object]:
        """The outcome of work that waits for something elsewhere; the loop goes on meanwhile."""
        activity = self._run.activity
        activity.bodies += 1
        try:
            return await self._bodies.on_pool(copy_context(), lambda _: work(), 0)
        finally:
            activity.bodies -= 1

    def _is_cancelled(self, lane: AioLane) -> bool:
        task = asyncio.current_task()
        return self._run.stopping or lane.closed or task is None or task.cancelling() > 0

    # Contexts

    def _context(self, lane: AioLane, scope: Scope, task: asyncio.Task[Any]) -> AioContext:
        context = AioContext(self._setting, scope, lane, task, self)
        CURRENT_CONTEXT.set(context)
        SCOPE.set(context.calls)
        return context

    async def _entered(self, lane: AioLane, body: Callable[[Any], object], scope: Scope) -> Outcome[Any]:
        """The outcome of the code of a context; an error is kept in no local, because its frames lead to this one."""
        task = _this_task()
        self._homes.add(task)
        try:
            result: Any = body(self._context(lane, scope, task))
            value = await _checked(result)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            self._end(lane)
            return Raised(without_engine_frames(error))
        except asyncio.CancelledError:
            if self._is_cancelled(lane):
                raise
            self._end(lane)
            return Raised(cancelled_within())
        except BaseExceptionGroup:  # a TaskGroup wraps what its tasks were unwound with
            if not self._is_unwound(lane):
                raise
            raise Stop from None
        finally:
            self._homes.discard(task)
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

    # Branches

    async def _fan(self, effect: Fan, lane: AioLane) -> None:
        """Run branches until their batch is decided."""
        fan = AioFan(effect, lane, copy_context(), self._loop.create_future())
        self._hungry[fan] = None
        try:
            self._open_in(fan, MOST_OPENED)
            await fan.decided
        finally:
            self._settle(fan)
            # Branches end before the code around them goes on, or is unwound itself.
            tasks = [task for branch in fan.lanes.values() if (task := branch.give_task()) is not None]
            fan.lanes.clear()
            await self._ended(tasks)
            del tasks  # a cancelled task's error leads back to here

    async def _ended(self, tasks: list[asyncio.Task[Any]]) -> None:
        """Give cancelled branches a moment to end; what holds on is left to the end of the invocation."""
        left = [task for task in tasks if not task.done()]
        if left:
            activity = self._run.activity
            activity.bodies += 1
            try:
                await asyncio.wait(left, timeout=GRACE)
            finally:
                activity.bodies -= 1

    def open_branches(self) -> bool:
        """Open branches where there is room, some at a time: those opened first may be done before the last begins."""
        opened = 0
        for fan in tuple(self._hungry):
            opened += self._open_in(fan, MOST_OPENED - opened)
        return opened > 0

    def _open_in(self, fan: AioFan, most: int) -> int:
        opened = 0
        tally, committer = fan.effect.tally, self._run.committer
        while tally.has_room and opened < most and committer.waiting < MOST_UPDATES:
            index = tally.begin()
            opened += 1
            if tally.decided:
                self._settle(fan)
                return opened
            lane = fan.lanes[index] = AioLane(self._run, fan.lane)
            variables: Context = fan.variables.copy()
            lane.task = self._loop.create_task(self._branch(fan, index, lane), context=variables)
        if not tally.has_room:
            self._hungry.pop(fan, None)
        return opened

    def _settle(self, fan: AioFan, error: BaseException | None = None) -> None:
        self._hungry.pop(fan, None)
        fan.settle(error)

    def is_held_up(self) -> bool:
        """Whether branches could begin, were there not so much to be sent before."""
        return self._run.committer.waiting >= MOST_UPDATES and bool(self._hungry)

    async def _branch(self, fan: AioFan, index: int, lane: AioLane) -> None:
        try:
            operation = fan.effect.make(index)
            try:
                outcome = await self._outcome(operation, lane, is_branch=True)
            finally:
                operation.close()
        except asyncio.CancelledError:
            if self._run.stopping or lane.closed:
                raise
            outcome = Raised(cancelled_within())
        except Stop:
            if not lane.closed:
                self._settle(fan, Stop())
            return
        except BaseException as error:  # noqa: BLE001  of ours, of the service's, or the process is to end
            if isinstance(error, Exception):
                self._run.fail(error)
                error = Stop()
            self._settle(fan, error)
            return
        if lane.closed:
            return
        del fan.lanes[index]
        lane.task = None
        lane.end()
        fan.lane.owed = max(fan.lane.owed, lane.owed)
        fan.effect.tally.end(index, outcome)
        if fan.effect.tally.decided:
            self._settle(fan)
        elif fan.effect.tally.has_room:
            self._hungry[fan] = None


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  only coroutines ask
    return task


def _failure(task: asyncio.Task[Any]) -> Exception | None:
    """What a task has raised already; raised once more by the task that awaits it, it would lose its context."""
    if not task.done() or task.cancelled():
        return None
    error = task.exception()
    return error if isinstance(error, Exception) else None


def _checked(result: Any) -> Awaitable[Any]:  # noqa: ANN401  user code may return anything
    """What the code of a context returned, if it can be awaited."""
    if hasattr(result, "__await__"):
        awaitable: Awaitable[Any] = result
        return awaitable
    raise TypeError("it returned no coroutine, and the workflow is async: make both the same colour")
