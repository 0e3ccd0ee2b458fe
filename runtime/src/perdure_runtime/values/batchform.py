"""The JSON form of a batch: what an item is recorded as, and what of a recorded one can be believed.

It serves twice: for the record of a `map` or `parallel`, and for a `Batch` that user code returns from elsewhere. The
latter has to carry what the former's code declares: the items' names, the batch's own, and the total. The official SDK
passes over these members. An item that user code returns by itself is recorded as a batch of one that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from perdure.batches import Batch, BatchItem, BatchReason, BatchStatus
from perdure.errors import ChildContextError
from perdure_runtime.values.batches import error_members, members_of
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.tags import BATCH, Structure, shown

if TYPE_CHECKING:
    from perdure_runtime.values.failures import ErrorObject
    from perdure_runtime.values.origins import Origins

__all__ = [
    "Entry",
    "batch_members",
    "batch_of",
    "item_members",
    "item_of",
    "nested",
    "parsed",
]

ROOM_FOR_ERRORS = 200_000
"""Characters that the errors of one returned batch share, so that many of them leave it a size that can be recorded."""
LEAST = 500
"""Characters that an error has at least."""
LONE = "item"
"""The member of a batch of one that stands for its item."""


class Entry:
    """One item as it is recorded."""

    __slots__ = ("error", "members", "position", "status")

    def __init__(self, position: int, status: BatchStatus, members: Mapping[str, object], error: ErrorObject) -> None:
        self.position = position
        self.status = status
        self.members = members
        self.error = error


def parsed(members: Mapping[str, object], total: int | None = None) -> tuple[list[Entry], BatchReason]:
    """The items and the reason of recorded members; raises `Unfit` for what is no batch of `total` items."""
    data = members.get("all")
    if type(data) is not list:
        raise Unfit(f"expected the items of a batch, found {shown(data)}").at("all")
    entries: list[Entry] = []
    least = 0
    try:
        for item in cast("list[object]", data):
            entry = _entry(item, least, total)
            entries.append(entry)
            least = entry.position + 1
    except Unfit as unfit:
        raise unfit.at(len(entries)).at("all") from unfit.__cause__
    return entries, _reason(members.get("completionReason"), entries)


def _entry(data: object, least: int, total: int | None) -> Entry:
    if type(data) is not dict:
        raise Unfit(f"expected the item of a batch, found {shown(data)}")
    members = cast("dict[str, object]", data)
    index, status, error = members.get("index"), members.get("status"), members.get("error")
    if type(index) is not int or index < least:
        raise Unfit(f"expected an index of at least {least}, found {shown(index)}").at("index")
    if total is not None and index >= total:
        reason = f"is {index}, and the code declares {total} items; an execution in flight needs those it began with"
        raise Unfit(reason).at("index")
    if type(status) is not str or status not in BatchStatus.__members__:
        raise Unfit(f"expected SUCCEEDED, FAILED or STARTED, found {shown(status)}").at("status")
    if error is not None and type(error) is not dict:
        raise Unfit(f"expected an error object, found {shown(error)}").at("error")
    return Entry(index, BatchStatus(status), members, cast("ErrorObject", error) or {})


def _reason(data: object, entries: Iterable[Entry]) -> BatchReason:
    if data is None:  # early versions of the official SDK left it out, and infer it so
        failed = any(entry.status is BatchStatus.FAILED for entry in entries)
        return BatchReason.FAILURE_TOLERANCE_EXCEEDED if failed else BatchReason.ALL_COMPLETED
    if type(data) is not str or data not in BatchReason.__members__:
        raise Unfit(f"expected the reason why a batch ended, found {shown(data)}").at("completionReason")
    return BatchReason(data)


# A batch that is a value of user code


def nested(origins: Origins | None) -> tuple[Structure, ...]:
    """How the codec stores a `Batch` and its items; the exceptions in them are rebuilt as a child's are."""

    def of_members(members: Mapping[str, object]) -> object:
        return lone_of(members, origins) if LONE in members else batch_of(members, origins)

    return Structure(BATCH, Batch, batch_members, of_members), Structure(BATCH, BatchItem, lone_members, of_members)


def batch_members(batch: Batch[Any]) -> dict[str, object]:
    """The members of a batch that says all of itself."""
    limit = max(LEAST, ROOM_FOR_ERRORS // max(1, batch.failure_count))
    members = members_of([item_members(item, limit) for item in batch.items], batch.reason)
    if batch.total != len(batch.items):
        members["total"] = batch.total
    if batch.name is not None:
        members["name"] = batch.name
    return members


def item_members(item: BatchItem[Any], limit: int = ROOM_FOR_ERRORS) -> dict[str, object]:
    """The members of an item that says all of itself, its error in `limit` characters at the most."""
    error = None if item.error is None else _recorded(item.error, limit)
    members = {
        "index": item.index,
        "status": item.status.value,
        "result": item.result,
        "error": error_members(error),
    }
    if item.name is not None:
        members["name"] = item.name
    return members


def batch_of(members: Mapping[str, object], origins: Origins | None) -> Batch[Any]:
    """The batch that such members stand for; raises `Unfit`."""
    entries, reason = parsed(members)
    total = members.get("total", len(entries))
    if type(total) is not int or total < len(entries):
        raise Unfit(f"expected the number of declared items, found {shown(total)}").at("total")
    return Batch(tuple(_item(entry, origins) for entry in entries), reason, total, _name(members))


def lone_members(item: BatchItem[Any]) -> dict[str, object]:
    """The members of the batch of one that stands for `item`."""
    reason = BatchReason.FAILURE_TOLERANCE_EXCEEDED if item.error is not None else BatchReason.ALL_COMPLETED
    return {**members_of([item_members(item)], reason), LONE: True}


def lone_of(members: Mapping[str, object], origins: Origins | None) -> BatchItem[Any]:
    """The item that a batch of one stands for; raises `Unfit`."""
    items = batch_of(members, origins).items
    if len(items) != 1:
        raise Unfit(f"expected the one item that this stands for, found {len(items)}").at("all")
    return items[0]


def item_of(data: object, origins: Origins | None) -> BatchItem[Any]:
    """The item that such data stand for; raises `Unfit`."""
    return _item(_entry(data, 0, None), origins)


def _recorded(error: Exception, limit: int) -> dict[str, Any]:
    from perdure_runtime.values.failures import LIMIT, record  # where something has failed

    return record(error, limit=min(LIMIT, limit))


def _item(entry: Entry, origins: Origins | None) -> BatchItem[Any]:
    name = _name(entry.members)
    error = None
    if entry.error or entry.status is BatchStatus.FAILED:
        from perdure_runtime.values.failures import error_for

        error = error_for(
            entry.error,
            operation=name or f"item {entry.position}",
            operation_id="",
            attempts=0,
            fallback=ChildContextError,
            origins=origins,
        )
    return BatchItem(entry.position, name, entry.status, entry.members.get("result"), error)


def _name(members: Mapping[str, object]) -> str | None:
    name = members.get("name")
    return name if isinstance(name, str) else None
