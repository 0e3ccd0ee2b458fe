"""When an invocation has nothing left to do but wait.

A run is quiet when something is parked or put off, no body runs, and nothing is being committed. Only then may a driver
unwind user code and answer PENDING: earlier, and work would be cut off; later, and Lambda would bill for waiting.
"""

from __future__ import annotations

__all__ = ["SOON", "Activity"]

PAUSE = 1.0
"""Seconds between two questions to the service for what is due."""
SOON = 2.0
"""Seconds within which a call by the service for something else makes a hand-over unnecessary."""


class Activity:
    """What goes on in a run, counted."""

    __slots__ = ("_asked_at", "_lines", "_wakes", "bodies", "commits", "late")

    def __init__(self) -> None:
        self._wakes: dict[str, float | None] = {}
        self._lines: dict[str, int] = {}
        self._asked_at = 0.0
        self.bodies = 0
        self.commits = 0
        self.late = 0
        """Lines of work that have come to a body which there is no time to begin."""

    def park(self, operation_id: str, wake: float | None) -> None:
        """A line of work stopped at this operation; several may stop at the same one."""
        self._wakes[operation_id] = wake
        self._lines[operation_id] = self._lines.get(operation_id, 0) + 1

    def unpark(self, operation_id: str) -> None:
        """A line of work goes on."""
        left = self._lines.get(operation_id, 1) - 1
        if left:
            self._lines[operation_id] = left
        else:
            self._lines.pop(operation_id, None)
            self._wakes.pop(operation_id, None)

    def unpark_all(self) -> None:
        """No line of work waits any more."""
        self._lines.clear()
        self._wakes.clear()

    @property
    def quiet(self) -> bool:
        """Whether there is nothing left to do but wait."""
        return bool(self._wakes or self.late) and not (self.bodies or self.commits)

    @property
    def parked(self) -> tuple[str, ...]:
        """The operations that are waited for."""
        return tuple(self._wakes)

    @property
    def next_wake(self) -> float | None:
        """The earliest time at which a parked operation is due, as far as any is known."""
        return min((wake for wake in self._wakes.values() if wake is not None), default=None)

    def wakes_before(self, time: float) -> bool:
        """Whether a parked operation is due before then, so that the service will call again."""
        due = self.next_wake
        return due is not None and due <= time

    def until_asking(self, now: float) -> float | None:
        """Seconds until the service is to be asked about what is due; None where nothing falls due by itself.

        The service's clock decides. Where it is behind this one, it is asked again a little later.
        """
        due = self.next_wake
        return None if due is None else max(0.0, max(due, self._asked_at + PAUSE) - now)

    def asked(self, now: float) -> None:
        """The service is being asked about what is due."""
        self._asked_at = now

    def __repr__(self) -> str:
        return f"<Activity: {len(self._wakes)} parked, {self.bodies} bodies, {self.commits} commits>"
