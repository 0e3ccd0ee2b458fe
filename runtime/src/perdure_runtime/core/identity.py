"""Which operation a call is: its place in the order of calls (PROTOCOL 3).

Each context counts its calls. The n-th call at the root is `H("n")`, the n-th call in the context of operation P is
`H("P-n")`, with H the first 64 hexadecimal digits of blake2b: the ids of AWS's Python SDK, so that an execution in
flight can move between the two. Branches of a batch are counted from 0, by their index. Identity is positional; names,
kinds and parents are checked against the record, because two calls that changed places would otherwise swap their
results.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from perdure_runtime.core.vocabulary import TERMINAL, Kind
from perdure_runtime.digests import blake2b
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.records import Record

__all__ = ["Facts", "Identity", "Scope", "branch_of", "differences", "hashed", "idempotency_key"]

ID_BYTES = 32
MOST_IDS = 4_096
"""Ids that a process remembers, 400 bytes each: more than one execution may have operations."""
AT_ROOT: list[str] = []
"""Ids of the first calls at the root: every execution makes these, and each replay of it again."""
FIELDS = ("type", "subtype", "name", "parent")
Facts: TypeAlias = "tuple[str, str]"
"""What an operation is, type and subtype, as it is sent."""


class Identity(NamedTuple):
    """What a call asks for."""

    id: str
    kind: Kind
    subtype: str
    name: str | None
    parent: str | None

    def __str__(self) -> str:
        named = f" {self.name!r}" if self.name else ""
        return f"{self.kind.value.lower()}{named} ({self.id[:8]})"


class Scope:
    """One context's numbering, and whether its history is still being replayed (PROTOCOL 7.1).

    After a recorded outcome it is, while the next operation is in the history, too. Only the next call can change that,
    so it is found out when somebody asks, and at the latest by that call.
    """

    def __init__(
        self,
        owner: Identity | None = None,
        parent: str | None = None,
        depth: int = 0,
        replaying: bool = False,  # noqa: FBT001, FBT002  named by all but `inside`
        sealed: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        self.owner = owner
        """The operation whose context this is; None at the root."""
        self.prefix = "" if owner is None else f"{owner.id}-"
        """What the ids of its calls are made of, before their number."""
        self._kept: Sequence[str] = AT_ROOT if owner is None else ()
        """Ids of its first calls, as far as they are kept."""
        self.parent = parent
        self.depth = depth
        self.count = 0
        """How many calls it has made."""
        self.passed: int | None = None
        """How many it had made when it was last left to the next one whether replay goes on."""
        self.replaying = replaying
        """Whether it was replayed up to the last call; `is_replaying` says whether it still is."""
        self.sealed = sealed
        """Whether the context has finished before: all it asks for must be recorded, and it is replayed to its end."""
        self.index: int | None = None
        """Which branch of its batch this is, where it is one."""
        self.total: int | None = None

    def inside(self, owner: Identity, virtual: bool = False) -> Scope:  # noqa: FBT001, FBT002  named, or the code's own
        """The scope of a context in this one; a virtual one numbers for itself but reports to this one's owner."""
        parent = owner.parent if virtual else owner.id
        inner = Scope(owner, parent, self.depth + 1, self.replaying, self.sealed)
        # What its code logs before its first operation was heard when that was recorded.
        inner.passed = 0
        return inner

    def peek(self) -> str:
        """The id that the next call will take."""
        return self.id_after(self.count)

    def id_after(self, count: int) -> str:
        """The id of the call that comes after so many."""
        kept = self._kept
        if count < len(kept):
            return kept[count]
        operation_id = hashed(f"{self.prefix}{count + 1}")
        if kept is AT_ROOT and len(AT_ROOT) == count < MOST_IDS:
            AT_ROOT[count : count + 1] = (operation_id,)  # nothing new where another thread has made it, too
        return operation_id

    def take(self, kind: Kind, subtype: str, name: str | None) -> Identity:
        """The identity of a call made now, of which nothing is recorded."""
        identity = Identity(self.peek(), kind, subtype, name, self.parent)
        self.advance(None)
        return identity

    def advance(self, record: Record | None) -> None:
        """A call is made, and finds this record: where it finds none, the history is over."""
        if record is None and self.passed == self.count:
            self.replaying = self.sealed
        self.count += 1

    def is_replaying(self, journal: Journal) -> bool:
        """Whether the history is still being replayed; any thread may ask. Raises what reading on raises."""
        count = self.count
        if not self.replaying or self.sealed or self.passed != count:
            return self.replaying
        return journal.find(self.id_after(count)) is not None

    def begins(self, record: Record | None) -> None:
        """An operation with this record is about to be driven: what is not recorded, or about to run, is no replay."""
        if self.replaying and (record is None or (record.kind is Kind.STEP and record.status not in TERMINAL)):
            self.replaying = self.sealed

    def ended(self, record: Record | None) -> None:
        """An operation that had this record has its outcome: replay is over where the history is."""
        if record is not None and record.status in TERMINAL:
            self.passed = self.count
        else:
            self.replaying = self.sealed

    def __repr__(self) -> str:
        return f"<Scope of {self.owner or 'the workflow'}: {self.count} taken>"


def branch_of(batch: Identity, index: int, subtype: str, name: str | None, parent: str | None) -> Identity:
    """The identity of a branch: its place is its index, whatever order the branches begin in."""
    return Identity(hashed(f"{batch.id}-{index}"), Kind.CONTEXT, subtype, name, parent)


@lru_cache(MOST_IDS)
def hashed(text: str) -> str:
    """The wire id for a place: the same one in every execution, so that a process that has made it need not again."""
    return blake2b(text.encode()).digest()[:ID_BYTES].hex()


def idempotency_key(execution: str, operation_id: str) -> str:
    """A key that is equal over all attempts of one operation and differs between any two."""
    return blake2b(f"{execution}\n{operation_id}".encode(), digest_size=16).hexdigest()


def is_same(identity: Identity, record: Record) -> bool:
    """Whether the record is plainly of what was asked for; `differences` knows more than one spelling of nothing."""
    wire = record.wire
    name = wire.get("Name") or None  # no operation has the empty name, and one who asks for it has to be refused
    return (wire["Type"], wire.get("SubType"), name, wire.get("ParentId")) == identity[1:]


def differences(identity: Identity, record: Record) -> tuple[tuple[str, object, object], ...]:
    """Field, recorded value and asked value for everything in which the record is not what was asked for."""
    # The empty text and none are the same.
    recorded = (record.wire["Type"], record.subtype, record.name, record.parent)
    asked = (identity.kind.value, *identity[2:])
    return tuple(field for field in zip(FIELDS, recorded, asked, strict=True) if field[1] != field[2])
