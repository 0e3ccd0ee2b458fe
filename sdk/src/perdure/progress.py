"""What a completion of your own is told, and what it answers."""

from __future__ import annotations

import enum

from perdure.batches import BatchStatus
from perdure.frozen import frozen

__all__ = ["BatchDecision", "BatchProgress"]


class BatchDecision(enum.Enum):
    """What a completion of your own answers."""

    CONTINUE = "continue"
    """Go on."""
    SUCCEED = "succeed"
    """End the batch as a success, whatever its items did."""
    FAIL = "fail"
    """End the batch as a failure, even where no item failed."""


@frozen
class BatchProgress:
    """How far a batch has come; what `Completion.should_complete` is given."""

    statuses: tuple[BatchStatus | None, ...]
    """One for each declared item, by index; None for an item that has not begun."""

    @property
    def total(self) -> int:
        """How many items were declared."""
        return len(self.statuses)

    @property
    def succeeded(self) -> int:
        """How many items have succeeded."""
        return self.statuses.count(BatchStatus.SUCCEEDED)

    @property
    def failed(self) -> int:
        """How many items have failed."""
        return self.statuses.count(BatchStatus.FAILED)

    @property
    def started(self) -> int:
        """How many items have begun and are not over."""
        return self.statuses.count(BatchStatus.STARTED)
