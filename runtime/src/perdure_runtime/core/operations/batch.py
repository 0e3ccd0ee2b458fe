"""The batch: branches that run at the same time, and what they came to together (PROTOCOL 5.8 to 5.10).

A batch is a context whose code is the coordinator. Each branch is a context of its own, recorded or, in a flat batch,
virtual. The batch never fails because branches do: its result says how each of them ended, and why the batch did.

How a batch that is over is read back, `batch_again.py` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.batches import Batch, BatchItem, BatchStatus
from perdure_runtime.core.completion import Tally
from perdure_runtime.core.effects import Aside, Fan, Ok, Op, Outcome, Raised, aside
from perdure_runtime.core.operations.child import is_large
from perdure_runtime.core.table import Move, move_for
from perdure_runtime.core.updates import failed, spelled, started, succeeded, summarised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.operations.protocols import BatchWork

__all__ = ["batch", "close_open_ones", "items_of", "stored"]


def batch(journal: Journal, identity: Identity, scope: Scope, work: BatchWork) -> Op[Outcome[Any]]:
    """End with the batch that is recorded; run its branches where none is."""
    record = journal.find(identity.id)
    move = move_for(identity.kind, record.status if record else None, identity.id)
    told = spelled(identity)
    match move:
        case Move.RETURN:
            assert record is not None  # noqa: S101  what is recorded as done is recorded
            from perdure_runtime.core.operations.batch_again import recorded  # where a batch is read back

            return (yield from recorded(journal, identity, scope, work, record))
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
    close_open_ones(journal, work, tally.outcomes)
    refusal = tally.broken
    if tally.reason is not None:
        items, errors = items_of(work, {index: tally.outcomes.get(index) for index in range(tally.begun)})
        try:
            batch_now = Batch(items, tally.reason, work.total, identity.name)
            text, value = (
                ("", batch_now) if work.is_read_from_branches else (yield from stored(work, batch_now, errors))
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


def stored(work: BatchWork, batch: Batch[Any], errors: Mapping[int, dict[str, Any]]) -> Op[tuple[str, Batch[Any]]]:
    """The text to record, and the batch that a replay will read from it."""
    text = work.values.store(batch, errors)
    return (yield from aside(text)) if isinstance(text, Aside) else text


def items_of(
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


def close_open_ones(journal: Journal, work: BatchWork, outcomes: Mapping[int, Outcome[Any] | None]) -> None:
    """What branches that did not end have recorded, nobody will ask for."""
    for index in range(work.total):
        if outcomes.get(index) is None:
            journal.close(work.identity_of(index).id)
