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

    __slots__ = ("_around", "_closed", "_run", "_swallowed", "owed", "task")

    def __init__(self, run: Run, around: AioLane | None = None) -> None:
        self._run = run
        self._around = around
        self._closed = False
        self._swallowed = 0
        self.owed: int = around.owed if around is not None else 0
        """The ticket that has to be acknowledged before the next body begins."""
        self.task: asyncio.Task[Any] | None = None
        """The task that drives a branch."""

    @property
    def closed(self) -> bool:
        """Whether its batch, or one around it, was decided without it."""
        return self._closed or (self._around is not None and self._around.closed)

    def close(self) -> None:
        """The batch is decided; what runs here is cancelled."""
        self._closed = True
        if self.task is not None:
            self.task.cancel()

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
