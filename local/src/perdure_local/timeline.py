"""The timeline of one execution: notices in, moments out, and what stands now.

It is a fold over the service's notices and nothing else: no clock, no terminal, no I/O. `observe` takes one notice and
returns the moments it makes. To follow an execution that goes on, have it observe what was recorded before, and show
none of those moments: `Resumed` says in one how much that was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perdure_local.ledger import ExecutionStatus, Kind
from perdure_local.loglines import said
from perdure_local.moments import Began, Close, Closed, Invoked, Moment, Moved, Over, Passed, Resumed, Row, State
from perdure_local.notices import (
    ExecutionFinished,
    ExecutionResumed,
    ExecutionStarted,
    InvocationFinished,
    InvocationStarted,
    LogLine,
    Notice,
    OperationFailed,
    OperationNotice,
    OperationRetrying,
    OperationStarted,
    OperationSucceeded,
    OperationWaiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

GAP = 1.0
"""Seconds without anything that are worth a moment of their own."""
_DEATHS = frozenset({"Runtime.ExitError", "Sandbox.Timedout"})
"""Errors of an invocation that its process does not survive."""

_STATES: dict[type[OperationNotice], State] = {
    OperationStarted: State.RUNNING,
    OperationSucceeded: State.SUCCEEDED,
    OperationFailed: State.FAILED,
    OperationRetrying: State.RETRYING,
    OperationWaiting: State.WAITING,
}


class Timeline:
    """What is known of the execution `arn`."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.rows: dict[str, Row] = {}
        """Operations by id, in the order of their first mention."""
        self.started_at: float | None = None
        """When the execution began; None for one that was found, and not yet heard of."""
        self.now = 0.0
        """The execution's time at the last notice."""
        self.invocation: int | None = None
        """The number of the invocation in flight."""
        self.over: Over | None = None
        self._has_worker = False

    @property
    def running(self) -> tuple[Row, ...]:
        """Operations whose code runs at this moment; contexts are left out, they run while anything does."""
        return tuple(row for row in self.rows.values() if row.state is State.RUNNING and row.kind is not Kind.CONTEXT)

    @property
    def pending(self) -> tuple[Row, ...]:
        """Operations that wait for a time to come, the nearest first."""
        return tuple(sorted((row for row in self.rows.values() if row.is_pending), key=lambda row: row.until or 0.0))

    def observe(self, notice: Notice | LogLine) -> list[Moment]:
        """Take one notice; those of other executions make no moment."""
        if notice.arn not in {None, self.arn}:
            return []
        if isinstance(notice, LogLine):
            moment = said(notice, self.now)
            return [] if moment is None else [moment]
        if self.started_at is None:
            self.started_at = notice.at
        moments = list(self._moments(notice))
        self.now = max(self.now, notice.at)
        return moments

    def _moments(self, notice: Notice) -> Iterator[Moment]:
        match notice:
            case ExecutionStarted(at=at, name=name):
                yield Began(at=at, name=name)
            case ExecutionResumed(at=at, name=name, operations=operations):
                self._has_worker = False
                yield Resumed(at=at, name=name, operations=operations)
                yield from (Moved(at=at, row=row) for row in self.pending)
            case InvocationStarted():
                yield from self._invoked(notice)
            case InvocationFinished():
                yield from self._closed(notice)
            case OperationNotice():
                yield self._moved(_row(notice, self.rows))
            case ExecutionFinished(at=at, status=status, result=result, error=error):
                self.over = Over(at=at, status=status, result=result, error=error)
                yield self.over

    def _invoked(self, notice: InvocationStarted) -> Iterator[Moment]:
        gap = notice.at - self.now
        if self.now and gap >= GAP:
            yield Passed(at=notice.at, seconds=gap)
        self.invocation = notice.number
        yield Invoked(at=notice.at, number=notice.number, is_cold=not self._has_worker)
        self._has_worker = True

    def _closed(self, notice: InvocationFinished) -> Iterator[Moment]:
        has_died = (notice.error or {}).get("ErrorType") in _DEATHS
        if has_died:
            self._has_worker = False
            for row in self.running:
                yield self._moved(replace(row, state=State.INTERRUPTED, at=notice.at))
        if notice.error is not None:
            close = Close.CRASHED if has_died else Close.FAILED
        else:
            close = Close.SUSPENDED if notice.status is ExecutionStatus.RUNNING else Close.FINISHED
        number, self.invocation = self.invocation or 0, None
        took = notice.at - notice.started_at
        yield Closed(at=notice.at, number=number, close=close, took=took, error=notice.error)

    def _moved(self, row: Row) -> Moved:
        self.rows[row.id] = row
        return Moved(at=row.at, row=row)


def _row(notice: OperationNotice, rows: dict[str, Row]) -> Row:
    known = rows.get(notice.operation_id)
    parent = rows.get(notice.parent_id or "")
    goes_on = known is not None and known.state in _OPEN and not isinstance(notice, OperationStarted)
    row = Row(
        id=notice.operation_id,
        kind=notice.kind,
        name=notice.name,
        parent_id=notice.parent_id,
        depth=0 if parent is None else parent.depth + 1,
        state=_STATES[type(notice)],
        attempt=notice.attempt,
        started_at=known.started_at if known is not None and goes_on else notice.at,
        at=notice.at,
    )
    match notice:
        case OperationSucceeded(result=result):
            return replace(row, result=result, delay=known.delay if known is not None and goes_on else None)
        case OperationFailed(error=error):
            return replace(row, error=error)
        case OperationRetrying(error=failed, delay=delay, until=until):
            return replace(row, error=failed, delay=delay, until=until)
        case OperationWaiting(delay=delay, until=until):
            return replace(row, delay=delay, until=until)
    return row


_OPEN = frozenset({State.RUNNING, State.WAITING})
"""States of a row that its next notice goes on from; the others begin anew."""
