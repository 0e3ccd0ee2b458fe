"""The wait: the service counts, nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure import WaitCancelled
from perdure_runtime.core.effects import Commit, Ok, Op, Outcome, Park, Raised
from perdure_runtime.core.table import Move, move_for
from perdure_runtime.core.updates import spelled, wait_started

if TYPE_CHECKING:
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.journal import Journal

__all__ = ["wait"]


def wait(journal: Journal, identity: Identity, seconds: int) -> Op[Outcome[None]]:
    """End once the service says that `seconds` have passed since the wait was first reached."""
    while True:
        record = journal.find(identity.id)
        match move_for(identity.kind, record.status if record else None, identity.id):
            case Move.START:
                yield Commit(journal.outbox.push(wait_started(spelled(identity), seconds)))
                yield Park(identity.id, _wake(journal, identity))
            case Move.PARK:
                yield Park(identity.id, _wake(journal, identity))
            case Move.RAISE:
                status = record.status.lower() if record else "cancelled"
                return Raised(WaitCancelled(f"the {identity} was {status} before it elapsed"))
            case Move.RETURN:
                return Ok(None)
            case move:
                raise AssertionError(f"a wait has no {move}")  # the table has no such row


def _wake(journal: Journal, identity: Identity) -> float | None:
    record = journal.find(identity.id)
    return record.wake if record else None
