"""The timeline of one execution: notices in, moments out, and what stands now.

It is a fold over the service's notices and nothing else: no clock, no terminal, no I/O. `observe` takes one notice and
returns the moments it makes. What happens in executions that it has invoked is told below the invoke.

Of a map or a parallel the first items are told one by one; the others only count, so that a map of a thousand items can
be read. How many are done is told now and then, ever more rarely, and the first that meet trouble are told as well.

To follow an execution that goes on, have it observe what was recorded before, and show none of those moments: `Resumed`
says in one how much that was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.ledger import ExecutionStatus, Kind
from perdure_local.loglines import said
from perdure_local.moments import (
    Began,
    Close,
    Closed,
    Counted,
    Invoked,
    Moment,
    Moved,
    Over,
    Passed,
    Resumed,
    Row,
    State,
    Tally,
)
from perdure_local.notices import (
    ExecutionFinished,
    ExecutionResumed,
    ExecutionStarted,
    FunctionInvoked,
    InvocationFinished,
    InvocationStarted,
    LogLine,
    Notice,
    OperationNotice,
)
from perdure_local.rows import is_counted, key_of, moved_on, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator

GAP = 1.0
"""Seconds without anything that are worth a moment of their own."""
_SOONEST_COUNT, _LATEST_COUNT = 1.0, 60.0
"""Seconds between two counts of an unfinished map; in between, as many as it had run by the first of them."""
_MOST_TROUBLES = 12
"""Operations of a map that fail, or are tried again, and are told for that: a step that fails for good and its item are
two."""
_DEATHS = frozenset({"Runtime.ExitError", "Sandbox.Timedout"})
"""Errors of an invocation that its process does not survive."""


class _Count(NamedTuple):
    at: float
    tally: Tally | None


class Timeline:
    """What is known of the execution `arn`."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.rows: dict[str, Row] = {}
        """Operations by their rows' keys, in the order of their first mention."""
        self.started_at: float | None = None
        """When the execution began; None for one that was found, and not yet heard of."""
        self.now = 0.0
        """The execution's time at the last notice."""
        self.invocation: int | None = None
        """The number of the invocation in flight."""
        self.over: Over | None = None
        self._has_worker = False
        self._roots: dict[str, str] = {}
        self._counts: dict[str, _Count] = {}
        self._troubles: Counter[str] = Counter()
        self._unfinished: dict[str, Row] = {}

    @property
    def operations(self) -> int:
        """How many operations the execution itself has."""
        return sum(row.execution == self.arn for row in self.rows.values())

    @property
    def running(self) -> tuple[Row, ...]:
        """Operations whose code runs at this moment; contexts are left out, they run while anything does."""
        return tuple(row for row in self._unfinished.values() if _runs_code(row) and not row.is_folded)

    @property
    def pending(self) -> tuple[Row, ...]:
        """Operations that wait, the nearest in time first, and those that wait for somebody without an end last."""
        waiting = (row for row in self._unfinished.values() if row.is_pending and not row.is_folded)
        return tuple(sorted(waiting, key=_nearness))

    @property
    def counted(self) -> tuple[Row, ...]:
        """Unfinished maps and parallels, most of whose items are only counted."""
        return tuple(row for row in self._unfinished.values() if is_counted(row))

    @property
    def next_folded(self) -> Row | None:
        """Of the operations that are not told one by one, the one that goes on next."""
        waiting = (row for row in self._unfinished.values() if row.is_pending and row.is_folded)
        return min(waiting, key=_nearness, default=None)

    def observe(self, notice: Notice | LogLine) -> list[Moment]:
        """Take one notice; those of executions that have nothing to do with it make no moment."""
        if notice.arn not in {None, self.arn, *self._roots}:
            return []
        if isinstance(notice, LogLine):
            moment = said(notice, self.now)
            return [] if moment is None else [moment]
        if self.started_at is None:
            self.started_at = notice.at
        moments = list(self._moments(notice) if notice.arn == self.arn else self._moments_below(notice))
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
                yield from (self._count(row, at, is_interim=False) for row in self.counted)
            case InvocationStarted():
                yield from self._invoked(notice)
            case InvocationFinished():
                yield from self._closed(notice)
            case OperationNotice():
                yield from self._operated(notice)
            case ExecutionFinished(at=at, status=status, result=result, error=error):
                self.over = Over(at=at, status=status, result=result, error=error)
                yield self.over

    def _moments_below(self, notice: Notice) -> Iterator[Moment]:
        """Yield what there is to tell of an execution that was invoked; its invocations are its own affair."""
        match notice:
            case OperationNotice():
                yield from self._operated(notice)
            case InvocationFinished() if _has_died(notice):
                yield from self._interrupted(notice)

    def _operated(self, notice: OperationNotice) -> Iterator[Moment]:
        if isinstance(notice, FunctionInvoked) and notice.execution is not None:
            self._roots[notice.execution] = key_of(notice, self._roots)
        yield from self._moved(row_of(notice, self.rows, self._roots))

    def _invoked(self, notice: InvocationStarted) -> Iterator[Moment]:
        gap = notice.at - self.now
        if self.now and gap >= GAP:
            yield Passed(at=notice.at, seconds=gap)
        self.invocation = notice.number
        yield Invoked(at=notice.at, number=notice.number, is_cold=not self._has_worker)
        self._has_worker = True

    def _closed(self, notice: InvocationFinished) -> Iterator[Moment]:
        has_died = _has_died(notice)
        if has_died:
            self._has_worker = False
            yield from self._interrupted(notice)
        for row in self.counted:
            if (count := self._counts.get(row.key)) is None or count.tally != row.tally:
                yield self._count(row, notice.at, is_interim=False)
        if notice.error is not None:
            close = Close.CRASHED if has_died else Close.FAILED
        else:
            close = Close.SUSPENDED if notice.status is ExecutionStatus.RUNNING else Close.FINISHED
        number, self.invocation = self.invocation or 0, None
        took = notice.at - notice.started_at
        yield Closed(at=notice.at, number=number, close=close, took=took, error=notice.error)

    def _interrupted(self, notice: InvocationFinished) -> Iterator[Moment]:
        for row in tuple(self._unfinished.values()):
            if _runs_code(row) and row.execution == notice.arn:
                yield from self._moved(replace(row, state=State.INTERRUPTED, at=notice.at))

    def _moved(self, row: Row) -> Iterator[Moment]:
        known = self.rows.get(row.key)
        if row.is_folded and row.error is not None:
            row = self._unfolded(row)
        self._put(row)
        batch = self._tallied(known, row)
        if not row.is_folded:
            yield Moved(at=row.at, row=row)
        elif batch is not None and batch.state is State.RUNNING and self._is_time_to_count(batch, row.at):
            yield self._count(batch, row.at, is_interim=True)

    def _unfolded(self, row: Row) -> Row:
        """Have an operation in trouble told from now on, unless many of its map are told for that already."""
        above = self.rows.get(row.parent_key or "")
        while above is not None and above.tally is None:
            above = self.rows.get(above.parent_key or "")
        if above is None or self._troubles[above.key] >= _MOST_TROUBLES:
            return row
        self._troubles[above.key] += 1
        return replace(row, is_folded=False)

    def _put(self, row: Row) -> None:
        self.rows[row.key] = row
        if row.state in _UNFINISHED:
            self._unfinished[row.key] = row
        else:
            self._unfinished.pop(row.key, None)

    def _tallied(self, known: Row | None, row: Row) -> Row | None:
        """Note what a move means to the map or the parallel that it is an item of, and return that, if it is one."""
        batch = self.rows.get(row.parent_key or "")
        if batch is None or batch.tally is None:
            return None
        batch = replace(batch, tally=moved_on(batch.tally, known, row))
        self._put(batch)
        return batch

    def _is_time_to_count(self, batch: Row, at: float) -> bool:
        last = self._counts.setdefault(batch.key, _Count(at, None))
        pause = min(max(last.at - batch.started_at, _SOONEST_COUNT), _LATEST_COUNT)
        return last.at + pause <= at

    def _count(self, batch: Row, at: float, *, is_interim: bool) -> Counted:
        self._counts[batch.key] = _Count(at, batch.tally)
        return Counted(at=at, row=batch, is_interim=is_interim)


_UNFINISHED = frozenset({State.RUNNING, State.WAITING, State.RETRYING})


def _runs_code(row: Row) -> bool:
    return row.state is State.RUNNING and row.kind is not Kind.CONTEXT


def _nearness(row: Row) -> tuple[bool, float]:
    return (row.until is None, row.until or row.started_at)


def _has_died(notice: InvocationFinished) -> bool:
    return (notice.error or {}).get("ErrorType") in _DEATHS
