"""Lines of work of an async workflow: the workflow's own, and the open branches of its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from perdure_runtime.drivers.run import PATIENCE
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    import asyncio

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
        "over",
        "owed",
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
        """Whether its code is through, or it is over: nothing that the code has asked for goes on."""
        self.over = False
        """Whether its batch, or one around it, was decided without it, or the code around it is through."""
        self.owed = 0
        """The ticket that has to be acknowledged before the next body begins."""
        self._strays: set[asyncio.Task[Any]] | None = None
        """Tasks of the user's own that await operations of this line."""
        self.task: asyncio.Task[Any] | None = None
        """The task that drives a branch."""
        if around is not None:
            self.owed = around.owed
            self.closed = self.over = around.over
            if around.inner is None:
                around.inner = {self}
            else:
                around.inner.add(self)

    @property
    def is_cut_off(self) -> bool:
        """Whether its batch, or one around it, was decided before its code came to its end."""
        return self._cut_off or (self._around is not None and self._around.is_cut_off)

    def end(self) -> None:
        """Its code is through; operations that it did not wait for record nothing any more."""
        self.closed = True
        if self.inner:
            self._close_inner()
        if self._strays:
            for stray in tuple(self._strays):
                stray.cancel()

    def cut_off(self) -> None:
        """Its batch is decided without it; what runs here is cancelled."""
        self._cut_off = self.over = True
        if self._around is not None and self._around.inner is not None:
            self._around.inner.discard(self)
        self.end()
        if self.task is not None:
            self.task.cancel()

    def leave(self) -> None:
        """The line around it goes on, with what is due before it does any work, and need not know of it any more."""
        around = self._around
        if around is None:
            return
        around.owed = max(around.owed, self.owed)
        if around.inner is not None:
            around.inner.discard(self)

    def _close_inner(self) -> None:
        closing = [self]
        while closing:
            lane = closing.pop()
            if lane.inner is not None:
                for inner in lane.inner:
                    inner.closed = inner.over = True
                closing.extend(lane.inner)
                lane.inner = None

    def check(self, *, in_branch: bool) -> None:
        """Raise `Stop` where an operation does not go on: one of its code, or its own, which records how that ended."""
        if self.over or (self.closed and not in_branch):
            raise Stop

    def enter_stray(self, task: asyncio.Task[Any]) -> None:
        """A task that runs no context's code is going to await an operation."""
        if self._strays is None:
            self._strays = {task}
        else:
            self._strays.add(task)

    def leave_stray(self, task: asyncio.Task[Any]) -> None:
        """It awaits it no more."""
        if self._strays is not None:
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
