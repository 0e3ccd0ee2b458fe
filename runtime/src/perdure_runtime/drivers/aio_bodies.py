"""Plain step bodies of an async workflow: they run on threads of the pool, and the loop hears of their end.

A thread cannot be interrupted. The body of a step that was cancelled sees `cancelled`, has a short grace at the end of
the invocation, and then goes on by itself; its result is dropped, and it is logged.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from perdure.contexts import CURRENT_STEP
from perdure_runtime.core.effects import Ok, Outcome, Raised
from perdure_runtime.drivers.bodies import CODEC_GOES_ON
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.run import GRACE
from perdure_runtime.drivers.running_step import RunningStep

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from perdure import Logger, StepInfo
    from perdure_runtime.drivers.aio_loop import Loop
    from perdure_runtime.drivers.pool import Job, Pool

__all__ = ["AioBodies"]

LOOK = 0.005


class AioBodies:
    """The plain bodies of one run."""

    def __init__(self, loop: Loop, pool: Pool, log: Logger) -> None:
        self._loop = loop
        self._pool = pool
        self._log = log
        self._let_go: list[tuple[Job, StepInfo | None]] = []
        self._ended: deque[tuple[asyncio.Future[Outcome[object]], Outcome[object]]] = deque()
        self._rung = False
        """Whether the loop has been told of what has ended, and not looked yet."""

    async def on_pool(self, variables: Context, body: Callable[[int], object], attempt: int) -> Outcome[object]:
        """Run a body on a thread."""
        future: asyncio.Future[Outcome[object]] = self._loop.create_future()
        job = self._pool.submit(partial(self._run_on_thread, future, partial(variables.run, body, attempt)))
        try:
            outcome = await future
        except asyncio.CancelledError:
            info = variables.get(CURRENT_STEP)
            if isinstance(info, RunningStep):
                info.cancelled = True
            self._loop.call_soon(self._pool.begin)  # once all that are cancelled now have been given up
            if self._pool.give_up(job):
                self._let_go.append((job, info))
            raise
        try:
            if isinstance(outcome, Raised) and not isinstance(outcome.error, Exception):
                raise outcome.error
            return outcome
        finally:
            del outcome, future  # breaks the cycle of exception, traceback and frame

    def _run_on_thread(self, future: asyncio.Future[Outcome[object]], body: Callable[[], object]) -> None:
        """What a thread of the pool does with a body: run it, and hand the outcome to the loop."""
        try:
            outcome: Outcome[object] = Ok(body())
        except BaseException as error:  # noqa: BLE001  told to the loop's thread, which decides
            outcome = Raised(without_engine_frames(error))  # type: ignore[arg-type]
        self._ended.append((future, outcome))
        del outcome, future  # the error's frames lead back to here
        if not self._rung:  # waking the loop costs more than a quick body: once for all that end until it looks
            self._rung = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._rung = False  # first: whoever comes later rings again
        while self._ended:
            future, outcome = self._ended.popleft()
            if not future.done():
                future.set_result(outcome)

    def finish(self) -> None:
        """The handler has ended; what still runs after a grace is logged."""
        deadline = time.monotonic() + GRACE
        while any(job.running for job, _ in self._let_go) and time.monotonic() < deadline:
            time.sleep(LOOK)
        for job, info in self._let_go:
            if not job.running:
                continue
            if info is None:
                self._log.warning(CODEC_GOES_ON)
            else:
                self._log.warning("a step's body goes on by itself, its result is dropped", step=info.name)
        self._let_go.clear()
