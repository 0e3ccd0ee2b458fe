"""Operations driven by hand: a test is the driver, and the service; it says what each effect is answered with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from perdure import SerdesError
from perdure_runtime.core.effects import Commit, Effect, Fan, Park
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.outbox import Outbox
from perdure_runtime.core.records import DETAILS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from perdure_runtime.core.effects import Op, Outcome
    from perdure_runtime.core.identity import Identity


class Upper:
    """Values that change on the way: the text is in capitals, and what is read from it in small, with a "!" added."""

    def store(self, value: Any, _identity: Identity | None = None) -> tuple[str, Any]:
        if value == "refused":
            raise SerdesError("cannot be stored")
        return value.upper(), self.read(value.upper())

    def read(self, text: str | None, _identity: Identity | None = None) -> Any:
        if text == "?":
            raise SerdesError("not ours")
        return None if text is None else text.lower() + "!"

    def summary(self, value: Any) -> str:
        return f"{len(value)} characters"

    def describe(self, error: BaseException) -> dict[str, Any]:
        return {"ErrorType": type(error).__name__, "ErrorMessage": str(error)}

    def revive(self, error: dict[str, Any] | None, identity: Identity, attempts: int) -> Exception:
        return LookupError(error and error["ErrorType"], identity.name, attempts)


def recorded(identity: Identity, status: str, **details: Any) -> dict[str, Any]:
    """An operation as the service sends it."""
    wire = {"Id": identity.id, "Type": identity.kind.value, "SubType": str(identity.subtype), "Status": status}
    return wire | {"Name": identity.name, "ParentId": identity.parent, DETAILS[identity.kind]: details}


class Recorded(NamedTuple):
    """An update that an operation has recorded, and did not wait for."""

    update: dict[str, Any]


class Committed(NamedTuple):
    """One that it waited for."""

    update: dict[str, Any]


Done: TypeAlias = "Effect | Recorded | Committed"
"""What an operation has done or asked for."""


class Line:
    """A line of work, as far as it owes something."""

    owed = 0


class Noted(Outbox):
    """An outbox that notes what is put into it, for whoever drives an operation."""

    __slots__ = ()
    notes: ClassVar[list[Recorded]] = []

    def push(self, update: bytes) -> int:
        self.notes.append(Recorded(json.loads(update)))
        return super().push(update)


def journal_of(*operations: dict[str, Any]) -> Journal:
    """A journal that holds these operations."""
    journal = Journal()
    journal.outbox = Noted()
    journal.merge(operations)
    return journal


def answers(journal: Journal, *operations: dict[str, Any]) -> Callable[[Effect], None]:
    """A reply that comes with news: the service tells what has become of these operations."""
    return lambda _: journal.merge(operations)


def branches(outcomes: Mapping[int, Outcome[Any]], *, begun: int | None = None) -> Callable[[Effect], None]:
    """A reply to `Fan`: so many branches begin, and these end, in this order, as long as the batch is undecided."""

    def fanned(effect: Effect) -> None:
        assert isinstance(effect, Fan)
        tally = effect.tally
        for _ in range(tally.total if begun is None else begun):
            tally.begin()
        for index, outcome in outcomes.items():
            tally.end(index, outcome)

    return fanned


def drive(operation: Op[Any], *replies: Any) -> tuple[list[Any], Any]:
    """What the operation did and asked for, in order, and its outcome; None where it waits for a reply that it lacks.

    What is recorded needs no reply, unless it is waited for.
    """
    asked: list[Done] = []
    queue = list(replies)
    reply: Any = None
    Noted.notes.clear()
    while True:
        try:
            effect = operation.send(reply)
        except StopIteration as end:
            asked += Noted.notes
            return asked, end.value
        asked += Noted.notes
        Noted.notes.clear()
        if isinstance(effect, Commit) or (isinstance(effect, Park) and effect.ticket):
            queued = asked[-1]
            assert isinstance(queued, Recorded)
            asked[-1] = Committed(queued.update)
        if isinstance(effect, Park):
            asked.append(Park(effect.operation_id))
        elif not isinstance(effect, Commit):
            asked.append(effect)
        if not queue:
            return asked, None
        reply = queue.pop(0)
        if callable(reply):
            reply = reply(effect)


def updates(asked: Iterable[Done]) -> list[dict[str, Any]]:
    """Every update that was recorded, in order."""
    return [done.update for done in asked if isinstance(done, (Recorded, Committed))]


def moves(asked: Iterable[Done]) -> list[str]:
    """What those updates do, as kind and action."""
    return [f"{update['Type']} {update['Action']}" for update in updates(asked)]
