"""How much of its quota an execution uses, told once where most of it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.codecs.quota import Quota
from perdure_runtime.core.records import DETAILS
from perdure_runtime.core.vocabulary import Action, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Usage"]


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
            if kind != Kind.EXECUTION:
                details = wire.get(DETAILS.get(kind, "")) or {}
                found(wire["Id"], len(details.get("Result") or ""), details.get("Attempt") or 0)

    def wrote(self, update: dict[str, Any], size: int) -> None:
        """An update of so many bytes is sent."""
        for used in self._quota.wrote(update["Id"], size, again=update["Action"] == Action.RETRY):
            self._warn(str(used))
