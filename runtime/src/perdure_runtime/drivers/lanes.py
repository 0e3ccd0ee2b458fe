"""Open branches of a workflow that is written as plain functions, and the batches that they belong to."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from perdure_runtime.drivers.run import PATIENCE
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from contextvars import Context

    from perdure_runtime.core.effects import Fan, Op
    from perdure_runtime.drivers.bodies import Body
    from perdure_runtime.drivers.line import Line
    from perdure_runtime.drivers.run import Run
    from perdure_runtime.drivers.strands import Strand

__all__ = ["Lane", "OpenFan", "ParkedLanes"]

T = TypeVar("T")


class OpenFan:
    """A batch that is not decided yet."""

    __slots__ = ("effect", "lanes", "line", "owed", "variables")

    def __init__(self, effect: Fan, line: Line | Lane, variables: Context) -> None:
        self.effect = effect
        self.line = line
        """Where its result goes."""
        self.owed: int = line.owed
        """What its branches owe when they begin: what the line did, and what the outcome of those before rests on.

        That they have ended is the line's to owe: they would end like that again.
        """
        self.variables = variables
        """The context variables that its branches begin with; code in a context sets them in a copy."""
        self.lanes: dict[int, Lane] = {}

    def __repr__(self) -> str:
        return f"<OpenFan {self.effect.tally!r}: {list(self.lanes.values())}>"


class Lane:
    """A branch, as a line of work: a stack of operations, and the code between them."""

    closed = False
    strand: Strand | None = None
    """What its code is on, from when there is any."""
    inner: OpenFan | None = None
    """The batch that it waits for."""
    parked: str | None = None
    """The operation that it waits for."""
    body: Body | None = None
    """The body that runs for it elsewhere."""
    _swallowed = 0

    def __init__(self, fan: OpenFan, index: int, operation: Op[Any]) -> None:
        self.fan = fan
        self.index = index
        self.operations = [operation]
        """The innermost last; between one and the next is code of a context, on the strand."""
        self.owed = fan.owed
        """The ticket that has to be acknowledged before the next body begins."""

    def perform(self, operation: Op[T]) -> T:
        """Have `operation` driven to its end; called by code on the strand."""
        assert self.strand is not None  # noqa: S101  it is what runs this code
        outcome: T = self.strand.ask(operation)
        return outcome

    def stop(self) -> NoReturn:
        """Unwind the code of this branch; raises `Stop`, again and again if need be."""
        self._swallowed += 1
        if self._swallowed > PATIENCE and self.strand is not None:
            self.strand.set_aside()
        raise Stop

    def code_variables(self) -> Context:
        """A copy of the context variables as the branch's code has set them."""
        current = self.strand.context if self.strand is not None else None
        return (self.fan.variables if current is None else current).copy()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"parked at {self.parked}" if self.parked else "open"
        return f"<Lane {self.index}, {state}: {len(self.operations)} operations>"


class ParkedLanes:
    """Lanes that wait for operations which the service moves on."""

    __slots__ = ("_activity", "_journal", "_lanes")

    def __init__(self, run: Run) -> None:
        self._activity = run.activity
        self._journal = run.journal
        self._lanes: dict[str, list[Lane]] = {}

    def add(self, lane: Lane, operation_id: str) -> None:
        """A lane waits for this operation; several may wait for the same one."""
        lane.parked = operation_id
        self._lanes.setdefault(operation_id, []).append(lane)
        self._activity.park(operation_id, self._journal.wake(operation_id))

    def remove(self, lane: Lane) -> None:
        """A lane waits no more, whatever becomes of its operation."""
        if lane.parked is not None:
            self._lanes[lane.parked].remove(lane)
            self._activity.unpark(lane.parked)
            lane.parked = None

    def remove_all(self) -> None:
        """None waits any more."""
        for lane in chain.from_iterable(self._lanes.values()):
            lane.parked = None
        self._lanes.clear()
        self._activity.unpark_all()

    def take_moved(self) -> list[Lane]:
        """Those that wait no more because the news is that their operations have moved on."""
        news = self._journal.take_news()
        moved: list[Lane] = []
        if self._lanes:
            for operation_id in news:
                if operation_id in self._lanes and not self._journal.is_waiting(operation_id):
                    moved += self._lanes.pop(operation_id)
        for lane in moved:
            assert lane.parked is not None  # noqa: S101  it was among the parked
            self._activity.unpark(lane.parked)
            lane.parked = None
        return moved
