"""How much of its quota an execution uses, told once where most of it is gone.

All of it is read from the journal, so that an invocation that finds most of the quota used knows that an earlier one
has told of it: each operation with its retries and polls, and the bytes of payloads and errors. Of a condition only the
last state is recorded, and the others are taken to be of its size. What is not recorded is not counted: what was sent
to other functions, errors of attempts before the last, and whatever is inside of finished contexts, which the service
leaves out.

It is read when it can matter. How many operations there are the journal knows; retries are counted as they are written;
and there are no more bytes of payloads than were sent, until that comes near the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.core.records import DETAILS
from perdure_runtime.core.vocabulary import TERMINAL, Subtype
from perdure_runtime.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from perdure_runtime.core.journal import Journal

__all__ = ["Usage"]

OVER = frozenset(status.value for status in TERMINAL)


class Usage:
    """Counts what is recorded, and warns."""

    __slots__ = ("_journal", "_quota", "_retries", "_unread", "_warn")

    def __init__(self, warn: Callable[[str], None], journal: Journal, quota: Quota | None = None) -> None:
        self._journal = journal
        self._quota = quota or Quota()
        self._warn = warn
        self._retries = 0
        self._unread = 0
        """Bytes of updates that were sent since the journal was last read."""

    def found(self, operations: Iterable[dict[str, Any]]) -> None:
        """These are in the history, and in the journal. Nothing is said of them: whoever recorded them did."""
        retries, size = _counted(operations)
        self._retries += retries
        self._quota.found(self._journal.count + self._retries, self._quota.bytes + size)

    def retried(self) -> None:
        """An update is sent that has an operation tried again."""
        self._retries += 1

    def sent(self, batch: Sequence[bytes]) -> None:
        """These updates are recorded, and what has become of them is in the journal."""
        quota = self._quota
        size = quota.bytes
        self._unread += sum(map(len, batch))
        if not quota.has_room(size + self._unread) and quota.has_room(size):
            _, size = _counted(record.wire for record in self._journal)
            self._unread = 0
        for used in quota.wrote(self._journal.count + self._retries, size):
            self._warn(str(used))


def _counted(operations: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """Retries, and bytes of payloads and errors."""
    retries = total = 0
    member_of = DETAILS.get
    for wire in operations:
        details = wire.get(member_of(wire["Type"], ""))
        if not details:
            continue
        text = details.get("Result") or details.get("InputPayload")
        size = _bytes(text) if text else 0
        if "Error" in details:
            size += _error_bytes(details["Error"])
        attempts = details.get("Attempt")
        if attempts and (attempts > 1 or wire["Status"] not in OVER):
            # Attempts are counted when they end, and an operation when it begins.
            retries += attempts - 1 if wire["Status"] in OVER else attempts
            if wire.get("SubType") == Subtype.CONDITION:
                size *= attempts
        total += size
    return retries, total


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _error_bytes(error: Mapping[str, object] | None) -> int:
    """The bytes of an error's texts."""
    if not error:
        return 0
    texts = [error.get("ErrorType"), error.get("ErrorMessage"), error.get("ErrorData")]
    stack = error.get("StackTrace")
    if isinstance(stack, list):
        texts += stack
    return sum(_bytes(text) for text in texts if text and isinstance(text, str))
