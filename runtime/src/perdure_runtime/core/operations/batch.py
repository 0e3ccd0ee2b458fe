"""The batch: branches that run at the same time, and what they came to together (PROTOCOL 5.8 to 5.10).

A batch is a context whose code is the coordinator. Each branch is a context of its own, recorded or, in a flat batch,
virtual. The batch never fails because branches do: its result says how each of them ended, and why the batch did.

Read back, the result is the recorded one. Where it was too large for that, a summary says which branches had ended, and
each is asked for its own recorded outcome; nothing is scheduled again, and no policy asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.batches import Batch, BatchItem, BatchReason, BatchStatus
from perdure.errors import ReplayMismatch
from perdure.frozen import frozen
from perdure_runtime.core.completion import Tally
from perdure_runtime.core.effects import OUTCOMES, Aside, Fan, Ok, Op, Outcome, Raised, aside
from perdure_runtime.core.operations.child import is_large
from perdure_runtime.core.table import Move, move_for
from perdure_runtime.core.updates import failed, spelled, started, succeeded, summarised
from perdure_runtime.core.vocabulary import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from perdure import Completion
    from perdure_runtime.core.effects import Begun
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.outbox import Debtor
    from perdure_runtime.core.records import Record

__all__ = ["BatchValues", "BatchWork", "Summary", "batch"]


if TYPE_CHECKING:

    class Summary(Protocol):
        """What is recorded of a large batch in place of its results."""

        @property
        def total_count(self) -> int:
            """Branches that had begun."""
            ...

        @property
        def reason(self) -> BatchReason:
            """Why the batch ended."""
            ...

        @property
        def started(self) -> frozenset[int]:
            """Branches that had not ended."""
            ...

    class BatchValues(Protocol):
        """How a batch becomes text and back."""

        def store(
            self, batch: Batch[Any], errors: Mapping[int, dict[str, Any]]
        ) -> tuple[str, Batch[Any]] | Aside[tuple[str, Batch[Any]]]:
            """The text to record, and the batch that a replay will read from it; raises `SerdesError`."""
            ...

        def read(
            self,
            text: str | None,
            total: int,
            revive: Callable[[int, Mapping[str, object]], Exception],
            name_of: Callable[[int], str | None],
            *,
            name: str | None = None,
        ) -> Batch[Any] | Aside[Batch[Any]]:
            """The batch that a recorded text stands for; raises `SerdesError`."""
            ...

        def summarize(self, batch: Batch[Any]) -> str:
            """What is recorded in place of a large batch."""
            ...

        def read_summary(self, text: str | None) -> Summary | None:
            """A recorded summary; None for a text that is none."""
            ...

        def describe(self, error: BaseException) -> dict[str, Any]:
            """The error object to record."""
            ...

        def revive(self, error: dict[str, Any] | None, identity: Identity, attempts: int) -> Exception:
            """The exception that a recorded error stands for."""
            ...


@frozen
class BatchWork:
    """One batch: its branches, when it ends, and how its values travel."""

    total: int
    limit: int | None
    completion: Completion | None
    """When it is over; None ends it with the first failure."""
    branch: Callable[[int], Begun[Any]]
    """Begins a branch: its outcome where that is recorded, else the operation that it is."""
    identity_of: Callable[[int], Identity]
    name_of: Callable[[int], str | None]
    is_recorded: Callable[[int], bool]
    """Whether a branch is a context with a record of its own."""
    revive: Callable[[int, Mapping[str, object]], Exception]
    """The exception that a branch's recorded error stands for."""
    values: BatchValues
    line: Debtor
    """The line of work that its result goes to, and that does nothing more before its end is acknowledged."""
    foretold: Callable[[], dict[int, Ok[Any]]] = dict
    """How branches ended of which no more need be asked than what is recorded; any may be left out."""
    is_read_from_branches: bool = False
    """Whether branches are operations recorded elsewhere, which know best how to read their results."""


def batch(journal: Journal, identity: Identity, scope: Scope, work: BatchWork) -> Op[Outcome[Any]]:
    """End with the batch that is recorded; run its branches where none is."""
    record = journal.find(identity.id)
    move = move_for(identity.kind, record.status if record else None, identity.id)
    told = spelled(identity)
    match move:
        case Move.RETURN:
            assert record is not None  # noqa: S101  what is recorded as done is recorded
            return (yield from _recorded(journal, identity, scope, work, record))
        case Move.RAISE:
            error = record.error if record else None
            return Raised(work.values.revive(error, identity, 0), error)
        case Move.START:
            journal.outbox.push(started(told))
        case Move.RERUN:
            pass
        case _:
            raise AssertionError(f"a batch has no {move}")  # the table has no such row
    tally = Tally(work.total, work.limit, work.completion)
    if record is not None:
        tally.foretell(work.foretold)
    if not tally.decided:
        yield Fan(tally, work.branch)
    journal.close(identity.id)
    _close_open_ones(journal, work, tally.outcomes)
    refusal = tally.broken
    if tally.reason is not None:
        items, errors = _items(work, {index: tally.outcomes.get(index) for index in range(tally.begun)})
        try:
            batch_now = Batch(items, tally.reason, work.total, identity.name)
            text, value = (
                ("", batch_now) if work.is_read_from_branches else (yield from _stored(work, batch_now, errors))
            )
            is_summarised = work.is_read_from_branches or is_large(text)
            update = summarised(told, work.values.summarize(value)) if is_summarised else succeeded(told, text)
        except Exception as refused:  # noqa: BLE001  serdes and summaries are user code
            refusal = refused
        else:
            work.line.owed = journal.outbox.push(update)
            return Ok(value)
    assert refusal is not None  # noqa: S101  one of the two ended the batch
    described = work.values.describe(refusal)
    work.line.owed = journal.outbox.push(failed(told, described))
    return Raised(work.values.revive(described, identity, 0), described)


def _stored(work: BatchWork, batch: Batch[Any], errors: Mapping[int, dict[str, Any]]) -> Op[tuple[str, Batch[Any]]]:
    stored = work.values.store(batch, errors)
    return (yield from aside(stored)) if isinstance(stored, Aside) else stored


def _items(
    work: BatchWork, outcomes: Mapping[int, Outcome[Any] | None]
) -> tuple[tuple[BatchItem[Any], ...], dict[int, dict[str, Any]]]:
    """What each branch came to; None stands for one that has not ended. And the error objects of those that failed."""
    items: list[BatchItem[Any]] = []
    errors: dict[int, dict[str, Any]] = {}
    for index, outcome in outcomes.items():
        name = work.name_of(index)
        if outcome is None:
            items.append(BatchItem(index, name, BatchStatus.STARTED))
        elif isinstance(outcome, Ok):
            items.append(BatchItem(index, name, BatchStatus.SUCCEEDED, outcome.value, None))
        else:
            errors[index] = outcome.recorded or work.values.describe(outcome.error)
            items.append(BatchItem(index, name, BatchStatus.FAILED, error=outcome.error))
    return tuple(items), errors


# Read back


def _recorded(
    journal: Journal, identity: Identity, scope: Scope, work: BatchWork, record: Record
) -> Op[Outcome[Batch[Any]]]:
    if not record.keeps_children:
        try:
            read = work.values.read(record.result, work.total, work.revive, work.name_of, name=identity.name)
            return Ok((yield from aside(read)) if isinstance(read, Aside) else read)
        except Exception as unreadable:  # noqa: BLE001  a serdes is user code
            return Raised(unreadable)
    scope.sealed = scope.replaying = True
    summary = work.values.read_summary(record.result)
    began = range(work.total if summary is None else min(summary.total_count, work.total))
    open_ones = summary.started if summary is not None else _open_ones(journal, work)
    outcomes: dict[int, Outcome[Any] | None] = {}
    for index in began:
        if index in open_ones:
            outcomes[index] = None
            continue
        if work.is_recorded(index) and not _has_ended(journal, work.identity_of(index).id):
            if summary is None:
                continue  # it never began, or the text would say what became of it
            told = (("status", "ended", "not recorded as ended"),)
            hint = f"branch {index} of a finished batch"
            raise ReplayMismatch(work.identity_of(index).id, told, hint=hint)
        branch = work.branch(index)
        outcomes[index] = branch if isinstance(branch, OUTCOMES) else (yield from branch)
    _close_open_ones(journal, work, outcomes)
    items, errors = _items(work, outcomes)
    reason = summary.reason if summary is not None else _likely_reason(work, items)
    again = Batch(items, reason, work.total, identity.name)
    if work.is_read_from_branches:
        return Ok(again)
    try:
        value = (yield from _stored(work, again, errors))[1]  # what a serdes changes, it changed the first time, too
        return Ok(value)
    except Exception as refused:  # noqa: BLE001  a serdes is user code
        return Raised(refused)


def _close_open_ones(journal: Journal, work: BatchWork, outcomes: Mapping[int, Outcome[Any] | None]) -> None:
    """What branches that did not end have recorded, nobody will ask for."""
    for index in range(work.total):
        if outcomes.get(index) is None:
            journal.close(work.identity_of(index).id)


def _has_ended(journal: Journal, operation_id: str) -> bool:
    record = journal.find(operation_id)
    return record is not None and record.status in TERMINAL


def _open_ones(journal: Journal, work: BatchWork) -> frozenset[int]:
    """Without a summary: the branches that are recorded as begun and not as ended."""
    begun = set()
    for index in filter(work.is_recorded, range(work.total)):
        record = journal.find(work.identity_of(index).id)
        if record is not None and record.status not in TERMINAL:
            begun.add(index)
    return frozenset(begun)


def _likely_reason(work: BatchWork, items: tuple[BatchItem[Any], ...]) -> BatchReason:
    """Without a summary: the reason that the policy would give for what is recorded."""
    tally = Tally(work.total, None, work.completion)
    for item in items:
        while tally.begun <= item.index and not tally.decided:
            tally.begin()
        if item.status is not BatchStatus.STARTED and not tally.decided:
            tally.end(item.index, Ok(None) if item.error is None else Raised(item.error))
    return tally.reason or BatchReason.ALL_COMPLETED
