"""Lines of work of an async workflow: the workflow's own, and the open branches of its batches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

from perdure_runtime.drivers.run import PATIENCE
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from perdure_runtime.drivers.run import Run

__all__ = ["AioLane"]

DEAF = 10 * PATIENCE
"""Calls after which code that swallows its end does not even await what it calls: the loop cannot be had back."""


class AioLane:
    """One line of work; what of it runs at the same time runs in tasks of its own."""

    __slots__ = (
        "_around",
        "_cut_off",
        "_run",
        "_strays",
        "_swallowed",
        "closed",
        "inner",
        "owed",
        "owed_around",
        "task",
    )

    def __init__(self, run: Run, around: AioLane | None = None) -> None:
        self._run = run
        self._around = around
        self.inner: set[AioLane] | None = None
        """Lines inside this one that are still open; most have none."""
        self._cut_off = False
        self._swallowed = 0
        self.closed = False
        """Whether its code is through, or its batch, or one around it, was decided without it."""
        self.owed = 0
        """The ticket that has to be acknowledged before the next body begins."""
        self.owed_around = 0
        """The one that has to be before the next body of the line around begins, where this is a branch."""
        self._strays: set[asyncio.Task[Any]] | None = None
        """Tasks of the user's own that await operations of this line."""
        self.task: asyncio.Task[Any] | None = None
        """The task that drives a branch."""
        if around is not None:
            self.owed = around.owed
            self.closed = around.closed
            if around.inner is None:
                around.inner = {self}
            else:
                around.inner.add(self)

    @property
    def is_cut_off(self) -> bool:
        """Whether its batch, or one around it, was decided before its code came to its end."""
        return self._cut_off or (self._around is not None and self._around.is_cut_off)

    def end(self) -> None:
        """Its code is through: its outcome comes with what is due before it, and what it did not wait for is over."""
        if self._around is not None:
            self._around.owed = max(self._around.owed, self.owed, self.owed_around)
        self._close()

    def cut_off(self) -> None:
        """Its batch is decided without it; what runs here is cancelled."""
        self._cut_off = True
        self._close()

    def leave(self) -> None:
        """The line around it need not know of it any more."""
        if self._around is not None and self._around.inner is not None:
            self._around.inner.discard(self)

    def _close(self) -> None:
        self.leave()
        self.closed = True
        if self.inner is not None:
            self._close_inner()
        if self._strays is not None:
            for stray in tuple(self._strays):
                stray.cancel()
        if self.task is not None:
            self.task.cancel()

    def _close_inner(self) -> None:
        closing = [self]
        while closing:
            lane = closing.pop()
            lane.closed = True
            if lane.inner is not None:
                closing.extend(lane.inner)
                lane.inner = None

    def enter_stray(self, homes: set[asyncio.Task[Any]]) -> None:
        """The task that runs now is going to await an operation; where it is none of the contexts', it is a stray."""
        task = asyncio.current_task()
        if task is not None and task not in homes:
            self._strays = self._strays or set()
            self._strays.add(task)

    def leave_stray(self) -> None:
        """The task that runs now awaits it no more."""
        if self._strays and (task := asyncio.current_task()) is not None:
            self._strays.discard(task)

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
