"""Step bodies of several lines of work: on threads of the pool, or on a loop where they are async.

A body whose branch was closed is not interrupted, because a thread cannot be: its step sees `cancelled`, it gets a
short grace at the end of the invocation, and then it goes on by itself and its result is dropped. Nothing else of a
workflow outlives an invocation, so each such body is logged. An async body is cancelled like any task.
"""

from __future__ import annotations

import time
from _thread import allocate_lock
from collections import deque
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from perdure.contexts import CURRENT_STEP
from perdure_runtime.core.effects import Call, Ok, Outcome, Raised
from perdure_runtime.drivers.frames import without_engine_frames
from perdure_runtime.drivers.pool import Job
from perdure_runtime.drivers.run import GRACE
from perdure_runtime.drivers.running_step import RunningStep
from perdure_runtime.drivers.signals import Broken

if TYPE_CHECKING:
    from contextvars import Context

    from perdure import Logger
    from perdure_runtime.core.quiescence import Activity
    from perdure_runtime.drivers.lanes import Lane
    from perdure_runtime.drivers.loop_thread import LoopBody, LoopThread
    from perdure_runtime.drivers.pool import Pool

__all__ = ["CODEC_GOES_ON", "Bodies", "Body"]

CODEC_GOES_ON = "a codec's request goes on by itself, its result is dropped"


class Body(Job):
    """One body that runs, or waits for a thread; or, where it is async, has been handed to the loop."""

    on_loop: LoopBody | None = None

    def __init__(self, bodies: Bodies, lane: Lane, call: Call, variables: Context) -> None:
        self._bodies = bodies
        self.lane = lane
        self.call = call
        self.variables = variables
        self.running = self.ended = False

    def run(self) -> None:
        """What a thread of the pool does."""
        outcome: Outcome[Any] | Broken
        try:
            result = self.variables.run(self.call.body, self.call.attempt)
            if type(result) is CoroutineType:  # what did not look like a coroutine function
                result = self._bodies.the_loop().run(result, self.variables)
            outcome = Ok(result)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            outcome = Raised(without_engine_frames(error))
        except BaseException as error:  # noqa: BLE001  raised again by the hub
            from perdure_runtime.drivers.cancelled import cancelled_within, is_cancellation  # hardly any code does this

            outcome = Raised(cancelled_within()) if is_cancellation(error) else Broken(error)
        self._bodies.end(self, outcome)
        del outcome  # the error's frames lead back to here


class Bodies:
    """All bodies of one run."""

    def __init__(self, pool: Pool, log: Logger, activity: Activity) -> None:
        self._pool = pool
        self._log = log
        self._activity = activity
        self._outcomes: deque[tuple[Body, Outcome[Any] | Broken]] = deque()
        self._let_go: list[Body] = []
        self._bell = allocate_lock()
        self._bell.acquire()
        self._asleep = False
        """Whether somebody waits for a body to end: waking them costs more than a quick body."""
        self._loop_lock = allocate_lock()
        self.loop_thread: LoopThread | None = None
        """Where async bodies run, once there have been any."""

    def begin(self, lane: Lane, call: Call) -> None:
        """Line a body up for a lane, which waits for it; `push_on` has a thread look at it."""
        variables = lane.code_variables()
        body = lane.body = Body(self, lane, call, variables)
        self._activity.bodies += 1
        if call.is_async:
            body.on_loop = self.the_loop().start(call, variables, partial(self.end, body))
        else:
            self._pool.stage(body)

    def push_on(self) -> None:
        """See to it that all that is lined up gets a thread. What is quick has ended then, and can travel together."""
        if self._pool.waiting:
            self._pool.begin()
            self._pool.settle()

    def take_ended(self) -> list[tuple[Lane, Outcome[Any]]]:
        """What those lanes get whose bodies have ended since the last call; raises what breaks the whole run."""
        ended: list[tuple[Lane, Outcome[Any]]] = []
        while self._outcomes:
            body, outcome = self._outcomes.popleft()
            lane = body.lane
            if lane.body is body:  # else nobody waits for it
                lane.body = None
                if isinstance(outcome, Broken):
                    raise outcome.error
                ended.append((lane, outcome))
        self._activity.bodies -= len(ended)
        return ended

    def wait(self, seconds: float | None) -> None:
        """Return when a body has ended, when `ring` is called, or after `seconds`."""
        self._asleep = True
        if not self._outcomes:  # whatever ends from here on rings
            self._bell.acquire(timeout=-1.0 if seconds is None else seconds)
        self._asleep = False

    def ring(self) -> None:
        """Wake whoever waits, or will wait next; from any thread."""
        try:  # noqa: SIM105  contextlib is not on the way to the first branch
            self._bell.release()
        except RuntimeError:  # somebody has rung already
            pass

    def let_go(self, lane: Lane) -> None:
        """The lane does not wait for its body any more, where it did."""
        body, lane.body = lane.body, None
        if body is None:
            return
        self._activity.bodies -= 1
        info = body.variables.get(CURRENT_STEP)
        if isinstance(info, RunningStep):
            info.cancelled = True
        if body.ended:
            return
        if body.on_loop is not None:
            body.on_loop.cancel()
        elif self._pool.give_up(body):
            self._let_go.append(body)

    def finish(self) -> None:
        """The handler has ended: what nobody waits for has a last chance to end, too."""
        if self.loop_thread is not None:
            self.loop_thread.finish()
            self.loop_thread = None
        self._asleep = True
        deadline = time.monotonic() + GRACE
        while any(not body.ended for body in self._let_go):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._bell.acquire(timeout=left)
        for body in self._let_go:
            if not body.ended:
                info = body.variables.get(CURRENT_STEP)
                if info is None:
                    self._log.warning(CODEC_GOES_ON)
                else:
                    self._log.warning("a step's body goes on by itself, its result is dropped", step=info.name)
        self._let_go.clear()
        self._outcomes.clear()

    def end(self, body: Body, outcome: Outcome[Any] | Broken) -> None:
        """A body has ended, on whichever thread it ran."""
        body.ended = True
        self._outcomes.append((body, outcome))
        if self._asleep:
            self.ring()

    def the_loop(self) -> LoopThread:
        """The loop for async bodies, on a thread of its own."""
        with self._loop_lock:  # threads of the pool may need it, too
            if self.loop_thread is None:
                from perdure_runtime.drivers.loop_thread import LoopThread  # asyncio, only where it is needed

                self.loop_thread = LoopThread()
            return self.loop_thread
