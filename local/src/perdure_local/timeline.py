"""The timeline of one execution: notices in, moments out, and what stands now.

It is a fold over the service's notices and nothing else: no clock, no terminal, no I/O. `observe` takes one notice and
returns the moments it makes. One thing cannot be told at once: an invocation that ended without an error has suspended
or has finished the execution, and only the next notice says which. Its `Closed` is held back until that notice comes,
or until the caller finds that none is under way and calls `settle`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perdure_local.ledger import Kind
from perdure_local.loglines import said
from perdure_local.moments import Began, Close, Closed, Invoked, Moment, Moved, Over, Passed, Row, State
from perdure_local.notices import (
    ExecutionFinished,
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
        self._held: InvocationFinished | None = None
        self._last_number = 0

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
            return [] if moment is None else [*self.settle(), moment]
        moments = [*self._released(notice)]
        if self.started_at is None:
            self.started_at = notice.at
        moments += self._moments(notice)
        self.now = max(self.now, notice.at)
        return moments

    def settle(self) -> list[Moment]:
        """Tell what was held back, because no notice is under way that could say more."""
        return self._close(Close.SUSPENDED)

    def _moments(self, notice: Notice) -> Iterator[Moment]:
        match notice:
            case ExecutionStarted(at=at, name=name):
                yield Began(at=at, name=name)
            case InvocationStarted():
                yield from self._invoked(notice)
            case InvocationFinished(error=None):
                self._held = notice
            case InvocationFinished():
                yield from self._failed(notice)
            case OperationNotice():
                yield self._moved(_row(notice, self.rows))
            case ExecutionFinished(at=at, status=status, result=result, error=error):
                self.over = Over(at=at, status=status, result=result, error=error)
                yield self.over

    def _invoked(self, notice: InvocationStarted) -> Iterator[Moment]:
        gap = notice.at - self.now
        if self.now and gap >= GAP:
            yield Passed(at=notice.at, seconds=gap)
        self.invocation = self._last_number = notice.number
        yield Invoked(at=notice.at, number=notice.number, is_cold=not self._has_worker)
        self._has_worker = True

    def _failed(self, notice: InvocationFinished) -> Iterator[Moment]:
        error = notice.error or {}
        has_died = error.get("ErrorType") in _DEATHS
        self._has_worker = not has_died
        if has_died:
            for row in self.running:
                yield self._moved(replace(row, state=State.INTERRUPTED, at=notice.at))
        self._held = notice
        yield from self._close(Close.CRASHED if has_died else Close.FAILED)

    def _released(self, notice: Notice) -> list[Moment]:
        return self._close(Close.FINISHED if isinstance(notice, ExecutionFinished) else Close.SUSPENDED)

    def _close(self, close: Close) -> list[Moment]:
        held, self._held = self._held, None
        if held is None:
            return []
        self.invocation = None
        took = held.at - held.started_at
        return [Closed(at=held.at, number=self._last_number, close=close, took=took, error=held.error)]

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
