"""The book of one execution: everything recorded about it, and what of that is not stored yet.

`Execution` decides; the book only writes down. Each entry lands both in the state that the next decision reads and in
the change that the next `drain` hands to a store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from perdure_local.ledger.change import Change, Record
from perdure_local.ledger.history import Event
from perdure_local.ledger.operations import Operations

if TYPE_CHECKING:
    from perdure_local.ledger.history import Entry
    from perdure_local.ledger.operation import Operation


class Book:
    """Spec, progress, operations and events of one execution."""

    def __init__(self, record: Record, *, is_stored: bool) -> None:
        self.spec = record.spec
        self.progress = record.progress
        self.operations = Operations(record.operations, seen=record.progress.seen)
        self.events: list[Event] = list(record.events)
        self._is_stored = is_stored
        self._changed: dict[str, Operation] = {}
        self._stored_events = len(self.events)
        self._stored_progress = self.progress

    def record(self) -> Record:
        """Return all of it as values."""
        return Record(self.spec, self.progress, tuple(self.operations), tuple(self.events))

    def move(self, now: float, **fields: Any) -> None:  # noqa: ANN401 - the fields of `Progress`
        """Replace fields of the progress."""
        self.progress = replace(self.progress, touched_at=now, **fields)

    def put(self, operation: Operation, now: float) -> None:
        """Record a new or changed operation, whose `touched` is the next number of the touch sequence."""
        self.operations.put(operation)
        self._changed[operation.id] = operation
        self.move(now, touch=operation.touched)

    def amend(self, operation: Operation, now: float) -> None:
        """Record a change of an operation that is the service's own affair."""
        self.operations.amend(operation)
        self._changed[operation.id] = operation
        self.move(now)

    def deliver(self, now: float) -> None:
        """Note that the handler has now seen everything."""
        self.operations.deliver()
        self.move(now, seen=self.progress.touch)

    def append(self, entry: Entry, now: float, operation: Operation | None = None) -> None:
        """Append an event, about `operation` if there is one."""
        about = {} if operation is None else _identity(operation)
        self.events.append(Event(number=len(self.events) + 1, type=entry.type, at=now, details=entry.details, **about))

    def drain(self) -> Change | None:
        """Return what was written since the last drain, or None."""
        if self._is_stored and self.progress is self._stored_progress:
            return None
        change = Change(
            self.spec.arn,
            None if self._is_stored else self.spec,
            self.progress,
            tuple(self._changed.values()),
            tuple(self.events[self._stored_events :]),
        )
        self._is_stored = True
        self._changed = {}
        self._stored_events = len(self.events)
        self._stored_progress = self.progress
        return change


def _identity(operation: Operation) -> dict[str, Any]:
    return {
        "operation_id": operation.id,
        "name": operation.name,
        "parent_id": operation.parent_id,
        "sub_type": operation.sub_type,
    }
