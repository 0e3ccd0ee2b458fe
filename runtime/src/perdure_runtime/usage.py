"""How much of its quota an execution uses, told once where most of it is gone.

All of it is read from the journal, so that an invocation that finds most of the quota used knows that an earlier one
has told of it: each operation with its retries and polls, and the bytes of payloads and errors. Of a condition only the
last state is recorded, and the others are taken to be of its size. What is not recorded is not counted: what was sent
to other functions, errors of attempts before the last, and whatever is inside of finished contexts, which the service
leaves out.

It is read when it can matter, which is not before an update is sent. How many operations there are the journal knows;
retries are counted as they are written; and there are no more bytes of payloads than the state was read from, and than
were sent since, so that none are counted before that comes near the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.core.records import DETAILS
from perdure_runtime.core.vocabulary import TERMINAL, Kind, Status, Subtype
from perdure_runtime.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from perdure_runtime.core.journal import Journal

__all__ = ["Usage"]

OVER = frozenset(status.value for status in TERMINAL)
SUCCEEDED = Status.SUCCEEDED.value
STEP = DETAILS[Kind.STEP]


class Usage:
    """Counts what is recorded, and warns."""

    __slots__ = ("_earlier", "_journal", "_make_quota", "_quota", "_uncounted", "_warn")

    def __init__(
        self, warn: Callable[[str], None], journal: Journal, make_quota: Callable[[], Quota] | None = None
    ) -> None:
        self._journal = journal
        self._make_quota = make_quota
        self._quota: Quota | None = None
        """What is used; nobody knows before an update is sent."""
        self._warn = warn
        self._earlier = 0
        """Retries of earlier invocations."""
        self._uncounted = 0.0
        """Bytes, at most, that came to those of the quota since they were last counted."""

    def sending(self) -> Quota:
        """Updates are about to be sent; what was used before the first of them, and later what has been told of.

        What the journal holds at that time is in the history. Nothing is said of it: whoever recorded it did.
        """
        quota = self._quota
        if quota is None:
            quota = self._quota = (self._make_quota or Quota)()
            journal = self._journal
            self._earlier = _retries(journal.wires)
            # A condition that has tried again counts its last state once more for each time.
            size, self._uncounted = 0, journal.size * (1 + self._earlier)
            if not quota.has_room(self._uncounted):
                size, self._uncounted = _payloads(journal.wires), 0
            quota.found(journal.count + self._earlier, size)
        return quota

    def sent(self, batch: Sequence[bytes]) -> None:
        """These updates are recorded, and what has become of them is in the journal."""
        quota = self.sending()
        size = quota.bytes
        journal = self._journal
        self._uncounted += sum(map(len, batch))
        if not quota.has_room(size + self._uncounted) and quota.has_room(size):
            size, self._uncounted = _payloads(journal.wires), 0
        for used in quota.wrote(journal.count + self._earlier + journal.outbox.retries, size):
            self._warn(str(used))


def _retries(wires: Iterable[Mapping[str, Any]]) -> int:
    """Attempts after the first, and polls."""
    retries = 0
    for wire in wires:
        attempts = details.get("Attempt") if (details := wire.get(STEP)) else None
        if attempts and (attempts > 1 or wire["Status"] != SUCCEEDED):  # as hardly any is
            # They are counted when they end, and an operation when it begins.
            retries += attempts - (wire["Status"] in OVER)
    return retries


def _payloads(wires: Iterable[Mapping[str, Any]]) -> int:
    """Bytes of payloads and errors."""
    texts: list[str] = []
    for wire in wires:
        details = wire.get(DETAILS.get(wire["Type"], "")) or {}
        found = [details.get("Result") or details.get("InputPayload") or "", *_texts_of(details.get("Error"))]
        texts += found * ((details.get("Attempt") or 1) if wire.get("SubType") == Subtype.CONDITION else 1)
    return _bytes(texts)


def _bytes(texts: Sequence[str]) -> int:
    """The bytes of all these texts."""
    if all(map(str.isascii, texts)):
        return sum(map(len, texts))
    return sum(len(text.encode(errors="surrogatepass")) for text in texts)


def _texts_of(error: Mapping[str, object] | None) -> list[str]:
    """The texts of an error."""
    if not error:
        return []
    texts = [error.get("ErrorType"), error.get("ErrorMessage"), error.get("ErrorData")]
    stack = error.get("StackTrace")
    if isinstance(stack, list):
        texts += stack
    return [text for text in texts if isinstance(text, str)]
