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
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, assert_never

from perdure import SerdesError, StepInterrupted
from perdure_runtime.core import handover
from perdure_runtime.core.effects import (
    Aside,
    Commit,
    Due,
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
from perdure_runtime.core.retry import next_delay
from perdure_runtime.core.table import Move, move_for
from perdure_runtime.core.updates import failed, retried, started, succeeded
from perdure_runtime.core.vocabulary import Status
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import StepOptions
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.records import Record

__all__ = ["StepWork", "Values", "step"]


class Values(Protocol):
    """How a step's values and failures become text and back."""

    def store(self, value: object) -> tuple[str, object] | Aside[tuple[str, object]]:
        """The text to record, and the value that a replay will read from it; raises `SerdesError`."""
        ...

    def read(self, text: str | None) -> object:
        """The value that a recorded text stands for, or an `Aside` that comes to it; raises `SerdesError`."""
        ...

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object to record."""
        ...

    def revive(self, error: dict[str, Any] | None, identity: Identity, attempts: int) -> Exception:
        """The exception that a recorded error stands for."""
        ...


class StepWork(NamedTuple):
    """One call of `ctx.step`: what to run, how, and how its values travel."""

    body: Callable[[int], object]
    is_async: bool
    """Whether the body is a coroutine function."""
    options: StepOptions
    values: Values
    random: Callable[[], float]
    told: Callable[[Exception, int, int | None], None]
    """Called with each failed attempt's error, its number, and the delay before the next; None after the last."""
    is_late: Callable[[], bool]
    """Whether there is no time left in this invocation to begin a body."""


def step(journal: Journal, identity: Identity, work: StepWork) -> Op[Outcome[object]]:
    """End with the step's recorded outcome; run its body when there is none."""
    while True:
        record = journal.find(identity.id)
        ended: Outcome[object] | None = None
        move = move_for(identity.kind, record.status if record else None, identity.id)
        match move:
            case Move.RETURN:
                recorded = _recorded_result(identity, work, record)
                if isinstance(recorded, Ok) and isinstance(recorded.value, Aside):
                    return (yield from _fetched(identity, recorded.value))
                return recorded
            case Move.RAISE:
                return _recorded_failure(identity, work, record)
            case Move.PARK:
                yield Park(identity.id, record.wake if record else None)
            case Move.RERUN if work.options.once:
                ended = yield from _settle(journal, identity, work, _interruption(identity), _attempt_number(record))
            case Move.START | Move.RERUN:
                ended = yield from _run(journal, identity, work, record, is_new=move is Move.START)
            case _:
                assert_never(move)
        if ended is not None:
            return ended


def _run(
    journal: Journal, identity: Identity, work: StepWork, record: Record | None, *, is_new: bool
) -> Op[Outcome[object] | None]:
    """Make an attempt, or leave it: how the step ended, or None where its record has more to say."""
    if work.is_late():
        yield from _hand_over(journal, identity, record)
        return None
    if is_new:
        yield Commit((started(identity),), Due.NOW if work.options.once else Due.ANY)
        if work.options.once and _has_other_plans(journal, identity):
            return None
    return (yield from _attempt(journal, identity, work, _attempt_number(record)))


def _hand_over(journal: Journal, identity: Identity, record: Record | None) -> Op[None]:
    """Leave the attempt to the next invocation, which begins at once; it does not count as one of the user's."""
    yield HandOver()
    mark = handover.marked(handover.counted(record.error if record else None) + 1)
    yield Commit((retried(identity, mark, handover.DELAY),), Due.NOW)
    record = journal.find(identity.id)
    yield Park(identity.id, record.wake if record else None)


def _attempt(journal: Journal, identity: Identity, work: StepWork, attempt: int) -> Op[Outcome[object] | None]:
    """Make one attempt: how the step ended, or None when there will be another attempt."""
    is_lazy = work.options.lazy
    outcome = yield from call(work.body, attempt, is_async=work.is_async, is_lazy=is_lazy)
    error: Exception
    if isinstance(outcome, Raised):
        error = outcome.error
    else:
        try:
            stored = work.values.store(outcome.value)
            text, value = (yield from aside(stored)) if isinstance(stored, Aside) else stored
        except SerdesError as refused:
            error = refused
        else:
            yield Commit((succeeded(identity, text),), Due.BEFORE_ANY_WORK if is_lazy else Due.NOW)
            return Ok(value)
    return (yield from _settle(journal, identity, work, error, attempt))


def _settle(journal: Journal, identity: Identity, work: StepWork, error: Exception, attempt: int) -> Op[Raised | None]:
    """Record a failed attempt: how the step ended, or None once the next attempt is due."""
    try:
        delay = next_delay(work.options, error, attempt, work.random())
    except Exception as broken:  # noqa: BLE001  a policy of the user's own is user code
        broken.__context__ = error
        delay, error = None, broken
    work.told(error, attempt, delay)
    record = journal.find(identity.id)
    described = handover.carried(work.values.describe(error), handover.counted(record.error if record else None))
    if delay is None:
        yield Commit((failed(identity, described),), Due.NOW)
        return Raised(work.values.revive(described, identity, attempt), described)
    yield Commit((retried(identity, described, delay),), Due.NOW)
    record = journal.find(identity.id)
    yield Park(identity.id, record.wake if record else None)
    return None


def _attempt_number(record: Record | None) -> int:
    return 1 + _attempts_made(record)


def _attempts_made(record: Record | None) -> int:
    """Attempts that ended, without those that were handed over before they began."""
    return record.completed_attempts - handover.counted(record.error) if record else 0


def _interruption(identity: Identity) -> StepInterrupted:
    message = f"the {identity} was interrupted: its attempt began, and whether it took effect is not known"
    return StepInterrupted(message)


def _has_other_plans(journal: Journal, identity: Identity) -> bool:
    """Whether the answer to an acknowledged START already tells of something else than a step that has begun."""
    record = journal.find(identity.id)
    return record is not None and record.status is not Status.STARTED


def _recorded_result(identity: Identity, work: StepWork, record: Record | None) -> Outcome[object]:
    try:
        return Ok(work.values.read(record.result if record else None))
    except SerdesError as error:
        return unreadable(error, identity)


def _fetched(identity: Identity, value: Aside[object]) -> Op[Outcome[object]]:
    try:
        return Ok((yield from aside(value)))
    except SerdesError as error:
        return unreadable(error, identity)


def _recorded_failure(identity: Identity, work: StepWork, record: Record | None) -> Raised:
    error = record.error if record else None
    return Raised(work.values.revive(error, identity, _attempts_made(record)), error)
