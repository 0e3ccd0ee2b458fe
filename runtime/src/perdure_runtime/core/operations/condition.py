"""The condition: a check that is made again and again, from one state to the next, until it is met (PROTOCOL 5.11).

To the service it is a step: an attempt that does not meet the condition is a retry that carries the state. So the state
survives between invocations, and an interrupted check starts again from the state before it. A check that raises has
failed for good: what it says is about the condition, not about an attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from perdure import ConditionError, SerdesError
from perdure_runtime.core.effects import (
    Aside,
    Commit,
    HandOver,
    Ok,
    Op,
    Outcome,
    Park,
    Raised,
    aside,
    call,
    unreadable,
)
from perdure_runtime.core.handover import DELAY
from perdure_runtime.core.table import Move, move_for
from perdure_runtime.core.updates import failed, polled, spelled, started, succeeded
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.operations.protocols import Values
    from perdure_runtime.core.records import Record

__all__ = ["ConditionWork", "Verdict", "condition"]

LONGEST_STATE = 200


class Verdict(NamedTuple):
    """What a policy says about a state: whether the condition is met, and if not, when to look again."""

    is_met: bool
    delay: int | None = None
    """Whole seconds; None where it is not worth looking again."""


class ConditionWork(NamedTuple):
    """One call of `ctx.wait_for_condition`."""

    initial: object
    check: Callable[[object], Callable[[int], object]]
    """The body of an attempt, given the state before it."""
    is_async: bool
    judge: Callable[[object, int], Verdict]
    values: Values
    is_late: Callable[[], bool]
    shown: Callable[[str], str] = str
    """What may be shown of a state's text."""


def condition(journal: Journal, identity: Identity, work: ConditionWork) -> Op[Outcome[object]]:
    """End with the state that meets the condition."""
    while True:
        record = journal.find(identity.id)
        move = move_for(identity.kind, record.status if record else None, identity.id)
        match move:
            case Move.RETURN:
                try:
                    return Ok((yield from _read(identity, work, record.result if record else None)))
                except SerdesError as unread:
                    return unreadable(unread, identity)
            case Move.RAISE:
                error = record.error if record else None
                return Raised(work.values.revive(error, identity, record.completed_attempts if record else 0), error)
            case Move.PARK:
                yield Park(identity.id)
            case Move.START | Move.RERUN:
                ended = yield from _poll(journal, identity, work, record, is_new=move is Move.START)
                if ended is not None:
                    return ended
            case _:
                assert_never(move)


def _poll(
    journal: Journal, identity: Identity, work: ConditionWork, record: Record | None, *, is_new: bool
) -> Op[Outcome[object] | None]:
    """Make one check: how the condition ended, or None when there is another check to come."""
    attempt = 1 + (record.completed_attempts if record else 0)
    try:
        text, state = yield from _state(identity, work, record)
    except SerdesError as refused:
        return (yield from _failed(journal, identity, work, refused, attempt))
    if work.is_late():
        yield HandOver()
        yield Park(identity.id, journal.outbox.push_retry(polled(spelled(identity), text, DELAY)))
        return None
    if is_new:
        journal.outbox.push(started(spelled(identity)))
    outcome = yield from call(work.check(state), attempt, is_async=work.is_async)
    if isinstance(outcome, Raised):
        return (yield from _failed(journal, identity, work, outcome.error, attempt))
    try:
        text, state = yield from _stored(identity, work, outcome.value)
        verdict = work.judge(state, attempt)
    except Exception as error:  # noqa: BLE001  serdes and policies are user code
        return (yield from _failed(journal, identity, work, error, attempt))
    if verdict.is_met:
        yield Commit(journal.outbox.push(succeeded(spelled(identity), text)))
        return Ok(state)
    if verdict.delay is None:
        not_met = ConditionError(_not_met(identity, attempt, work.shown(text)))
        return (yield from _failed(journal, identity, work, not_met, attempt))
    yield Park(identity.id, journal.outbox.push_retry(polled(spelled(identity), text, verdict.delay)))
    return None


def _state(identity: Identity, work: ConditionWork, record: Record | None) -> Op[tuple[str, object]]:
    """The state to go on from: what the last check left, or the initial one as a replay would read it."""
    if record is not None and record.result:
        return record.result, (yield from _read(identity, work, record.result))
    return (yield from _stored(identity, work, work.initial))


def _read(identity: Identity, work: ConditionWork, text: str | None) -> Op[object]:
    state = work.values.read(text, identity)
    return (yield from aside(state)) if isinstance(state, Aside) else state


def _stored(identity: Identity, work: ConditionWork, state: object) -> Op[tuple[str, object]]:
    stored = work.values.store(state, identity)
    return (yield from aside(stored)) if isinstance(stored, Aside) else stored


def _failed(journal: Journal, identity: Identity, work: ConditionWork, error: Exception, attempt: int) -> Op[Raised]:
    described = work.values.describe(error)
    yield Commit(journal.outbox.push(failed(spelled(identity), described)))
    return Raised(work.values.revive(described, identity, attempt), described)


def _not_met(identity: Identity, attempts: int, state: str) -> str:
    named = f" {identity.name!r}" if identity.name else ""
    shown = state if len(state) <= LONGEST_STATE else f"{state[:LONGEST_STATE]}…"
    return f"the condition{named} was not met within {attempts} attempts; its last state was {shown}"
