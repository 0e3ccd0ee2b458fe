"""The step: user code whose outcome is recorded (PROTOCOL 5.1).

The order of things is the promise. The result is encoded and decoded before it is recorded, so what the code gets is
what a replay will get, and a value that cannot be stored fails the step instead of losing it. A success is acknowledged
before the workflow goes on. An ordinary step's START is not waited for: it travels with the outcome, so a quick step
costs one request; a `once` step's START is acknowledged before its body begins, so an attempt without an outcome is
known to have begun.

A lazy step's success is not waited for either: it travels with what is sent next. Until it is acknowledged it may be
lost, and the body's next run may come to something else. So it is due before anything begins, in any line of work, that
would not be lost together with it, as the results of further lazy steps would (`core/outbox.py`). Its failures are
recorded like any other's.

Where no time is left in this invocation to begin a body, and nothing else keeps the execution going, the attempt is
handed over to the next invocation by a retry that is due at once and not counted (`core/handover.py`).

Most steps of a replay have nothing left to do: `recorded` answers for them, and no operation begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure import SerdesError, StepInterrupted
from perdure.frozen import frozen
from perdure_runtime.core.effects import (
    Aside,
    Call,
    Commit,
    HandOver,
    Ok,
    Op,
    Outcome,
    Park,
    Raised,
    aside,
    unreadable,
)
from perdure_runtime.core.table import Move
from perdure_runtime.core.updates import failed, retried, spelled, started, succeeded
from perdure_runtime.core.vocabulary import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import StepOptions
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.operations.protocols import Values
    from perdure_runtime.core.records import Record

__all__ = ["StepWork", "recorded", "step"]


@frozen
class StepWork:
    """A function as a step: how it is run, and how its values travel."""

    is_async: bool
    """Whether it is a coroutine function."""
    options: StepOptions
    values: Values
    random: Callable[[], float]
    told: Callable[[Identity, Exception, int, int | None], None]
    """Called with each failed attempt's error, its number, and the delay before the next; None after the last."""
    is_late: Callable[[], bool]
    """Whether there is no time left in this invocation to begin a body."""


def recorded(identity: Identity, work: StepWork, record: Record) -> Outcome[object] | None:
    """The step's outcome where its record tells it at once; None where there is something to do or to wait for."""
    move = record.move
    if move is Move.RETURN:
        try:
            value = work.values.read(record.result, identity)
        except SerdesError as error:
            return unreadable(error, identity)
        return None if isinstance(value, Aside) else Ok(value)
    return _recorded_failure(identity, work, record) if move is Move.RAISE else None


def step(  # noqa: C901  the order of things is the promise, and stands here as a whole
    journal: Journal, identity: Identity, work: StepWork, body: Callable[[int], object], record: Record | None
) -> Op[Outcome[object]]:
    """End with the step's recorded outcome; make attempts, `body(attempt)`, until there is one."""
    once, lazy = work.options.once, work.options.lazy
    outbox, told = journal.outbox, spelled(identity)
    while True:
        move = Move.START if record is None else record.move
        begins = move is Move.START
        if (not begins and (once or move is not Move.RERUN)) or work.is_late():
            ended = yield from _without_attempt(journal, identity, work, record, move)
            if ended is not None:
                return ended
            record = journal.find(identity.id)
            continue
        if begins:
            ticket = outbox.push(started(told))
            if once and (yield from _has_other_plans(journal, identity, ticket)):
                record = journal.find(identity.id)
                continue
        attempt = 1 if record is None else 1 + _attempts_made(record)
        outcome: Outcome[object] = yield Call(body, attempt, work.is_async, lazy)
        if isinstance(outcome, Ok):
            try:
                stored = work.values.store(outcome.value, identity)
                text, value = stored if isinstance(stored, tuple) else (yield from aside(stored))
            except SerdesError as refused:
                outcome = Raised(refused)
            else:
                ticket = outbox.push(succeeded(told, text))
                if not lazy or (ticket := outbox.owe(ticket)):
                    yield Commit(ticket)
                return outcome if value is outcome.value else Ok(value)
        failure = yield from _settle(journal, identity, work, outcome.error, attempt)
        if failure is not None:
            return failure
        del outcome  # its error's frames hold what the attempt had
        record = journal.find(identity.id)


def _without_attempt(
    journal: Journal, identity: Identity, work: StepWork, record: Record | None, move: Move
) -> Op[Outcome[object] | None]:
    """Where no attempt is to be made now: how the step ended, or None where its record has more to say."""
    if move is Move.RETURN:
        return (yield from _fetched(identity, work, record))
    if move is Move.RAISE:
        return _recorded_failure(identity, work, record)
    if move is Move.RERUN and work.options.once:
        return (yield from _settle(journal, identity, work, _interruption(identity), 1 + _attempts_made(record)))
    if move is Move.PARK:
        yield Park(identity.id)
    else:
        yield from _hand_over(journal, identity, record)
    return None


def _hand_over(journal: Journal, identity: Identity, record: Record | None) -> Op[None]:
    """Leave the attempt to the next invocation, which begins at once; it does not count as one of the user's."""
    from perdure_runtime.core.handover import DELAY, marked  # most attempts come in time, and succeed

    yield HandOver()
    handed_over = retried(spelled(identity), marked(_handed_over(record) + 1), DELAY)
    yield Park(identity.id, journal.outbox.push_retry(handed_over))


def _settle(journal: Journal, identity: Identity, work: StepWork, error: Exception, attempt: int) -> Op[Raised | None]:
    """Record a failed attempt: how the step ended, or None once the next attempt is due."""
    from perdure_runtime.core.handover import carried
    from perdure_runtime.core.retry import next_delay

    try:
        delay = next_delay(work.options, error, attempt, work.random())
    except Exception as broken:  # noqa: BLE001  a policy of the user's own is user code
        broken.__context__ = error
        delay, error = None, broken
    work.told(identity, error, attempt, delay)
    record = journal.find(identity.id)
    described = carried(work.values.describe(error), _handed_over(record))
    if delay is None:
        yield Commit(journal.outbox.push(failed(spelled(identity), described)))
        return Raised(work.values.revive(described, identity, attempt), described)
    yield Park(identity.id, journal.outbox.push_retry(retried(spelled(identity), described, delay)))
    return None


def _attempts_made(record: Record | None) -> int:
    """Attempts that ended, without those that were handed over before they began."""
    return record.completed_attempts - _handed_over(record) if record else 0


def _handed_over(record: Record | None) -> int:
    """Attempts that were left to the next invocation."""
    if record is None or record.error is None:
        return 0
    from perdure_runtime.core.handover import counted

    return counted(record.error)


def _interruption(identity: Identity) -> StepInterrupted:
    message = f"the {identity} was interrupted: its attempt began, and whether it took effect is not known"
    return StepInterrupted(message)


def _has_other_plans(journal: Journal, identity: Identity, ticket: int) -> Op[bool]:
    """Whether the answer to a START already tells of something else than a step that has begun."""
    yield Commit(ticket)
    record = journal.find(identity.id)
    return record is not None and record.status is not Status.STARTED


def _fetched(identity: Identity, work: StepWork, record: Record | None) -> Op[Outcome[object]]:
    """The outcome that a recorded result is, also where its value waits for something elsewhere."""
    try:
        value = work.values.read(record.result if record else None, identity)
        return Ok((yield from aside(value)) if isinstance(value, Aside) else value)
    except SerdesError as error:
        return unreadable(error, identity)


def _recorded_failure(identity: Identity, work: StepWork, record: Record | None) -> Raised:
    error = record.error if record else None
    return Raised(work.values.revive(error, identity, _attempts_made(record)), error)
