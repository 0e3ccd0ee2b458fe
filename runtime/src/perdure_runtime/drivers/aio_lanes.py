"""Lines of work of an async workflow: the workflow's own, and the open branches of its batches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NoReturn

from perdure_runtime.drivers.run import PATIENCE
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from contextvars import Context

    from perdure_runtime.core.effects import Fan
    from perdure_runtime.drivers.run import Run

__all__ = ["AioFan", "AioLane"]

DEAF = 10 * PATIENCE
"""Calls after which code that swallows its end does not even await what it calls: the loop cannot be had back."""


class AioLane:
    """One line of work; what of it runs at the same time runs in tasks of its own."""

    __slots__ = ("_around", "_cut_off", "_ended", "_run", "_strays", "_swallowed", "owed", "task")

    def __init__(self, run: Run, around: AioLane | None = None) -> None:
        self._run = run
        self._around = around
        self._ended = False
        self._cut_off = False
        self._swallowed = 0
        self.owed: int = around.owed if around is not None else 0
        """The ticket that has to be acknowledged before the next body begins."""
        self._strays: set[asyncio.Task[Any]] | None = None
        """Tasks of the user's own that await operations of this line."""
        self.task: asyncio.Task[Any] | None = None
        """The task that drives a branch."""

    @property
    def closed(self) -> bool:
        """Whether its code is through, or its batch, or one around it, was decided without it."""
        lane: AioLane | None = self
        while lane is not None:
            if lane._ended or lane._cut_off:  # noqa: SLF001  another of its kind
                return True
            lane = lane._around  # noqa: SLF001  another of its kind
        return False

    @property
    def is_cut_off(self) -> bool:
        """Whether its batch, or one around it, was decided before its code came to its end."""
        return self._cut_off or (self._around is not None and self._around.is_cut_off)

    def end(self) -> None:
        """Its code is through; operations that it did not wait for record nothing any more."""
        self._ended = True
        self._cancel()

    def close(self) -> None:
        """Its batch is decided without it; what runs here is cancelled."""
        self._cut_off = not self._ended
        self._cancel()

    def _cancel(self) -> None:
        for stray in tuple(self._strays or ()):
            stray.cancel()
        if self.task is not None:
            self.task.cancel()

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

    def give_task(self) -> asyncio.Task[Any] | None:
        """The task, which is not kept: what it ended with leads back to here."""
        task, self.task = self.task, None
        return task

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


class AioFan:
    """A batch that is not decided yet."""

    __slots__ = ("decided", "effect", "lane", "lanes", "variables")

    def __init__(self, effect: Fan, lane: AioLane, variables: Context, decided: asyncio.Future[None]) -> None:
        self.effect = effect
        self.lane = lane
        """The line that its result goes to."""
        self.variables = variables
        """The context variables that its branches begin with."""
        self.decided = decided
        self.lanes: dict[int, AioLane] = {}

    def settle(self, error: BaseException | None = None) -> None:
        """The batch is decided, or cannot be."""
        for lane in self.lanes.values():
            lane.close()
        if self.decided.done():
            return
        if error is None:
            self.decided.set_result(None)
        else:
            self.decided.set_exception(error)
