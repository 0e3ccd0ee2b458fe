"""The callback: somebody outside completes it, by its id (PROTOCOL 5.3 and 5.4).

To create one and to wait for its result are two calls, and code between them has to replay alike whatever has become of
the callback meanwhile. So creating it never fails because it did; asking for the result does.

`wait_for_callback` is both, inside a context of its own, with a step between them that hands the id to whoever is to
complete it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure import CallbackError, CallbackNotSubmitted, SerdesError
from perdure.errors import failure
from perdure_runtime.core.effects import Commit, Ok, Op, Outcome, Park, Raised, unreadable
from perdure_runtime.core.operations.step import StepWork, step
from perdure_runtime.core.table import Move, move_for
from perdure_runtime.core.updates import callback_started, spelled
from perdure_runtime.core.vocabulary import Kind, Status, Subtype
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.operations.protocols import CallbackValues

__all__ = ["CallbackTimes", "Submission", "callback_result", "create_callback", "submitted_callback"]


class CallbackTimes(NamedTuple):
    """Seconds that a callback may take, as a whole and between two heartbeats; 0 for no limit."""

    timeout: int = 0
    heartbeat: int = 0


class Submission(NamedTuple):
    """What `wait_for_callback` needs besides the callback itself."""

    times: CallbackTimes
    values: CallbackValues
    names: tuple[str, str]
    """Of the callback and of the step that hands its id on."""
    work: StepWork
    """That step."""
    body: Callable[[Identity, str], Callable[[int], object]]
    """What its attempts run, given its identity and the callback's id."""


def create_callback(journal: Journal, identity: Identity, times: CallbackTimes) -> Op[Outcome[str]]:
    """End with the id by which the callback is completed."""
    record = journal.find(identity.id)
    if move_for(identity.kind, record.status if record else None, identity.id) is Move.START:
        yield Commit(journal.outbox.push(callback_started(spelled(identity), times.timeout, times.heartbeat)))
        record = journal.find(identity.id)
    if record is None or record.callback_id is None:
        return Raised(CallbackError(f"the service gave the {identity} no id"))
    return Ok(record.callback_id)


def callback_result(journal: Journal, identity: Identity, values: CallbackValues) -> Op[Outcome[object]]:
    """End once somebody has completed the callback, or nobody has in time."""
    while True:
        record = journal.find(identity.id)
        status = record.status if record else None
        match move_for(identity.kind, status, identity.id):
            case Move.PARK | Move.START:
                yield Park(identity.id)
            case Move.RETURN:
                try:
                    return Ok(values.read(record.result if record else None))
                except SerdesError as unread:
                    return unreadable(unread, identity)
            case Move.RAISE:
                error = record.error if record else None
                return Raised(values.revive(error, identity, timed_out=status is Status.TIMED_OUT), error)
            case move:
                raise AssertionError(f"a callback has no {move}")  # the table has no such row


def submitted_callback(journal: Journal, scope: Scope, submission: Submission) -> Op[Outcome[object]]:
    """Create a callback, hand its id on, and end with its result; all of it inside a context that is given."""
    waited_for, _ = journal.ask_next(scope, Kind.CALLBACK, Subtype.CALLBACK, submission.names[0])
    created = yield from create_callback(journal, waited_for, submission.times)
    if isinstance(created, Raised):
        return created
    handed_on, record = journal.ask_next(scope, Kind.STEP, Subtype.STEP, submission.names[1])
    outcome = yield from step(journal, handed_on, submission.work, submission.body(handed_on, created.value), record)
    if isinstance(outcome, Raised):
        return Raised(_not_submitted(outcome.error))
    return (yield from callback_result(journal, waited_for, submission.values))


def _not_submitted(error: Exception) -> CallbackNotSubmitted:
    facts = failure(error)
    refusal = CallbackNotSubmitted(str(error), facts.error_type if facts else type(error).__name__)
    refusal.__cause__ = error
    return refusal
