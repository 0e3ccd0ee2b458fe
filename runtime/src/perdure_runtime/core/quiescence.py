"""When an invocation has nothing left to do but wait.

A run is quiet when something is parked, no body runs, and nothing is being committed. Only then may a driver unwind
user code and answer PENDING: earlier, and work would be cut off; later, and Lambda would bill for waiting.
"""

from __future__ import annotations

__all__ = ["Activity"]


class Activity:
    """What goes on in a run, counted."""

    __slots__ = ("_parked", "bodies", "commits")

    def __init__(self) -> None:
        self._parked: dict[str, float | None] = {}
        self.bodies = 0
        self.commits = 0

    def park(self, operation_id: str, wake: float | None) -> None:
        """A line of work stopped at this operation."""
        self._parked[operation_id] = wake

    def unpark(self, operation_id: str) -> None:
        """The line of work goes on."""
        self._parked.pop(operation_id, None)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing left to do but wait."""
        return bool(self._parked) and not (self.bodies or self.commits)

    @property
    def parked(self) -> tuple[str, ...]:
        """The operations that are waited for."""
        return tuple(self._parked)

    @property
    def next_wake(self) -> float | None:
        """The earliest time at which a parked operation is due, as far as any is known."""
        return min((wake for wake in self._parked.values() if wake is not None), default=None)

    def __repr__(self) -> str:
        return f"<Activity: {len(self._parked)} parked, {self.bodies} bodies, {self.commits} commits>"
