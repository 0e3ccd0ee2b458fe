"""Lines of work of an async workflow: the workflow's own, and the open branches of its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from perdure_runtime.drivers.run import PATIENCE
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    import asyncio

    from perdure_runtime.drivers.aio_branches import AioFan
    from perdure_runtime.drivers.aio_context import TaskCalls
    from perdure_runtime.drivers.run import Run

__all__ = ["AioLane"]

DEAF = 10 * PATIENCE
"""Calls after which code that swallows its end does not even await what it calls: the loop cannot be had back."""


class AioLane:
    """One line of work: code that runs one call after another, and the contexts inside each other whose code that is.

    What runs at the same time has lines of its own: the branches of a batch, and each operation that is awaited
    elsewhere than in the code that asked for it, such as in a task of the user's own.
    """

    _swallowed = 0

    def __init__(self, run: Run, owed: int = 0) -> None:
        self._run = run
        self.owed = owed
        """The ticket that has to be acknowledged before the next body begins."""
        self.closed = False
        """Whether it is over: a batch around it was decided without it, or the code that asked is through."""
        self.task: asyncio.Task[Any] | None = None
        """The task to cancel where the line is closed."""
        self.fan: AioFan | None = None
        """The batch that it waits for."""
        self.strays: dict[AioLane, TaskCalls] | None = None
        """Operations that are awaited elsewhere, and the contexts that they belong to; most lines have none."""

    def cut_off(self) -> None:
        """It goes on without an outcome; what runs in it is cancelled."""
        closing = [self]
        for lane in closing:
            lane.closed = True
            if lane.fan is not None:
                closing.extend(lane.fan.lanes.values())
            if lane.strays:
                closing.extend(lane.strays)
        if self.task is not None:
            self.task.cancel()
        for stray in self.strays or ():
            if stray.task is not None:
                stray.task.cancel()

    # Operations that are awaited elsewhere

    def entered_by(self, calls: TaskCalls, task: asyncio.Task[Any] | None) -> AioLane:
        """A line for an operation of this one's code that is awaited elsewhere: in this task, if it runs no code."""
        stray = AioLane(self._run, self.owed)
        stray.closed = self.closed
        stray.task = task
        if self.strays is None:
            self.strays = {}
        self.strays[stray] = calls
        return stray

    def left_by(self, stray: AioLane) -> None:
        """It is awaited no more, and what is due before it does any work is due here, too."""
        self.owed = max(self.owed, stray.owed)
        if self.strays is not None:
            self.strays.pop(stray, None)

    def end_strays(self, calls: TaskCalls) -> None:
        """The code of a context is through."""
        for stray, asked_by in tuple((self.strays or {}).items()):
            if asked_by is calls:
                stray.cut_off()

    # Being unwound

    def stop(self) -> NoReturn:
        """Unwind the user code that called; raises `Stop`, again and again if need be."""
        if not self.closed:
            self._run.stop()
        self._swallowed += 1
        if self.is_stubborn:
            self._run.spoilt = True
        if self._swallowed > DEAF:
            self._run.abandon()
        raise Stop

    @property
    def is_stubborn(self) -> bool:
        """Whether its code swallows its end over and over; from then on its operations never come to anything."""
        return self._swallowed > PATIENCE
