"""How much of its quota an execution uses, told once where most of it is gone.

Both sides count alike, what is sent now and what is found in the history: each operation with its retries and polls,
and the bytes of payloads and errors. So an invocation that finds most of the quota used knows that an earlier one has
told of it. Of a condition only the last state is found, and the others are taken to be of its size. What cannot be
found is not counted: what was sent to other functions, errors of attempts before the last, and whatever is inside of
finished contexts, which the service leaves out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.core.records import DETAILS
from perdure_runtime.core.vocabulary import TERMINAL, Action, Kind, Subtype
from perdure_runtime.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Usage"]

# Plain text: this looks at every operation and at every update, and Python compares two texts faster than enums.
DETAILS_OF = {kind.value: name for kind, name in DETAILS.items()}
EXECUTION, RETRY = Kind.EXECUTION.value, Action.RETRY.value
OVER = frozenset(status.value for status in TERMINAL)


class Usage:
    """Counts what is recorded and what is sent."""

    __slots__ = ("_quota", "_warn")

    def __init__(self, warn: Callable[[str], None], quota: Quota | None = None) -> None:
        self._quota = quota or Quota()
        self._warn = warn

    def found(self, operations: Iterable[dict[str, Any]]) -> None:
        """These are in the history. Nothing is said of them: whoever recorded them did."""
        found = self._quota.found
        for wire in operations:
            kind = wire["Type"]
            details = wire.get(DETAILS_OF.get(kind, "")) or {}
            if kind == EXECUTION:
                found(wire["Id"], _bytes(details.get("InputPayload")), 0)
                continue
            size = _bytes(details.get("Result"))
            if "Error" in details:
                size += _error_bytes(details["Error"])
            attempts = details.get("Attempt") or 0
            if attempts > 1 and wire.get("SubType") == Subtype.CONDITION:
                size *= attempts
            # Attempts are counted when they end, and an operation when it begins.
            found(wire["Id"], size, attempts or 1 if wire["Status"] in OVER else attempts + 1)

    def wrote(self, update: dict[str, Any], _size: int) -> None:
        """An update is sent."""
        size = _bytes(update.get("Payload"))
        if "Error" in update:
            size += _error_bytes(update["Error"])
        for used in self._quota.wrote(update["Id"], size, again=update["Action"] == RETRY):
            self._warn(str(used))


def _bytes(text: str | None) -> int:
    if not text:
        return 0
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _error_bytes(error: Mapping[str, object] | None) -> int:
    """The bytes of an error's texts."""
    if not error:
        return 0
    texts = [error.get("ErrorType"), error.get("ErrorMessage"), error.get("ErrorData")]
    stack = error.get("StackTrace")
    if isinstance(stack, list):
        texts += stack
    return sum(_bytes(text) for text in texts if isinstance(text, str))
