"""The child context: a part of the workflow with a history and a result of its own (PROTOCOL 5.7).

Its code runs like the workflow's; once it has an outcome, that is recorded, and the code does not run again. Nobody
waits for the record to arrive, because nothing has happened that could not happen again: it travels with what is sent
next, and before anything that leaves a trace elsewhere.

Two kinds of result are not recorded themselves: a large one, which its children stand for, and a virtual context's,
which has no record at all. There the code runs again in every replay, over its recorded children.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure import ReplayMismatch, SerdesError
from perdure_runtime.core.effects import Aside, Commit, Due, Enter, Ok, Op, Outcome, Raised, aside, unreadable
from perdure_runtime.core.table import Move, move_for
from perdure_runtime.core.updates import failed, started, succeeded, summarised

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from perdure_runtime.core.identity import Identity, Scope
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.records import Record

__all__ = ["LARGEST_INLINE", "ChildValues", "ChildWork", "child", "is_large", "mapped"]

LARGEST_INLINE = 262_144
"""Bytes up to which a context's result is recorded with it."""


if TYPE_CHECKING:

    class ChildValues(Protocol):
        """How a context's values and failures become text and back."""

        def store(self, value: object) -> tuple[str, object] | Aside[tuple[str, object]]:
            """The text to record, and the value that a replay will read from it; raises `SerdesError`."""
            ...

        def read(self, text: str | None) -> object:
            """The value that a recorded text stands for, or an `Aside` that comes to it; raises `SerdesError`."""
            ...

        def summary(self, value: Any) -> str:  # noqa: ANN401  whatever the context came to
            """What is recorded in place of a large value, for people to read."""
            ...

        def describe(self, error: BaseException) -> dict[str, Any]:
            """The error object to record."""
            ...

        def revive(self, error: dict[str, Any] | None, identity: Identity, attempts: int) -> Exception:
            """The exception that a recorded error stands for."""
            ...


class ChildWork:
    """One child context: what runs in it, and how its values travel."""

    __slots__ = ("due", "on_error", "runs", "values", "virtual")

    def __init__(
        self,
        runs: Enter | Callable[[], Op[Outcome[Any]]],
        values: ChildValues,
        virtual: bool = False,  # noqa: FBT001, FBT002  named by all who give it
        on_error: Callable[[Exception], Exception] | None = None,
        due: Due = Due.BEFORE_WORK,
    ) -> None:
        self.runs = runs
        """The code of the context, or the operation that stands in its place."""
        self.values = values
        self.virtual = virtual
        self.on_error = on_error
        """What the caller gets instead of a failure, live and on replay."""
        self.due = due
        """By when its end has to be acknowledged."""


def child(journal: Journal, identity: Identity, scope: Scope, work: ChildWork) -> Op[Outcome[Any]]:
    """End with the context's recorded outcome; run its code where there is none, or where it stands for the result."""
    record = journal.find(identity.id)
    if work.virtual:
        return (yield from _virtually(identity, work))
    move = move_for(identity.kind, record.status if record else None, identity.id)
    match move:
        case Move.RETURN if record is not None and record.keeps_children:
            return (yield from _again(identity, scope, work))
        case Move.RETURN:
            return (yield from _read(identity, work, record))
        case Move.RAISE:
            return _failure(identity, work, record.error if record else None)
        case Move.START:
            yield Commit((started(identity),), Due.ANY)
        case Move.RERUN:
            pass
        case _:
            raise AssertionError(f"a context has no {move}")  # the table has no such row
    outcome: Outcome[Any] = (yield work.runs) if isinstance(work.runs, Enter) else (yield from work.runs())
    journal.close(identity.id)
    if isinstance(outcome, Ok):
        try:
            stored = work.values.store(outcome.value)
            text, value = (yield from aside(stored)) if isinstance(stored, Aside) else stored
            update = summarised(identity, work.values.summary(value)) if is_large(text) else succeeded(identity, text)
        except Exception as refused:  # noqa: BLE001  a summary is user code
            outcome = Raised(refused)
        else:
            yield Commit((update,), work.due)
            return Ok(value)
    described = work.values.describe(outcome.error)
    yield Commit((failed(identity, described),), work.due)
    return _failure(identity, work, described)


def is_large(text: str) -> bool:
    """Whether a text is too large to be recorded with its context; in bytes, as it travels."""
    if len(text) <= LARGEST_INLINE and (text.isascii() or len(text) * 4 <= LARGEST_INLINE):
        return False
    return len(text.encode(errors="surrogatepass")) > LARGEST_INLINE


def _virtually(identity: Identity, work: ChildWork) -> Op[Outcome[Any]]:
    """Run the code and record nothing; its values still pass through their text, as they would if it were recorded."""
    outcome = yield from _outcome(work)
    if isinstance(outcome, Ok):
        try:
            return Ok((yield from _stored(work, outcome.value))[1])
        except SerdesError as refused:
            outcome = Raised(refused)
    return _failure(identity, work, work.values.describe(outcome.error))


def _again(identity: Identity, scope: Scope, work: ChildWork) -> Op[Outcome[Any]]:
    """Run the code of a finished context over its recorded children, which stand for its result; record nothing."""
    scope.sealed = scope.replaying = True
    outcome = yield from _outcome(work)
    if isinstance(outcome, Raised):
        told = (("outcome", "a result", f"{type(outcome.error).__name__}: {outcome.error}"),)
        raise ReplayMismatch(identity.id, told, hint="a large result is made again from what its steps recorded")
    try:
        return Ok((yield from _stored(work, outcome.value))[1])
    except SerdesError as refused:
        return Raised(refused)


def _outcome(work: ChildWork) -> Op[Outcome[Any]]:
    outcome: Outcome[Any] = (yield work.runs) if isinstance(work.runs, Enter) else (yield from work.runs())
    return outcome


def _stored(work: ChildWork, value: object) -> Op[tuple[str, object]]:
    stored = work.values.store(value)
    return (yield from aside(stored)) if isinstance(stored, Aside) else stored


def _read(identity: Identity, work: ChildWork, record: Record | None) -> Op[Outcome[Any]]:
    try:
        value = work.values.read(record.result if record else None)
        return Ok((yield from aside(value)) if isinstance(value, Aside) else value)
    except SerdesError as error:
        return unreadable(error, identity)


def _failure(identity: Identity, work: ChildWork, recorded: dict[str, Any] | None) -> Raised:
    error = work.values.revive(recorded, identity, 0)
    return Raised(error if work.on_error is None else mapped(work.on_error, error), recorded)


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
