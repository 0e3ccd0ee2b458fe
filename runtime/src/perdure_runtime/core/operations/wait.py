"""The wait: the service counts, nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure import WaitCancelled
from perdure_runtime.core.effects import Ok, Op, Outcome, Park, Raised
from perdure_runtime.core.table import Move
from perdure_runtime.core.updates import spelled, wait_started

if TYPE_CHECKING:
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.records import Record

__all__ = ["recorded", "wait"]


def recorded(identity: Identity, record: Record) -> Outcome[None] | None:
    """How the wait ended, where its record tells that; None while it lasts."""
    match record.move:
        case Move.RETURN:
            return Ok(None)
        case Move.RAISE:
            return Raised(WaitCancelled(f"the {identity} was {record.status.lower()} before it elapsed"))
        case Move.PARK:
            return None
        case move:
            raise AssertionError(f"a wait has no {move}")  # the table has no such row


def wait(journal: Journal, identity: Identity, seconds: int) -> Op[Outcome[None]]:
    """End once the service says that `seconds` have passed since the wait was first reached."""
    while True:
        record = journal.find(identity.id)
        if record is None:
            yield Park(identity.id, journal.outbox.push(wait_started(spelled(identity), seconds)))
        elif (outcome := recorded(identity, record)) is not None:
            return outcome
        else:
            yield Park(identity.id)
