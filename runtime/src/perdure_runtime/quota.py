"""How much of an execution's quota is used: operations, and bytes written (PROTOCOL 10).

The service stops an execution that runs out of either, and neither can be raised, so the line at 80 % is worth a
warning while something can still be done. What earlier invocations recorded is counted without one: the warning was
theirs. It is due when a write of this invocation crosses the line, once for each of the two.

An operation counts when it is first written, and so does each retry of a step and each poll of a condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from perdure_runtime.tuples import NamedTuple

__all__ = ["MOST_BYTES", "MOST_OPERATIONS", "Quota", "Used"]

MOST_OPERATIONS: Final = 3_000
MOST_BYTES: Final = 100_000_000
"""100 MB; decimal, which is the smaller reading of it."""
WARN_AT: Final = 0.8
ADVICE: Final = {
    "operations": "A map in chunks takes fewer, and an invoked function has a quota of its own.",
    "bytes": "Smaller results, and the codecs Compress and Offload, write less.",
}


class Used(NamedTuple):
    """That most of a quota is used."""

    what: str
    """What of: "operations" or "bytes"."""
    used: int
    most: int

    def __str__(self) -> str:
        return (
            f"{self.used:,} of the {self.most:,} {self.what} that one execution may have are used"
            f" ({self.used * 100 // self.most} %); at the limit the service fails it. {ADVICE[self.what]}"
        )


class Quota:
    """Running totals of one execution."""

    __slots__ = ("_lines", "_most", "_seen", "bytes", "operations")

    def __init__(self, operations: int = MOST_OPERATIONS, size: int = MOST_BYTES) -> None:
        self._most = operations, size
        self._lines = operations * WARN_AT, size * WARN_AT
        self._seen: set[str] = set()
        self.operations = 0
        self.bytes = 0

    def __repr__(self) -> str:
        return f"<Quota: {self.operations} operations, {self.bytes} bytes>"

    def found(self, operation_id: str, size: int, count: int = 1) -> None:
        """An operation is in the history, with `size` bytes of payload, and counts as so many with its retries."""
        if operation_id not in self._seen:
            self._seen.add(operation_id)
            self.operations += count
            self.bytes += size

    def wrote(self, operation_id: str, size: int, *, again: bool = False) -> tuple[Used, ...]:
        """An update of `size` bytes is sent, `again` for a retry or a poll: the warnings that are due now."""
        count = 1 if again else 0
        if operation_id not in self._seen:
            self._seen.add(operation_id)
            count += 1
        self.operations += count
        self.bytes += size
        if self.operations < self._lines[0] and self.bytes < self._lines[1]:
            return ()
        return tuple(self._crossed((self.operations - count, self.bytes - size)))

    def _crossed(self, before: tuple[int, int]) -> Iterator[Used]:
        totals = zip(ADVICE, before, self._lines, (self.operations, self.bytes), self._most, strict=True)
        for what, earlier, line, used, most in totals:
            if earlier < line <= used:
                yield Used(what, used, most)
