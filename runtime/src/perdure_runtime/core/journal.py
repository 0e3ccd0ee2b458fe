"""What is known of the execution, and what the workflow has asked for so far.

The journal holds the records by id, takes in what the service answers, and knows two things about replay: whether a
call matches its record, and which records no call has asked for. Both are how a change of code is noticed. What
operations record goes into its outbox.

The state of a long execution comes in pages, and replay begins before the last is there. What the journal does not hold
it then cannot say is not recorded: such a question reads on.
"""

from __future__ import annotations

from collections import deque
from itertools import chain, islice, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from perdure import ReplayMismatch, ServiceError
from perdure.names import checked_name
from perdure_runtime.core.identity import Identity, differences, hashed, is_same
from perdure_runtime.core.outbox import Outbox
from perdure_runtime.core.records import MILLISECONDS, SECONDS, Record, UnreadRecord
from perdure_runtime.core.table import Move
from perdure_runtime.core.vocabulary import TERMINAL, Kind, Status
from perdure_runtime.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from perdure_runtime.core.identity import Facts, Scope

__all__ = ["Journal"]

ID = itemgetter("Id")
BRANCH = itemgetter("Type", "SubType", "Name", "ParentId")
CONTEXT, SUCCEEDED = Kind.CONTEXT.value, Status.SUCCEEDED.value
UNKNOWN = float("inf")
"""A size of which only is known that no other is larger."""


class Journal:
    """The records of one execution."""

    __slots__ = (
        "_asked",
        "_closed",
        "_early",
        "_failures",
        "_loaded",
        "_names",
        "_news",
        "_read",
        "_records",
        "outbox",
        "size",
    )

    def __init__(self) -> None:
        self._records: dict[str, Record | dict[str, Any]] = {}
        """By id. What the service sends is made a record where somebody looks: at most of it nobody ever does."""
        self._early: dict[str, Record | dict[str, Any]] = {}
        """By id, what came in the envelope, where times are in milliseconds."""
        self._asked: list[str] = []
        """The ids of what was asked for; of some more than once."""
        self._closed: set[str] = set()
        self._failures: list[ServiceError] = []
        self._loaded = 0
        """How many of the records, which are the first of them, were there before this invocation."""
        self._names: set[str] = set()
        """Names that were checked; most calls are made again and again by the same one."""
        self._news: deque[list[str]] = deque()
        """The ids of each merge since they were last taken."""
        self._read: Callable[[], object] | None = None
        """Brings the next page, while there is one."""
        self.outbox = Outbox()
        """What is to be recorded next."""
        self.size = 0.0
        """Bytes, at most, that it was read from."""

    def merge(
        self, operations: Sequence[dict[str, Any]] | Unread, scale: float = SECONDS, size: float = UNKNOWN
    ) -> None:
        """Take in operations as the service sent them, in `size` bytes; a newer state replaces an older one."""
        records: Iterable[Record | dict[str, Any]] = operations
        if isinstance(operations, Unread):
            ids = operations.ids
            records = chain(map(UnreadRecord, operations.texts, repeat(self._failures)), operations.read)
        else:
            ids = list(map(ID, operations))
        by_id = dict(zip(ids, records, strict=True))
        self._records.update(by_id)
        if scale != SECONDS:
            self._early = by_id
        self._news.append(ids)
        self.size += size

    def take_news(self) -> list[str]:
        """The ids of what was merged since the last call."""
        news = self._news
        arrived = [news.popleft() for _ in range(len(news))]  # one by one: another thread may be merging
        return list(chain.from_iterable(arrived))

    def expect(self, read: Callable[[], object] | None) -> None:
        """There is more to come: `read` merges the next page, and after the last seals the journal. None: no more."""
        self._read = read

    def complete(self) -> None:
        """Read to the last page. Raises what reading raises."""
        while self._reads_on():
            pass

    def seal(self) -> None:
        """All that was recorded before this invocation is here: from now on it is known what a replay has to reach."""
        self._read = None
        self._loaded = len(self._records)
        self._news.clear()

    def find(self, operation_id: str) -> Record | None:
        """The record, or None where nothing is recorded."""
        while (found := self._records.get(operation_id)) is None and self._read is not None:
            self._read()
        return self._record(operation_id, found) if isinstance(found, dict) else found

    def ask_success(self, scope: Scope, facts: Facts, name: str | None) -> dict[str, Any] | None:
        """The operation of the next call in a context, where that has succeeded and is plainly what the call asks for.

        It is as the service sent it, times too, which nobody asks for of what is over; and the call has its place. Else
        nothing has happened: whatever there is to be said or found out, `ask_next` does.
        """
        count = scope.count
        operation_id = scope.id_after(count)
        found = self._records.get(operation_id)
        if found is None:
            return None
        kind, subtype = facts
        try:
            wire = found if isinstance(found, dict) else found.wire
            if wire["Status"] != SUCCEEDED or wire["SubType"] != subtype or wire["Type"] != kind:
                return None
            if (wire.get("Name") or None) != name or wire.get("ParentId") != scope.parent:
                return None
        except (KeyError, ServiceError):
            return None
        self._asked.append(operation_id)
        scope.count = count + 1
        return wire

    def ask_next(self, scope: Scope, kind: Kind, subtype: str, name: str | None) -> tuple[Identity, Record | None]:
        """What the next call in a context asks for, and its record where there is one.

        Raises `ReplayMismatch` as `ask` does. A name that the history holds was checked when it was recorded; any other
        is checked here, and where it is refused, by ValueError or TypeError, the call takes no place.
        """
        operation_id = scope.id_after(scope.count)
        identity = Identity(operation_id, kind, subtype, name, scope.parent)
        record = self.find(operation_id)
        if record is not None and is_same(identity, record):
            scope.count += 1
        else:
            is_new = type(name) is not str or name not in self._names
            if name is not None and is_new and (record is None or differences(identity, record)):
                checked_name(name)
                if type(name) is str:  # one of the user's own kind may be equal to whatever it likes
                    self._names.add(name)
            scope.advance(record)
            if record is not None or scope.sealed:
                return identity, self.ask(identity, sealed=scope.sealed)
        self._asked.append(operation_id)
        return identity, record

    def ask(self, identity: Identity, *, sealed: bool = False) -> Record | None:
        """The record of what a call asks for; raises `ReplayMismatch` where it is of something else.

        In a `sealed` context, which has finished before, there must be one.
        """
        operation_id = identity.id
        self._asked.append(operation_id)
        record = self.find(operation_id)
        if record is None:
            if sealed:
                asked = (("operation", "nothing: its context has finished", str(identity)),)
                raise ReplayMismatch(operation_id, asked, hint=self._hint(identity))
        elif not is_same(identity, record) and (found := differences(identity, record)):
            raise ReplayMismatch(operation_id, found, hint=self._hint(identity))
        return record

    def ask_virtual(self, identity: Identity) -> None:
        """Take the place of a context that records nothing of itself; raises `ReplayMismatch` where something has."""
        self._asked.append(identity.id)
        record = self.find(identity.id)
        if record is not None:
            found = (("context", f"recorded as {record.name or record.subtype}", "virtual, which is not recorded"),)
            raise ReplayMismatch(identity.id, found)

    def results_of_branches(
        self, batch: str, subtype: str, names: Iterable[str | None], parent: str | None
    ) -> dict[int, str]:
        """The recorded results of a batch's branches, by index: of those that have plainly succeeded as what they are.

        These need not be asked for any more. Of all others `ask` says what there is to say.
        """
        records, asked = self._records, self._asked
        results: dict[int, str] = {}
        prefix = f"{batch}-"
        for index, name in enumerate(names):
            operation_id = hashed(f"{prefix}{index}")
            if (record := records.get(operation_id)) is None:
                break  # branches begin in the order of their indexes
            try:
                wire = record if isinstance(record, dict) else record.wire
                if wire["Status"] != SUCCEEDED or BRANCH(wire) != (CONTEXT, subtype, name, parent):
                    continue
                details = wire["ContextDetails"]
                if "ReplayChildren" not in details and type(result := details["Result"]) is str:
                    results[index] = result
                    asked.append(operation_id)
            except (KeyError, TypeError, ServiceError):  # it tells less, or cannot be read
                continue
        return results

    def close(self, operation_id: str) -> None:
        """A context has its outcome; what it recorded and will not ask for any more is excused."""
        self._closed.add(operation_id)

    def forget(self) -> None:
        """The invocation is over: whoever keeps something that leads here, such as a logger, keeps no records."""
        self._read = None  # pages that nobody came to need
        self._records.clear()
        self._early.clear()
        self._asked.clear()
        self._closed.clear()
        self._names.clear()
        self._loaded = 0

    def is_waiting(self, operation_id: str) -> bool:
        """Whether a parked operation has nothing new to act on."""
        record = self._held(operation_id)
        return record is None or record.move is Move.PARK

    def wake(self, operation_id: str) -> float | None:
        """When the service will move a parked operation on, in epoch seconds; None where that is not known."""
        record = self._held(operation_id)
        return None if record is None else record.wake

    @property
    def failure(self) -> ServiceError | None:
        """What was raised where a record could not be read: user code, in which that may come up, could swallow it."""
        return self._failures[0] if self._failures else None

    @property
    def count(self) -> int:
        """How many operations are known, besides the execution itself."""
        return len(self._records) - 1  # every state begins with that one (PROTOCOL 1.1)

    @property
    def wires(self) -> list[dict[str, Any]]:
        """All operations that are known, as the service tells of them."""
        return [it if isinstance(it, dict) else it.wire for it in tuple(self._records.values())]

    @property
    def has_history(self) -> bool:
        """Whether any operation is recorded besides the execution itself."""
        while len(self._records) <= 1:
            if not self._reads_on():
                return False
        return True

    @property
    def execution(self) -> Record | None:
        """The record of the execution itself, which holds its input."""
        while True:
            for record in self:
                if record.wire["Type"] == Kind.EXECUTION:  # the first one, as far as is known
                    return record
            if not self._reads_on():
                return None

    def unreached(self) -> list[Record]:
        """Records from before this invocation that no call asked for, although nothing excuses it.

        What lies inside a finished context is excused: its result stands for it, and its body did not run.
        """
        self.complete()
        asked = frozenset(self._asked)
        missed = [self._held(it) for it in tuple(islice(self._records, self._loaded)) if it not in asked]
        return [it for it in missed if it and it.kind is not Kind.EXECUTION and not self._inside_finished(it)]

    def _held(self, operation_id: str) -> Record | None:
        """The record, as far as the history was read."""
        found = self._records.get(operation_id)
        return self._record(operation_id, found) if isinstance(found, dict) else found

    def _record(self, operation_id: str, wire: dict[str, Any]) -> Record:
        # By what it is and not by its id: another thread may be merging what replaces it.
        return Record(wire, MILLISECONDS if self._early.get(operation_id) is wire else SECONDS)

    def _reads_on(self) -> bool:
        """Read another page; False where there is none left."""
        if (read := self._read) is None:
            return False
        read()
        return True

    def _inside_finished(self, record: Record) -> bool:
        parent = record.parent
        while parent is not None:
            context = self._held(parent)
            if context is None or parent in self._closed or context.status in TERMINAL:
                return True
            parent = context.parent
        return False

    def _hint(self, identity: Identity) -> str:
        """Where in the history the operation that was asked for stands, if it stands anywhere."""
        self.complete()
        asked = frozenset(self._asked)
        for record in self:
            if record.id not in asked and not differences(identity._replace(id=record.id), record):
                return f"the history holds {identity.name or identity.kind.value.lower()} as {record.id[:8]}, later on"
        return ""

    def __iter__(self) -> Iterator[Record]:
        known = tuple(self._records.values())
        return (self._record(it["Id"], it) if isinstance(it, dict) else it for it in known)

    def __repr__(self) -> str:
        return f"<Journal: {len(self._records)} records, {len(self._asked)} asked for>"
