"""What `map` and `parallel` give back: one item for every branch that began, and why the batch ended.

A batch does not raise because branches failed; that is for the caller to decide. `Batch.values()` is the strict way
out, `Batch.partial()` the lenient one. On replay a batch is read from its record: the same value in every invocation.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import TypeVar, cast, overload

from perdure.errors import BatchError, OperationError
from perdure.frozen import frozen
from perdure.generics import Generic

__all__ = ["Batch", "BatchItem", "BatchReason", "BatchStatus"]

T_co = TypeVar("T_co", covariant=True)


class BatchStatus(enum.StrEnum):
    """How far an item came, or how a whole batch turned out."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STARTED = "STARTED"
    """Begun, and not over when the batch ended."""


class BatchReason(enum.StrEnum):
    """Why a batch ended."""

    ALL_COMPLETED = "ALL_COMPLETED"
    """Every item is over, and no other reason comes first."""
    MIN_SUCCESSFUL_REACHED = "MIN_SUCCESSFUL_REACHED"
    """As many items succeeded as `Completion.min_successful` asks for."""
    FAILURE_TOLERANCE_EXCEEDED = "FAILURE_TOLERANCE_EXCEEDED"
    """More items failed than the completion tolerates."""
    CUSTOM_COMPLETION_SUCCEEDED = "CUSTOM_COMPLETION_SUCCEEDED"
    """`Completion.should_complete` ended the batch as a success."""
    CUSTOM_COMPLETION_FAILED = "CUSTOM_COMPLETION_FAILED"
    """`Completion.should_complete` ended the batch as a failure."""


DECIDED = {
    BatchReason.CUSTOM_COMPLETION_SUCCEEDED: BatchStatus.SUCCEEDED,
    BatchReason.CUSTOM_COMPLETION_FAILED: BatchStatus.FAILED,
}
"""Reasons that settle a batch's status, whatever its items did."""


@frozen
class BatchItem(Generic[T_co]):
    """One branch of a batch and what became of it."""

    index: int
    """Its place among the declared items or branches; the first is 0."""
    name: str | None
    """The branch's name in the history."""
    status: BatchStatus
    result: T_co | None = None
    """What the branch returned, where it succeeded."""
    error: Exception | None = None
    """What the branch raised, where it failed."""

    def __init__(  # a batch makes thousands: a third of what the constructor of `frozen` takes
        self,
        index: int,
        name: str | None,
        status: BatchStatus,
        result: T_co | None = None,
        error: Exception | None = None,
    ) -> None:
        fields = self.__dict__
        fields["index"], fields["name"], fields["status"] = index, name, status
        fields["result"], fields["error"] = result, error


@frozen
class Batch(Sequence[BatchItem[T_co]]):
    """The outcome of a `map` or a `parallel`: a sequence of the items that began, in the order they were declared.

    Where a batch ended early, items that never began are missing, so `batch[3]` is the fourth item that began;
    `BatchItem.index` tells which one that is.
    """

    items: tuple[BatchItem[T_co], ...]
    """The items that began, by index."""
    reason: BatchReason
    """Why the batch ended."""
    total: int
    """How many items were declared."""
    name: str | None = None
    """The batch's name in the history."""

    @overload
    def __getitem__(self, index: int, /) -> BatchItem[T_co]: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[BatchItem[T_co], ...]: ...
    def __getitem__(self, index: int | slice, /) -> BatchItem[T_co] | tuple[BatchItem[T_co], ...]:
        """The item at a position among those that began, or a tuple of them for a slice."""
        return self.items[index]

    def __len__(self) -> int:
        """How many items began."""
        return len(self.items)

    def __iter__(self) -> Iterator[BatchItem[T_co]]:
        """The items that began, by index."""
        return iter(self.items)

    @property
    def succeeded(self) -> tuple[BatchItem[T_co], ...]:
        """The items that succeeded."""
        return self._having(BatchStatus.SUCCEEDED)

    @property
    def failed(self) -> tuple[BatchItem[T_co], ...]:
        """The items that failed."""
        return self._having(BatchStatus.FAILED)

    @property
    def started(self) -> tuple[BatchItem[T_co], ...]:
        """The items that were still running when the batch ended."""
        return self._having(BatchStatus.STARTED)

    @property
    def success_count(self) -> int:
        """How many items succeeded."""
        return len(self.succeeded)

    @property
    def failure_count(self) -> int:
        """How many items failed."""
        return len(self.failed)

    @property
    def started_count(self) -> int:
        """How many items were still running when the batch ended."""
        return len(self.started)

    @property
    def has_failure(self) -> bool:
        """Whether any item failed."""
        return any(item.status is BatchStatus.FAILED for item in self.items)

    @property
    def status(self) -> BatchStatus:
        """FAILED where any item failed, else SUCCEEDED; a completion of your own that ended the batch has its way."""
        return DECIDED.get(self.reason) or (BatchStatus.FAILED if self.has_failure else BatchStatus.SUCCEEDED)

    def values(self) -> list[T_co]:
        """The results of all declared items; raises `BatchError` unless every one of them succeeded."""
        results = self.partial()
        if len(results) != self.total:
            raise self._error()
        return results

    def partial(self) -> list[T_co]:
        """The results of the items that succeeded, however few they are."""
        return [cast("T_co", item.result) for item in self.succeeded]

    def errors(self) -> list[Exception]:
        """What the failed items raised."""
        return [item.error for item in self.items if item.error is not None]

    def raise_for_failure(self) -> None:
        """Raise `BatchError` if the batch's `status` is FAILED."""
        if self.status is BatchStatus.FAILED:
            raise self._error()

    def _having(self, status: BatchStatus) -> tuple[BatchItem[T_co], ...]:
        return tuple([item for item in self.items if item.status is status])

    def _error(self) -> BatchError:
        counts = (
            ("succeeded", self.success_count),
            ("failed", self.failure_count),
            ("still ran", self.started_count),
            ("never began", self.total - len(self.items)),
        )
        told = ", ".join(f"{count} {what}" for what, count in counts if count)
        name = f"batch {self.name!r}" if self.name else "the batch"
        message = f"{name} ended with {self.reason}: of {self.total} items {told or 'none began'}"
        return BatchError(message, self.errors() or [OperationError("no item failed, but not every item succeeded")])
