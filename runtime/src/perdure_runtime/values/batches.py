"""The values of `map` and `parallel`: a batch as text, inline or summarized, and back (PROTOCOL 5.9).

    inline    {"t":"br","v":{"all":[{"index","status","result","error"}, …],"completionReason":…}}
    summary   {"type","totalCount","completionReason","startedIndexes" or "completedIndexes",counts,"status","summary"}

Both are the official Python SDK's, the first in the codec's compact form. An item's result stands in the codec's form
of its function's annotation, and its error is the error object that its branch recorded. Items that never began are in
neither text, and neither are names: the code declares both, and says them again when a batch is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from perdure.batches import Batch, BatchItem, BatchStatus
from perdure.errors import ChildContextError, OperationError, SerdesError
from perdure.frozen import changed
from perdure_runtime.values.paths import reported
from perdure_runtime.values.results import RESULT, by_user
from perdure_runtime.values.sizes import checked, utf8_size
from perdure_runtime.values.tags import BATCH
from perdure_runtime.values.work import Failing, described, summarized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal, TypeAlias

    from perdure import Serdes
    from perdure.batches import BatchReason
    from perdure_runtime.values.batchform import Entry
    from perdure_runtime.values.codec import Codec
    from perdure_runtime.values.failures import ErrorObject
    from perdure_runtime.values.origins import Origins
    from perdure_runtime.values.summaries import Summary
    from perdure_runtime.values.work import ChildValues

    BatchKind: TypeAlias = Literal["MapResult", "ParallelResult"]
    ItemForms: TypeAlias = Callable[[int], ChildValues]
    Revive: TypeAlias = Callable[[int, ErrorObject], Exception]

__all__ = ["BatchKind", "BatchValues", "error_members", "members_of"]

ERROR_MEMBERS = ("ErrorMessage", "ErrorType", "ErrorData", "StackTrace")
WORDS = {status: status.value for status in BatchStatus}


class BatchValues(Failing):
    """The values of one `map` or `parallel`."""

    __slots__ = ("_codec", "_item_forms", "_kind", "_serdes", "_summary")
    fallback: ClassVar[type[OperationError]] = ChildContextError

    def __init__(
        self,
        origins: Origins | None,
        codec: Codec,
        kind: BatchKind,
        item_forms: ItemForms,
        serdes: Serdes[Batch[Any]] | None,
        summary: Callable[[Batch[Any]], str] | None,
    ) -> None:
        super().__init__(origins)
        self._codec = codec
        self._kind = kind
        self._item_forms = item_forms
        self._serdes = serdes
        self._summary = summary

    def store(self, batch: Batch[Any], errors: Mapping[int, ErrorObject]) -> tuple[str, Batch[Any]]:
        """The text of any size, and the batch as a replay will read it; raises `SerdesError`.

        `errors` are the recorded errors of the failed items, by index, which their exceptions were made from.
        """
        if self._serdes is not None:
            text = by_user(self._serdes.serialize, batch)
            if not isinstance(text, str):
                raise SerdesError(f"serdes.serialize returned a {type(text).__name__}, not a str", RESULT)
            utf8_size(text, RESULT)
            return text, self._by_serdes(self._serdes, text)
        if (own := self._own_text(batch)) is not None:
            return own, batch
        entries = [self._entry(item, errors.get(item.index)) for item in batch.items]
        text, members = self._codec.stored_members(BATCH, members_of(entries, batch.reason), root=RESULT)
        stored = cast("list[dict[str, object]]", members["all"])
        return text, changed(batch, items=tuple(map(self._stored, batch.items, stored)))

    def read(
        self,
        text: str | None,
        total: int,
        revive: Revive,
        name_of: Callable[[int], str | None],
        *,
        name: str | None = None,
    ) -> Batch[Any]:
        """The batch of `total` declared items that an inline text stands for; raises `SerdesError`."""
        if text is None:
            raise SerdesError("is not there: no batch was recorded", RESULT)
        if self._serdes is not None:
            return self._by_serdes(self._serdes, text)
        members = self._codec.decode_members(BATCH, text, root=RESULT)
        from perdure_runtime.values.batchform import parsed  # where a batch is read back

        with reported(RESULT):
            entries, reason = parsed(members, total)
        items = tuple(self._read(entry, revive, name_of(entry.position)) for entry in entries)
        return Batch(items, reason, total, name)

    def summarize(self, batch: Batch[Any]) -> str:
        """What to record of a batch whose text is too large; raises `SerdesError` where the user's function fails."""
        from perdure_runtime.values.summaries import summary_text  # for the largest batches

        said = None if self._summary is None else summarized(self._summary, batch)
        return checked(summary_text(self._kind, batch, said), RESULT, "summarize it more")

    def read_summary(self, text: str | None) -> Summary | None:
        """What a summary says of how the batch ended; None for what neither SDK wrote."""
        from perdure_runtime.values.summaries import summary_of

        return summary_of(text)

    def _own_text(self, batch: Batch[Any]) -> str | None:
        """The text of a batch whose results are all their own text, as most are; None for any other."""
        entries: list[str] = []
        for item in batch.items:
            if item.status is not BatchStatus.SUCCEEDED:
                return None
            own = self._item_forms(item.index).form.own_text(item.result)
            if own is None:
                return None
            entries.append(f'{{"index":{item.index},"status":"SUCCEEDED","result":{own},"error":null}}')
        return f'{{"t":"{BATCH}","v":{{"all":[{",".join(entries)}],"completionReason":"{batch.reason.value}"}}}}'

    def _entry(self, item: BatchItem[Any], error: ErrorObject | None) -> dict[str, object]:
        entry: dict[str, object] = {"index": item.index, "status": WORDS[item.status], RESULT: None, "error": None}
        if item.status is BatchStatus.SUCCEEDED:
            key, data = self._item_forms(item.index).form.member(item.result, item.index)
            entry[key] = data
        elif item.status is BatchStatus.FAILED:
            if error is None and item.error is not None:
                error = described(item.error)
            entry["error"] = error_members(error)
        return entry

    def _stored(self, item: BatchItem[Any], entry: Mapping[str, object]) -> BatchItem[Any]:
        """An item as it will be read from the entry that was just made of it."""
        if item.status is not BatchStatus.SUCCEEDED:
            return item
        index = item.index
        form = self._item_forms(index).form
        if form.is_itself(item.result):
            return item
        result = form.of_member(entry, index)
        return item if result is item.result else BatchItem(index, item.name, item.status, result, None)

    def _read(self, entry: Entry, revive: Revive, name: str | None) -> BatchItem[Any]:
        index, status = entry.position, entry.status
        if status is BatchStatus.SUCCEEDED:
            result = self._item_forms(index).form.of_member(entry.members, index)
            return BatchItem(index, name, status, result, None)
        error = revive(index, entry.error) if status is BatchStatus.FAILED else None
        return BatchItem(index, name, status, None, error)

    def _by_serdes(self, serdes: Serdes[Batch[Any]], text: str) -> Batch[Any]:
        batch = by_user(serdes.deserialize, text)
        if not isinstance(batch, Batch):
            raise SerdesError(f"serdes.deserialize returned a {type(batch).__name__}, not a Batch", RESULT)
        return batch


def members_of(entries: list[dict[str, object]], reason: BatchReason) -> dict[str, object]:
    """The members of a batch, to be written under its tag."""
    return {"all": entries, "completionReason": reason.value}


def error_members(error: ErrorObject | None) -> dict[str, object] | None:
    """An error object as the official SDK writes it into an item: the members that are there."""
    if error is None:
        return None
    return {name: error[name] for name in ERROR_MEMBERS if error.get(name) is not None}
