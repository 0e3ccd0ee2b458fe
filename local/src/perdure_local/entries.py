"""What a service keeps beside each of its executions: its timer, whether a worker has it, who waits for its end."""

from __future__ import annotations

import asyncio

from perdure_local.ledger import Execution


class Entry:
    """An execution's place in a service."""

    def __init__(self, execution: Execution, *, is_left_over: bool = False) -> None:
        self.execution = execution
        self.is_asleep = is_left_over
        """Whether it stays as an earlier service left it, until it is taken up."""
        self.timer: asyncio.TimerHandle | None = None
        self.is_dispatched = False
        """Whether an invocation is under way, or about to be."""
        self.begun_invokes: set[str] = set()
        """Its chained invokes that this service has seen to."""
        self.ended = asyncio.Event()
        """Set when nothing more will happen to it here: it is over, a bug met it, or the service stopped."""
        self.failure: BaseException | None = None
        """The bug that keeps it from going on."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing of it runs."""
        return not self.is_dispatched and not self.execution.in_flight

    def fail(self, error: BaseException) -> None:
        """Give it up, for as long as this service lives; the next one takes it up."""
        self.failure = self.failure or error
        self.ended.set()
