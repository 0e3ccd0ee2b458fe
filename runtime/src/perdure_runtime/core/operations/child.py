"""The child context: a part of the workflow with a history and a result of its own (PROTOCOL 5.7).

Its code runs like the workflow's; once it has an outcome, that is recorded, and the code does not run again. Nobody
waits for the record to arrive, because nothing has happened that could not happen again: it travels with what is sent
next, and before anything that leaves a trace elsewhere.

Two kinds of result are not recorded themselves: a large one, which its children stand for, and a virtual context's,
which has no record at all. There the code runs again in every replay, over its recorded children.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from perdure import ReplayMismatch, SerdesError
from perdure_runtime.core.effects import Aside, Enter, Ok, Op, Outcome, Raised, aside, unreadable
from perdure_runtime.core.table import Move
from perdure_runtime.core.updates import failed, spelled, started, succeeded, summarised

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.operations.protocols import ChildValues
    from perdure_runtime.core.outbox import Debtor
    from perdure_runtime.core.records import Record

__all__ = ["LARGEST_INLINE", "ChildWork", "child", "is_large", "mapped", "recorded"]

LARGEST_INLINE = 262_144
"""Bytes up to which a context's result is recorded with it."""
SURELY_INLINE = LARGEST_INLINE // 4
"""Characters that take no more bytes, whatever they are."""
Runs: TypeAlias = "Enter | Callable[[], Op[Outcome[Any]]]"
"""The code of a context, or the operation that stands in its place."""


class ChildWork:
    """What child contexts of one function have in common: how their values travel."""

    def __init__(
        self,
        values: ChildValues,
        line: Debtor,
        virtual: bool = False,  # noqa: FBT001, FBT002  named by all who give it
        on_error: Callable[[Exception], Exception] | None = None,
    ) -> None:
        self.values = values
        self.line = line
        """The line of work that outcomes go to, and that does nothing more before their end is acknowledged."""
        self.virtual = virtual
        self.on_error = on_error
        """What the caller gets instead of a failure, live and on replay."""


def recorded(
    identity: Identity, values: ChildValues, on_error: Callable[[Exception], Exception] | None, record: Record
) -> Outcome[Any] | None:
    """The context's outcome where its record tells it at once; None where there is something to do or to wait for."""
    move = record.move
    if move is Move.RETURN:
        details = record.details
        if details.get("ReplayChildren"):
            return None
        try:
            value = values.read(details.get("Result"), identity)
        except SerdesError as error:
            return unreadable(error, identity)
        return None if isinstance(value, Aside) else Ok(value)
    return _failure(identity, values, on_error, record.error) if move is Move.RAISE else None


def child(
    journal: Journal, identity: Identity, scope: Scope, work: ChildWork, runs: Runs, record: Record | None
) -> Op[Outcome[Any]]:
    """End with the context's recorded outcome; run its code where there is none, or where it stands for the result."""
    if work.virtual:
        return (yield from _virtually(identity, work, runs))
    told = spelled(identity)
    if record is None:
        journal.outbox.push(started(told))
    elif record.move is not Move.RERUN:
        return (yield from _ended(identity, scope, work, runs, record))
    outcome: Outcome[Any] = (yield runs) if isinstance(runs, Enter) else (yield from runs())
    journal.close(identity.id)
    if isinstance(outcome, Ok):
        try:
            stored = work.values.store(outcome.value, identity)
            text, value = stored if isinstance(stored, tuple) else (yield from aside(stored))
            is_summarised = len(text) > SURELY_INLINE and is_large(text)
            update = summarised(told, work.values.summary(value)) if is_summarised else succeeded(told, text)
        except Exception as refused:  # noqa: BLE001  a summary is user code
            outcome = Raised(refused)
        else:
            work.line.owed = journal.outbox.push(update)
            return outcome if value is outcome.value else Ok(value)
    described = work.values.describe(outcome.error)
    work.line.owed = journal.outbox.push(failed(told, described))
    return _failure(identity, work.values, work.on_error, described)


def is_large(text: str) -> bool:
    """Whether a text is too large to be recorded with its context; in bytes, as it travels."""
    if len(text) <= SURELY_INLINE or (len(text) <= LARGEST_INLINE and text.isascii()):
        return False
    return len(text.encode(errors="surrogatepass")) > LARGEST_INLINE


def _virtually(identity: Identity, work: ChildWork, runs: Runs) -> Op[Outcome[Any]]:
    """Run the code and record nothing; its values still pass through their text, as they would if it were recorded."""
    outcome = yield from _outcome(runs)
    if isinstance(outcome, Ok):
        try:
            return Ok((yield from _stored(identity, work, outcome.value))[1])
        except SerdesError as refused:
            outcome = Raised(refused)
    return _failure(identity, work.values, work.on_error, work.values.describe(outcome.error))


def _again(identity: Identity, scope: Scope, work: ChildWork, runs: Runs) -> Op[Outcome[Any]]:
    """Run the code of a finished context over its recorded children, which stand for its result; record nothing."""
    scope.sealed = scope.replaying = True
    outcome = yield from _outcome(runs)
    if isinstance(outcome, Raised):
        told = (("outcome", "a result", f"{type(outcome.error).__name__}: {outcome.error}"),)
        raise ReplayMismatch(identity.id, told, hint="a large result is made again from what its steps recorded")
    try:
        return Ok((yield from _stored(identity, work, outcome.value))[1])
    except SerdesError as refused:
        return Raised(refused)


def _outcome(runs: Runs) -> Op[Outcome[Any]]:
    outcome: Outcome[Any] = (yield runs) if isinstance(runs, Enter) else (yield from runs())
    return outcome


def _stored(identity: Identity, work: ChildWork, value: object) -> Op[tuple[str, object]]:
    stored = work.values.store(value, identity)
    return (yield from aside(stored)) if isinstance(stored, Aside) else stored


def _ended(identity: Identity, scope: Scope, work: ChildWork, runs: Runs, record: Record) -> Op[Outcome[Any]]:
    """The outcome of a context that has ended, also where its value waits for something elsewhere, or is made again."""
    outcome = recorded(identity, work.values, work.on_error, record)
    if outcome is not None:
        return outcome
    if record.move is not Move.RETURN:
        raise AssertionError(f"a context has no {record.move}")  # the table has no such row
    if record.keeps_children:
        return (yield from _again(identity, scope, work, runs))
    try:
        value = work.values.read(record.result, identity)
        return Ok((yield from aside(value)) if isinstance(value, Aside) else value)
    except SerdesError as error:
        return unreadable(error, identity)


def _failure(
    identity: Identity,
    values: ChildValues,
    on_error: Callable[[Exception], Exception] | None,
    described: dict[str, Any] | None,
) -> Raised:
    error = values.revive(described, identity, 0)
    return Raised(error if on_error is None else mapped(on_error, error), described)


def mapped(on_error: Callable[[Exception], Exception], error: Exception) -> Exception:
    """The user's own exception in place of `error`; one that the mapping itself raises comes instead."""
    try:
        chosen: object = on_error(error)
    except Exception as broken:  # noqa: BLE001  user code may raise anything
        broken.__context__ = error
        return broken
    if not isinstance(chosen, Exception):
        refusal = TypeError(f"on_error has to return an exception, not a {type(chosen).__name__}")
        refusal.__context__ = error
        return refusal
    if chosen is not error and chosen.__cause__ is None:
        chosen.__cause__ = error
    return chosen
