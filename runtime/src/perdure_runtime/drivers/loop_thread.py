"""Async bodies of a workflow that is written as plain functions, while several of its branches are open.

They run on the one loop of the process, which for that time turns on a thread of its own: the workflow's thread
belongs to the hub. What a library has bound to the loop stays usable.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from perdure_runtime.core.effects import Call, Ok, Outcome, Raised
from perdure_runtime.drivers.aio_loop import GRACE, leave_loop, the_loop
from perdure_runtime.drivers.cancelled import cancelled_within
from perdure_runtime.drivers.frames import raise_again, without_engine_frames
from perdure_runtime.drivers.signals import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context

__all__ = ["LoopBody", "LoopThread"]


class LoopBody:
    """One async body."""

    __slots__ = ("_cancelled", "_loop", "task")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._cancelled = False
        self.task: asyncio.Task[Any] | None = None

    def begin(self, call: Call, variables: Context, come: Callable[[Outcome[Any] | Broken], None]) -> None:
        """On the loop's thread: make a task of the body."""
        if self._cancelled:
            return
        try:
            coroutine: Any = variables.run(call.body, call.attempt)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            come(Raised(without_engine_frames(error)))
            return
        self.task = self._loop.create_task(coroutine, context=variables)
        self.task.add_done_callback(partial(_told, come))

    def cancel(self) -> None:
        """Nobody waits for it any more; from any thread."""
        self._cancelled = True
        self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()


class LoopThread:
    """The process's loop on a thread of its own, for as long as the batches of one invocation need it."""

    def __init__(self) -> None:
        self._loop = the_loop()
        self._thread = threading.Thread(target=self._turn, name="perdure-loop", daemon=True)
        self._stopping = False
        self._thread.start()

    def _turn(self) -> None:
        while not self._stopping:
            # What is to end the process passes through the loop; the body's outcome says so to the workflow's thread.
            with suppress(SystemExit, KeyboardInterrupt):
                self._loop.run_forever()

    def start(self, call: Call, variables: Context, come: Callable[[Outcome[Any] | Broken], None]) -> LoopBody:
        """Run an async body; `come` is called with its outcome, on the loop's thread."""
        body = LoopBody(self._loop)
        self._loop.call_soon_threadsafe(body.begin, call, variables, come)
        return body

    def run(self, coroutine: Coroutine[Any, Any, Any], variables: Context) -> Any:  # noqa: ANN401  the body's result
        """Run a coroutine to its end for another thread, which waits for it."""
        future = asyncio.run_coroutine_threadsafe(_within(coroutine, variables), self._loop)
        try:
            outcome = future.result()
        except asyncio.CancelledError:
            raise cancelled_within() from None
        try:
            return outcome.value if isinstance(outcome, Ok) else raise_again(outcome.error)
        finally:
            del outcome, future  # breaks the cycle of exception, traceback and frame

    def finish(self) -> None:
        """Stop turning, and end what is left on the loop; a loop that will not stop is left to itself."""
        self._stopping = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GRACE)
        if self._thread.is_alive():
            leave_loop()
        else:
            self._loop.sweep()


async def _within(coroutine: Coroutine[Any, Any, Any], variables: Context) -> Outcome[Any]:
    """What a coroutine comes to; a future of another thread would make a `TimeoutError` anew, without its causes."""
    try:
        return Ok(await asyncio.get_running_loop().create_task(coroutine, context=variables))
    except Exception as error:  # noqa: BLE001  user code may raise anything
        return Raised(error)


def _told(come: Callable[[Outcome[Any] | Broken], None], task: asyncio.Task[Any]) -> None:
    if task.cancelled():
        come(Raised(cancelled_within()))
    elif (error := task.exception()) is None:
        come(Ok(task.result()))
    else:
        come(Raised(without_engine_frames(error)) if isinstance(error, Exception) else Broken(error))
