"""The operations of one execution, indexed by what the service asks of them.

Each question costs what it returns, never the whole table: which were not delivered yet, which timer is next, is
anything pending. An execution of 3,000 operations pays per checkpoint for the operations in that checkpoint.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from perdure_local.ledger.transitions import TIMERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from perdure_local.ledger.operation import Operation


class Operations:
    """Operations by id, in creation order."""

    def __init__(self, recorded: Iterable[Operation] = (), *, seen: int = 0) -> None:
        self._by_id: dict[str, Operation] = {}
        self._undelivered: set[str] = set()
        self._pending: set[str] = set()
        self._foreign: set[str] = set()
        self._timers: list[tuple[float, int, str]] = []
        for operation in recorded:
            self.put(operation)
            if operation.touched <= seen:
                self._undelivered.discard(operation.id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._by_id.values())

    def find(self, operation_id: str) -> Operation | None:
        """Return the operation, or None."""
        return self._by_id.get(operation_id)

    def put(self, operation: Operation) -> None:
        """Record a new or changed operation; it counts as not delivered."""
        self._undelivered.add(operation.id)
        _keep(self._pending, operation.id, stays=operation.is_pending)
        _keep(self._foreign, operation.id, stays=operation.awaits_outside)
        self.amend(operation)

    def amend(self, operation: Operation) -> None:
        """Record what the handler is not told of: a deadline that has moved."""
        self._by_id[operation.id] = operation
        if _is_timed(operation) and operation.due_at is not None:
            heapq.heappush(self._timers, (operation.due_at, operation.position, operation.id))

    @property
    def has_pending(self) -> bool:
        """Whether a handler may answer PENDING."""
        return bool(self._pending)

    @property
    def awaits_outside(self) -> bool:
        """Whether somebody outside may end one of them at any time."""
        return bool(self._foreign)

    def awaited(self) -> list[Operation]:
        """Return those that somebody outside is to end, in creation order."""
        return sorted((self._by_id[key] for key in self._foreign), key=lambda operation: operation.position)

    @property
    def has_undelivered(self) -> bool:
        """Whether something changed that the handler has not seen."""
        return bool(self._undelivered)

    def undelivered(self) -> list[Operation]:
        """Return what the handler has not seen, in creation order."""
        return sorted((self._by_id[key] for key in self._undelivered), key=lambda operation: operation.position)

    def deliver(self) -> None:
        """Note that the handler has now seen everything."""
        self._undelivered.clear()

    def next_timer(self) -> float | None:
        """Return when the earliest timer falls due."""
        while self._timers:
            due, _, key = self._timers[0]
            operation = self._by_id[key]
            if _is_timed(operation) and operation.due_at == due:
                return due
            heapq.heappop(self._timers)
        return None

    def pop_due(self, now: float) -> Operation | None:
        """Take the earliest operation whose timer is due; ties fall in creation order."""
        due = self.next_timer()
        if due is None or due > now:
            return None
        return self._by_id[heapq.heappop(self._timers)[2]]


def _keep(ids: set[str], operation_id: str, *, stays: bool) -> None:
    if stays:
        ids.add(operation_id)
    else:
        ids.discard(operation_id)


def _is_timed(operation: Operation) -> bool:
    timer = TIMERS.get(operation.kind)
    return timer is not None and operation.status is timer.waiting
