"""Asking for a wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.durations import whole_seconds
from perdure_runtime.core.operations.wait import recorded, wait
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.drivers.calls import Asked, AskedValue

if TYPE_CHECKING:
    from perdure import Duration
    from perdure_runtime.core.effects import Begun
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.records import Record
    from perdure_runtime.drivers.calls import Calls

__all__ = ["ask_wait"]

FACTS = Kind.WAIT.value, Subtype.WAIT


class AskedWait(Asked):
    """A call of `ctx.wait()`."""

    def __init__(self, identity: Identity, record: Record | None, journal: Journal, seconds: int) -> None:
        self.identity = identity
        self.record = record
        self._journal = journal
        self._seconds = seconds

    def begin(self) -> Begun[None]:
        """How it ended where that is recorded, else what has to be driven to that."""
        identity, record = self.identity, self.record
        outcome = None if record is None else recorded(identity, record)
        return wait(self._journal, identity, self._seconds) if outcome is None else outcome


def ask_wait(
    calls: Calls[Any], duration: Duration | None, spelled: tuple[float, float, float, float], name: str | None
) -> Asked:
    """`ctx.wait(…)`."""
    calls.admit("ctx.wait()")
    length = whole_seconds(duration, *spelled)
    journal, scope = calls.run.journal, calls.scope
    if scope.replaying and (wire := journal.ask_success(scope, FACTS, name)) is not None:
        return AskedValue(wire, None)
    identity, record = calls.ask(Kind.WAIT, Subtype.WAIT, name)
    return AskedWait(identity, record, journal, length)
