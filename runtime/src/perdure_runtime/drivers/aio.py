"""The driver of async workflows: operations are coroutines on one loop, and several may be open at a time.

A body that is `async def` is a task of its own; a plain one runs on the pool. When to send, suspend and end is decided
elsewhere (`aio_watch`).
"""

from __future__ import annotations

import asyncio
from contextvars import Context, copy_context
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, assert_never

from perdure.contexts import CURRENT_STEP
from perdure_runtime.core.effects import Call, Commit, Ok, Outcome, Park, Raised
from perdure_runtime.drivers.aio_loop import cancelled_within
from perdure_runtime.drivers.calls import result_of
from perdure_runtime.drivers.durable_call import DurableCall
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.running_step import RunningStep
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from perdure import Logger
    from perdure_runtime.core.effects import Op
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.drivers.aio_loop import Loop
    from perdure_runtime.drivers.aio_watch import Watch
    from perdure_runtime.drivers.calls import Asked, Calls
    from perdure_runtime.drivers.pool import Pool
    from perdure_runtime.drivers.run import Run

__all__ = ["Aio"]


class Aio:
    """Interprets the effects of all open operations of one run."""

    def __init__(self, run: Run, watch: Watch, loop: Loop, pool: Pool, log: Logger) -> None:
        self._run = run
        self._watch = watch
        self._loop = loop
        self._pool = pool
        self._log = log
        self._unstarted: dict[int, DurableCall[Any]] = {}
        self._open: dict[str, Identity] = {}

    @property
    def unstarted(self) -> list[DurableCall[Any]]:
        """Operations that were asked for and never awaited."""
        return list(self._unstarted.values())

    @property
    def cut_off(self) -> list[Identity]:
        """Operations that began and were not awaited to their end."""
        return list(self._open.values())

    def perform(self, calls: Calls, asked: Asked) -> DurableCall[Any]:
        """The operation as something to await."""

        def begin(call: DurableCall[Any]) -> Coroutine[Any, Any, Any]:
            self._unstarted.pop(id(call), None)
            return self._drive(calls, asked)

        call: DurableCall[Any] = DurableCall(asked.identity, begin)
        self._unstarted[id(call)] = call
        return call

    # Operations

    async def _drive(self, calls: Calls, asked: Asked) -> Any:  # noqa: ANN401  typed by perdure.AsyncContext
        run = self._run
        if run.stopping:
            raise Stop
        if run.fatal is not None:
            raise run.fatal
        self._open[asked.identity.id] = asked.identity
        try:
            calls.begins(asked)
            outcome = await self._outcome(asked.operation)
            calls.ended(asked)
        except Exception as error:  # noqa: BLE001  user code's failures are outcomes: this is the service's, or ours
            run.fail(error)
            raise Stop from None
        finally:
            # One that has to wait is dropped where it stands; it holds its last failure, whose frames hold it.
            asked.operation.close()
        del self._open[asked.identity.id]
        try:
            return result_of(outcome)
        finally:
            del outcome

    async def _outcome(self, operation: Op[Outcome[Any]]) -> Outcome[Any]:
        reply: Any = None
        while True:
            try:
                effect = operation.send(reply)
            except StopIteration as end:
                outcome: Outcome[Any] = end.value
                return outcome
            match effect:
                case Commit(updates, durable):
                    await self._commit(updates, durable=durable)
                    reply = None
                case Call(body, attempt, is_async):
                    reply = await self._call(body, attempt, is_async=is_async)
                case Park(operation_id, wake):
                    await self._watch.moved(operation_id, wake)
                    reply = None
                case _:
                    assert_never(effect)

    async def _commit(self, updates: tuple[dict[str, Any], ...], *, durable: bool) -> None:
        ticket = self._run.committer.push(updates, durable=durable)
        if durable:
            await self._watch.acknowledged(ticket)

    async def _call(self, body: Callable[[int], object], attempt: int, *, is_async: bool) -> Outcome[object]:
        activity = self._run.activity
        activity.bodies += 1
        context = copy_context()
        try:
            if is_async:
                result = context.run(body, attempt)
            else:
                outcome = await self._on_pool(context, body, attempt)
                if isinstance(outcome, Raised):
                    return outcome
                result = outcome.value
            if isinstance(result, CoroutineType):
                result = await self._loop.create_task(result, context=context)
            return Ok(result)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            return Raised(without_engine_frames(error))
        except asyncio.CancelledError:
            if self._is_cancelled():
                raise
            return Raised(cancelled_within())
        finally:
            activity.bodies -= 1

    def _is_cancelled(self) -> bool:
        task = asyncio.current_task()
        return self._run.stopping or task is None or task.cancelling() > 0

    async def _on_pool(self, context: Context, body: Callable[[int], object], attempt: int) -> Outcome[object]:
        future: asyncio.Future[Outcome[object]] = self._loop.create_future()
        job = self._pool.submit(partial(_run_on_thread, future, partial(context.run, body, attempt)))
        try:
            outcome = await future
        except asyncio.CancelledError:
            if self._pool.give_up(job):
                info = context.get(CURRENT_STEP)
                if isinstance(info, RunningStep):
                    info.cancelled = True
                    self._log.warning("a step's body goes on by itself, its result is dropped", step=info.name)
            raise
        try:
            if isinstance(outcome, Raised) and not isinstance(outcome.error, Exception):
                raise outcome.error
            return outcome
        finally:
            del outcome, future  # breaks the cycle of exception, traceback and frame


def _run_on_thread(future: asyncio.Future[Outcome[object]], body: Callable[[], object]) -> None:
    """What a thread of the pool does with a body: run it, and hand the outcome to the loop."""
    try:
        outcome: Outcome[object] = Ok(body())
    except BaseException as error:  # noqa: BLE001  told to the loop's thread, which decides
        outcome = Raised(without_engine_frames(error))  # type: ignore[arg-type]
    future.get_loop().call_soon_threadsafe(_deliver, future, outcome)
    del outcome, future  # the error's frames lead back to here


def _deliver(future: asyncio.Future[Outcome[object]], outcome: Outcome[object]) -> None:
    if not future.done():
        future.set_result(outcome)
