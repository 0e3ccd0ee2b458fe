"""Open branches that wait for what the service moves on."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure_runtime.drivers.lanes import Lane
    from perdure_runtime.drivers.run import Run

__all__ = ["ParkedLanes"]


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
