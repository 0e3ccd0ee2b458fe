"""How much of an execution's quota is used: operations, and bytes written (PROTOCOL 10).

The service stops an execution that runs out of either, and neither can be raised, so the line at 80 % is worth a
warning while something can still be done. What earlier invocations recorded is counted without one: the warning was
theirs. It is due when a write of this invocation crosses the line, once for each of the two.

An operation counts when it is first written, and so does each retry of a step and each poll of a condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

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

    __slots__ = ("_most", "_seen", "bytes", "operations")

    def __init__(self, operations: int = MOST_OPERATIONS, size: int = MOST_BYTES) -> None:
        self._most = {"operations": operations, "bytes": size}
        self._seen: set[str] = set()
        self.operations = 0
        self.bytes = 0

    def __repr__(self) -> str:
        return f"<Quota: {self.operations} operations, {self.bytes} bytes>"

    def found(self, operation_id: str, size: int, attempts: int = 1) -> None:
        """An operation is in the history, with `size` bytes of payload, after so many attempts."""
        if operation_id not in self._seen:
            self._seen.add(operation_id)
            self.operations += max(attempts, 1)
            self.bytes += size

    def wrote(self, operation_id: str, size: int, *, again: bool = False) -> list[Used]:
        """An update of `size` bytes is sent, `again` for a retry or a poll: the warnings that are due now."""
        before = self._totals()
        if operation_id not in self._seen:
            self._seen.add(operation_id)
            self.operations += 1
        if again:
            self.operations += 1
        self.bytes += size
        return list(self._crossed(before))

    def _totals(self) -> dict[str, int]:
        return {"operations": self.operations, "bytes": self.bytes}

    def _crossed(self, before: dict[str, int]) -> Iterator[Used]:
        for what, used in self._totals().items():
            most = self._most[what]
            if before[what] < most * WARN_AT <= used:
                yield Used(what, used, most)
