"""The invoke: another function does the work, durable or not, and the service tells what it came to (PROTOCOL 5.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure import SerdesError
from perdure_runtime.core.effects import Ok, Op, Outcome, Park, Raised, unreadable
from perdure_runtime.core.table import Move, move_for
from perdure_runtime.core.updates import invoke_started, spelled
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.operations.protocols import InvokeValues

__all__ = ["InvokeWork", "invoke"]


class InvokeWork(NamedTuple):
    """One call of `ctx.invoke`."""

    function: str
    payload: str
    tenant_id: str | None
    values: InvokeValues


def invoke(journal: Journal, identity: Identity, work: InvokeWork) -> Op[Outcome[object]]:
    """End with what the function answered, or failed with."""
    while True:
        record = journal.find(identity.id)
        match move_for(identity.kind, record.status if record else None, identity.id):
            case Move.START:
                started = invoke_started(spelled(identity), work.function, work.payload, work.tenant_id)
                yield Park(identity.id, journal.outbox.push(started))
            case Move.PARK:
                yield Park(identity.id)
            case Move.RETURN:
                try:
                    return Ok(work.values.read(record.result if record else None))
                except SerdesError as unread:
                    return unreadable(unread, identity)
            case Move.RAISE:
                error = record.error if record else None
                return Raised(work.values.revive(error, identity), error)
            case move:
                raise AssertionError(f"an invoke has no {move}")  # the table has no such row
