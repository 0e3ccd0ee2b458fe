"""Which operation a call is: its place in the order of calls (PROTOCOL 3).

Each context counts its calls. The n-th call at the root is `H("n")`, the n-th call in the context of operation P is
`H("P-n")`, with H the first 64 hexadecimal digits of blake2b: the ids of AWS's Python SDK, so that an execution in
flight can move between the two. Identity is positional; names, kinds and parents are checked against the record,
because two calls that changed places would otherwise swap their results.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from perdure_runtime.core.records import Record
    from perdure_runtime.core.vocabulary import Kind, Subtype

__all__ = ["Identity", "Scope", "differences", "hashed", "idempotency_key"]

ID_LENGTH = 64


class Identity(NamedTuple):
    """What a call asks for."""

    id: str
    kind: Kind
    subtype: Subtype
    name: str | None
    parent: str | None

    def __str__(self) -> str:
        named = f" {self.name!r}" if self.name else ""
        return f"{self.kind.value.lower()}{named} ({self.id[:8]})"


class Scope:
    """One context's numbering, and whether its history is still being replayed."""

    __slots__ = ("_next", "count", "parent", "prefix", "replaying")

    def __init__(self, prefix: str = "", parent: str | None = None, *, replaying: bool = False) -> None:
        self.prefix = prefix
        self.parent = parent
        self.count = 0
        self.replaying = replaying
        self._next: str | None = None

    def peek(self) -> str:
        """The id that the next call will take."""
        if self._next is None:
            place = str(self.count + 1)
            self._next = hashed(f"{self.prefix}-{place}" if self.prefix else place)
        return self._next

    def take(self, kind: Kind, subtype: Subtype, name: str | None) -> Identity:
        """The identity of a call made now."""
        taken = self.peek()
        self.count += 1
        self._next = None
        return Identity(taken, kind, subtype, name, self.parent)


def hashed(text: str) -> str:
    """The wire id for a place."""
    return blake2b(text.encode()).hexdigest()[:ID_LENGTH]


def idempotency_key(execution: str, operation_id: str) -> str:
    """A key that is equal over all attempts of one operation and differs between any two."""
    return blake2b(f"{execution}\n{operation_id}".encode(), digest_size=16).hexdigest()


def differences(identity: Identity, record: Record) -> tuple[tuple[str, object, object], ...]:
    """Field, recorded value and asked value for everything in which the record is not what was asked for."""
    wire = record.wire
    fields = (
        ("type", wire["Type"], identity.kind.value),
        ("subtype", wire.get("SubType") or None, identity.subtype.value),
        ("name", wire.get("Name") or None, identity.name),
        ("parent", wire.get("ParentId") or None, identity.parent),
    )
    return tuple(field for field in fields if field[1] != field[2])
