"""How much of an execution's quota is used: operations, and bytes written (PROTOCOL 10).

The service stops an execution that runs out of either, and neither can be raised, so the line at 80 % is worth a
warning while something can still be done. What earlier invocations recorded is counted without one: the warning was
theirs. It is due when a write of this invocation crosses the line, once for each of the two.
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

    __slots__ = ("_lines", "_most", "bytes", "operations")

    def __init__(self, operations: int = MOST_OPERATIONS, size: int = MOST_BYTES) -> None:
        self._most = operations, size
        self._lines = operations * WARN_AT, size * WARN_AT
        self.operations = 0
        self.bytes = 0

    def __repr__(self) -> str:
        return f"<Quota: {self.operations} operations, {self.bytes} bytes>"

    def found(self, operations: int, size: int) -> None:
        """So much was used before this invocation."""
        self.operations, self.bytes = operations, size

    def has_room(self, size: float) -> bool:
        """Whether so many bytes stay below the line."""
        return size < self._lines[1]

    def wrote(self, operations: int, size: int) -> tuple[Used, ...]:
        """So much is used now, after a write: the warnings that are due."""
        before = self.operations, self.bytes
        self.operations, self.bytes = operations, size
        if operations < self._lines[0] and size < self._lines[1]:
            return ()
        return tuple(self._crossed(before))

    def _crossed(self, before: tuple[int, int]) -> Iterator[Used]:
        totals = zip(ADVICE, before, self._lines, (self.operations, self.bytes), self._most, strict=True)
        for what, earlier, line, used, most in totals:
            if earlier < line <= used:
                yield Used(what, used, most)
