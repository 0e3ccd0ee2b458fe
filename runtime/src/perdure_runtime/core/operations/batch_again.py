"""A batch that is over, read back (PROTOCOL 5.9 and 5.10).

Its result is the recorded one. Where that was too large, a summary says which branches had ended, and each is asked for
its own recorded outcome; nothing is scheduled again, and no policy asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.batches import Batch, BatchItem, BatchReason, BatchStatus
from perdure.errors import ReplayMismatch
from perdure_runtime.core.completion import Tally
from perdure_runtime.core.effects import OUTCOMES, Aside, Ok, Op, Outcome, Raised, aside
from perdure_runtime.core.operations.batch import close_open_ones, items_of, stored
from perdure_runtime.core.vocabulary import TERMINAL

if TYPE_CHECKING:
    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.operations.protocols import BatchWork
    from perdure_runtime.core.records import Record

__all__ = ["recorded"]


def recorded(
    journal: Journal, identity: Identity, scope: Scope, work: BatchWork, record: Record
) -> Op[Outcome[Batch[Any]]]:
    """The batch that is recorded, or that its branches' recorded outcomes come to."""
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
    close_open_ones(journal, work, outcomes)
    items, errors = items_of(work, outcomes)
    reason = summary.reason if summary is not None else _likely_reason(work, items)
    again = Batch(items, reason, work.total, identity.name)
    if work.is_read_from_branches:
        return Ok(again)
    try:
        value = (yield from stored(work, again, errors))[1]  # what a serdes changes, it changed the first time, too
        return Ok(value)
    except Exception as refused:  # noqa: BLE001  a serdes is user code
        return Raised(refused)


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
