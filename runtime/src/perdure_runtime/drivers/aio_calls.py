"""What runs beside the operations of an async workflow: the bodies of its steps, and waiting work of the engine's own.

A body that is `async def` is a task of its own, which goes as far as it gets at once, where Python can do that: most
bodies do not wait. A plain one runs on the pool.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from perdure_runtime.core.effects import Call, Ok, Outcome, Raised
from perdure_runtime.drivers.cancelled import cancelled_within
from perdure_runtime.drivers.frames import without_engine_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context

    from perdure_runtime.drivers.aio_bodies import AioBodies
    from perdure_runtime.drivers.aio_lanes import AioLane
    from perdure_runtime.drivers.aio_loop import Loop
    from perdure_runtime.drivers.aio_watch import Watch
    from perdure_runtime.drivers.run import Run
    from perdure_runtime.host import Host

__all__ = ["AioCalls", "is_cancelled"]


class AioCalls:
    """Makes the calls that the operations of one run ask for."""

    _pooled: AioBodies | None = None
    """Those that threads work on, once there have been any."""

    def __init__(self, run: Run, watch: Watch, loop: Loop, host: Host) -> None:
        self._run = run
        self._watch = watch
        self._loop = loop
        self._host = host

    def finish(self) -> None:
        """The handler has ended: bodies that nobody waits for have a last chance to end, too."""
        if self._pooled is not None:
            self._pooled.finish()

    def begin(self, lane: AioLane, call: Call) -> Outcome[Any] | Coroutine[Any, Any, Outcome[Any]]:
        """What a body comes to; where it has to be waited for, something to await."""
        self._run.worked = True
        variables = copy_context()
        if not call.is_async:
            return self._on_pool(lane, call, variables)
        task: asyncio.Task[Any] | None = None
        error: BaseException | None = None
        try:
            result = variables.run(call.body, call.attempt)
            if not isinstance(result, CoroutineType):
                return Ok(result)
            task = self._loop.begin(result, variables)
            if not task.done() or task.cancelled():
                return self._ending(lane, task)
            if (error := task.exception()) is None:
                return Ok(task.result())
            if isinstance(error, Exception):  # awaited, it would lose its context
                return Raised(without_engine_frames(error))
            return self._ending(lane, task)
        except Exception as refused:  # noqa: BLE001  user code may raise anything
            return Raised(without_engine_frames(refused))
        finally:
            del task, error  # the frames of a body that began here lead back to here

    async def _ending(self, lane: AioLane, task: asyncio.Task[Any]) -> Outcome[Any]:
        """What the task of a body comes to."""
        activity = self._run.activity
        activity.bodies += 1
        try:
            return Ok(await task)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            return Raised(without_engine_frames(error))
        except asyncio.CancelledError:
            if is_cancelled(self._run, lane):
                raise
            return Raised(cancelled_within())
        finally:
            activity.bodies -= 1
            del task  # what it ended with leads back to here

    async def _on_pool(self, lane: AioLane, call: Call, variables: Context) -> Outcome[Any]:
        """What a plain body comes to; and what it returns, should that be a coroutine after all."""
        activity = self._run.activity
        activity.bodies += 1
        try:
            outcome = await self._threads().on_pool(variables, call.body, call.attempt)
        except Exception as error:  # noqa: BLE001  no thread is to be had
            return Raised(without_engine_frames(error))
        except asyncio.CancelledError:
            if is_cancelled(self._run, lane):
                raise
            return Raised(cancelled_within())
        finally:
            activity.bodies -= 1
        if isinstance(outcome, Ok) and isinstance(outcome.value, CoroutineType):
            return await self._ending(lane, self._loop.create_task(outcome.value, context=variables))
        return outcome

    def _threads(self) -> AioBodies:
        if self._pooled is None:
            from perdure_runtime.drivers.aio_bodies import AioBodies  # threads, only where plain bodies are

            self._pooled = AioBodies(self._loop, self._host.pool, self._watch.log)
        return self._pooled

    async def aside(self, work: Callable[[], object]) -> Outcome[object]:
        """The outcome of work that waits for something elsewhere; the loop goes on meanwhile."""
        activity = self._run.activity
        activity.bodies += 1
        try:
            return await self._threads().on_pool(copy_context(), lambda _: work(), 0)
        finally:
            activity.bodies -= 1


def is_cancelled(run: Run, lane: AioLane) -> bool:
    """Whether a cancellation that is seen now is meant for the task that sees it; code may raise one unasked."""
    task = asyncio.current_task()
    return run.stopping or lane.closed or task is None or task.cancelling() > 0
