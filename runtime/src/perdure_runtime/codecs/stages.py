"""What a link of the chain does: bytes into other bytes, and a note in the record of how it is undone.

A stage that leaves a payload alone answers None, and leaves no note. A stage reads by the note only, never by its own
settings, because they may have changed since. What it needs besides (a key, an object) it takes from its settings only,
never from the note: stored data does not choose where something is read from.

Some stages make requests, or are the user's own and may. They say so, so that the work that goes on beside need not
wait with them; such a stage is used on several threads at a time.
"""

from __future__ import annotations

from typing import Protocol

from perdure.codecs import PayloadSite
from perdure_runtime.codecs.wireform import Entry, canonical, text_size
from perdure_runtime.tuples import NamedTuple

__all__ = ["Applied", "Position", "Stage"]


class Position(NamedTuple):
    """Where in which payload a stage is at work."""

    site: PayloadSite
    before: list[Entry]
    """The notes of what was done to the payload before."""

    def binding(self) -> bytes:
        """Bytes that no other payload has, nor this one after a change to what was done before."""
        return canonical([self.site.execution_arn, self.site.operation_id, self.before])

    def text_size(self, size: int) -> int:
        """The bytes that the payload would take in the record if nothing else were done to its `size` bytes."""
        return text_size(self.before, size) if self.before else size


class Applied(NamedTuple):
    """What a stage made of a payload."""

    entry: Entry
    """The note, without the size, which the chain adds."""
    data: bytes


class Stage(Protocol):
    """One link of the chain."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The names in the record that this stage can undo."""
        ...

    def waits_to_apply(self, size: int) -> bool:
        """Whether `apply` may wait for something elsewhere, given at most so many bytes of text."""
        ...

    def waits_to_undo(self, entry: Entry) -> bool:
        """Whether `undo` may."""
        ...

    def apply(self, data: bytes, position: Position) -> Applied | None:
        """What to record in place of `data`; None to leave it. Raises `Unreadable`, or `ServiceError`."""
        ...

    def undo(self, data: bytes, entry: Entry, position: Position) -> bytes:
        """The bytes that were given to `apply`, `entry["size"]` of them; raises `Unreadable`, or `ServiceError`."""
        ...
