"""Time, one clock for each execution.

A real clock lets waits and delays pass. A skipping one moves an execution's time straight to what is due next, and only
while nothing of that execution is running: what an attempt took is real, and two things that race keep their order. One
execution's jumps age no other, but for one that waits for its end. Either way an execution's time never goes backwards,
not over restarts, and goes on from where it was when the machine's clock is set back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RealClock:
    """Time as the machine tells it."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._ahead: dict[str, float] = {}
        self._latest: dict[str, float] = {}

    def now(self, execution: str) -> float:
        """Return the execution's time in epoch seconds."""
        now = self._time() + self._ahead.get(execution, 0.0)
        behind = self._latest.get(execution, now) - now
        if behind > 0.0:
            # The machine's clock was set back: what is waited for is as far off as it was.
            self._ahead[execution] = self._ahead.get(execution, 0.0) + behind
            now = self._latest[execution]
        self._latest[execution] = now
        return now

    def resume(self, execution: str, at: float) -> None:
        """Take up an execution whose time was at least `at`."""
        self._ahead[execution] = max(at - self._time(), 0.0)

    def catch_up(self, execution: str, at: float) -> None:
        """Bring an execution to the time that another one, which it waited for, has come to."""
        behind = at - self.now(execution)
        if behind > 0.0:
            self._ahead[execution] = self._ahead.get(execution, 0.0) + behind

    def forget(self, execution: str) -> None:
        """Drop what is known about an execution that has ended."""
        self._ahead.pop(execution, None)
        self._latest.pop(execution, None)

    def delay(self, execution: str, due: float, *, idle: bool) -> float:  # noqa: ARG002 - `idle` matters to a skipping one
        """Return how long to sleep, in real seconds, before it is `due`; `idle`: nothing of the execution runs."""
        return max(due - self.now(execution), 0.0)


class SkippingClock(RealClock):
    """Time that waits for nobody: an idle execution's clock jumps to what is due next."""

    def delay(self, execution: str, due: float, *, idle: bool) -> float:
        """Return how long to sleep; for an idle execution that is no time at all."""
        short = super().delay(execution, due, idle=idle)
        if not idle or short <= 0.0:
            return short
        self._ahead[execution] = self._ahead.get(execution, 0.0) + short
        return 0.0
