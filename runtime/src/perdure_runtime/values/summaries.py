"""The summary that stands for a batch too large to be recorded: how it ended, so that a replay rebuilds just that.

Items begin in the order of their indexes, so those that began are the indexes below `totalCount`, and of two lists the
shorter one tells which of them were still running. Nothing else in it is read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from perdure.batches import Batch, BatchReason, BatchStatus
from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values import jsontext
from perdure_runtime.values.paths import Unfit

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Summary", "summary_of", "summary_text"]

MOST_ITEMS = 1_000_000
"""A count that no batch reaches; beyond it, a summary is made up."""


class Summary(NamedTuple):
    """How a batch ended."""

    total_count: int
    """Items that began: those with the lowest indexes."""
    reason: BatchReason
    started: frozenset[int]
    """Indexes of the items that were still running."""


def summary_text(kind: str, batch: Batch[Any], said: str | None) -> str:
    """The summary of `batch`, with what the user's own function said of it."""
    over = [item.index for item in batch.items if item.status is not BatchStatus.STARTED]
    running = [item.index for item in batch.items if item.status is BatchStatus.STARTED]
    indexes = {"startedIndexes": running} if len(running) <= len(over) else {"completedIndexes": over}
    fields: dict[str, object] = {
        "type": kind,
        "totalCount": len(batch.items),
        "completionReason": batch.reason.value,
        **indexes,
        "startedCount": batch.started_count,
        "successCount": batch.success_count,
        "failureCount": batch.failure_count,
        "status": batch.status.value,
    }
    if said is not None:
        fields["summary"] = said
    return jsontext.write(fields)


def summary_of(text: str | None) -> Summary | None:
    """What a recorded summary says; None for text that is none, whoever wrote it."""
    if not text:
        return None
    try:
        data = jsontext.parse(text)
    except (Unfit, RecursionError):
        return None
    if type(data) is not dict:
        return None
    reason, total = data.get("completionReason"), data.get("totalCount")
    if type(reason) is not str or reason not in BatchReason.__members__:
        return None
    if type(total) is not int or not 0 <= total <= MOST_ITEMS:
        return None
    started = _started(data, total)
    return None if started is None else Summary(total, BatchReason(reason), started)


def _started(data: dict[str, object], total: int) -> frozenset[int] | None:
    for name, inverted in (("startedIndexes", False), ("completedIndexes", True)):
        found = data.get(name)
        if type(found) is list:
            indexes = cast("list[object]", found)
            if not _are_indexes(indexes, total):
                return None
            listed = frozenset(cast("Iterable[int]", indexes))
            return frozenset(range(total)) - listed if inverted else listed
    return None


def _are_indexes(found: list[object], total: int) -> bool:
    return all(type(index) is int and 0 <= index < total for index in found)
