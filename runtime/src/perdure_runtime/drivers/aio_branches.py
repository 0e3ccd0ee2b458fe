"""The branches of an async workflow's batches: when they open, what drives them, and how they end.

One that has its outcome in the history ends where it opens. Any other is a task with context variables of its own, and
goes as far as it gets at once.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from perdure_runtime.core.effects import OUTCOMES, Raised
from perdure_runtime.core.outbox import MOST_UPDATES
from perdure_runtime.drivers.aio_lanes import AioLane
from perdure_runtime.drivers.cancelled import cancelled_within
from perdure_runtime.drivers.run import GRACE
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from contextvars import Context

    from perdure_runtime.core.effects import Fan, Op, Outcome
    from perdure_runtime.drivers.aio import Aio
    from perdure_runtime.drivers.aio_loop import Loop
    from perdure_runtime.drivers.run import Run

__all__ = ["AioBranches"]

MOST_OPENED = 64
"""Branches opened before the loop is idle again."""


class AioFan:
    """A batch that is not decided yet."""

    __slots__ = ("decided", "effect", "emptied", "lane", "lanes", "operations", "owed", "running", "variables")

    def __init__(self, effect: Fan, lane: AioLane, operations: Aio, decided: asyncio.Future[None]) -> None:
        self.effect = effect
        self.operations = operations
        self.lane = lane
        """The line that its result goes to."""
        lane.fan = self
        self.owed = lane.owed
        """What its branches owe when they begin: what the line did, and what the outcome of those before rests on."""
        self.variables = copy_context()
        """The context variables that its branches begin with."""
        self.decided = decided
        self.lanes: dict[int, AioLane] = {}
        self.running = 0
        """Branches whose tasks have begun and not ended."""
        self.emptied: asyncio.Future[None] | None = None
        """Done when there are none; for who waits for that."""

    def settle(self, error: BaseException | None = None) -> None:
        """The batch is decided, or cannot be."""
        for lane in self.lanes.values():
            lane.cut_off()
        self.lanes.clear()
        if self.decided.done():
            return
        if error is None:
            self.decided.set_result(None)
        else:
            self.decided.set_exception(error)

    def ends_one(self) -> None:
        """The task of a branch is about to end."""
        self.running -= 1
        if self.emptied is not None and not self.running and not self.emptied.done():
            self.emptied.set_result(None)


class AioBranches:
    """The open branches of one run."""

    def __init__(self, run: Run, loop: Loop) -> None:
        self._run = run
        self._loop = loop
        self._hungry: dict[AioFan, None] = {}
        """Batches in which a branch may have room to begin."""
        self.batches = 0
        """Batches that are not decided."""

    async def run(self, effect: Fan, lane: AioLane, operations: Aio) -> None:
        """Run branches until their batch is decided."""
        fan = AioFan(effect, lane, operations, self._loop.create_future())
        self._hungry[fan] = None
        self.batches += 1
        try:
            self._loop.call_soon(self._open_in, fan, MOST_OPENED)  # there, for a stack that has not grown
            await fan.decided
        finally:
            self.batches -= 1
            lane.fan = None
            self._settle(fan)
            # Branches end before the code around them goes on, or is unwound itself.
            await self._emptied(fan)

    def open_some(self) -> bool:
        """Open branches where there is room, some at a time: those opened first may be done before the last begins.

        Whether anything goes on from here: a branch that began, or the code around a batch that recorded ones decided.
        """
        opened = 0
        hungry = tuple(self._hungry)
        for fan in hungry:
            opened += self._open_in(fan, MOST_OPENED - opened)
        return opened > 0 or any(fan.decided.done() for fan in hungry)

    def are_held_up(self) -> bool:
        """Whether branches could begin, were there not so much to be sent before."""
        return self._run.committer.waiting >= MOST_UPDATES and bool(self._hungry)

    def _open_in(self, fan: AioFan, most: int) -> int:
        tally = fan.effect.tally
        if self._run.committer.waiting >= MOST_UPDATES:
            return 0
        opened: list[tuple[int, AioLane, Op[Outcome[Any]], Context]] = []
        while len(opened) < most and not fan.decided.done() and (index := tally.begin()) is not None:
            if (branch := self._made(fan, index, variables := fan.variables.copy())) is not None:
                lane = fan.lanes[index] = AioLane(self._run, fan.owed)
                opened.append((index, lane, branch, variables))
        if tally.decided:
            self._settle(fan)
        elif not tally.has_room:
            self._hungry.pop(fan, None)
        for index, lane, branch, variables in opened:
            if lane.closed:  # where recorded ones decide the batch, no other begins
                continue
            try:
                self._loop.begin(self._drive(fan, index, lane, branch), variables)
            except BaseException as error:  # noqa: BLE001  the process is to end
                self._break(fan, error)
        return len(opened)

    def _made(self, fan: AioFan, index: int, variables: Context) -> Op[Outcome[Any]] | None:
        """A branch that is to be driven; None where it has its outcome already, or cannot be made."""
        try:
            branch = variables.run(fan.effect.make, index)
        except BaseException as error:  # noqa: BLE001  of ours, of the service's, or the process is to end
            self._break(fan, error)
            return None
        if not isinstance(branch, OUTCOMES):
            return branch
        fan.effect.tally.end(index, branch)
        return None

    async def _drive(self, fan: AioFan, index: int, lane: AioLane, operation: Op[Outcome[Any]]) -> None:
        """The task of a branch."""
        if lane.closed:
            return
        lane.task = asyncio.current_task()
        fan.running += 1
        try:
            outcome = await fan.operations.driven(operation, lane, in_branch=True)
        except asyncio.CancelledError:
            if self._run.stopping or lane.closed:
                raise
            outcome = Raised(cancelled_within())
        except Stop:
            if not lane.closed:
                self._settle(fan, Stop())
            return
        except BaseException as error:  # noqa: BLE001  see `_made`
            self._break(fan, error)
            return
        finally:
            lane.task = None  # what it ends with leads back to here
            fan.ends_one()
        try:
            if not lane.closed:
                self._end(fan, index, lane, outcome)
        finally:
            del outcome  # a failure's frames lead to here

    def _end(self, fan: AioFan, index: int, lane: AioLane, outcome: Outcome[Any]) -> None:
        """A branch has its outcome."""
        del fan.lanes[index]
        if (owed := lane.owed) > fan.owed:
            fan.owed = owed  # it may be for this outcome that another branch begins
            fan.lane.owed = max(fan.lane.owed, owed)
        tally = fan.effect.tally
        tally.end(index, outcome)
        if tally.decided:
            self._settle(fan)
        elif tally.has_room:
            self._hungry[fan] = None

    def _break(self, fan: AioFan, error: BaseException) -> None:
        """A branch could not be driven: the whole run ends, or the process."""
        if isinstance(error, Exception):
            self._run.fail(error)
            error = Stop()
        self._settle(fan, error)

    def _settle(self, fan: AioFan, error: BaseException | None = None) -> None:
        self._hungry.pop(fan, None)
        fan.settle(error)

    async def _emptied(self, fan: AioFan) -> None:
        """Give cut off branches a moment to end; what holds on is left to the end of the invocation."""
        if not fan.running:
            return
        activity = self._run.activity
        fan.emptied = self._loop.create_future()
        activity.bodies += 1
        try:
            await asyncio.wait((fan.emptied,), timeout=GRACE)
        finally:
            activity.bodies -= 1
