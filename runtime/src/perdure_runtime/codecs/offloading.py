"""Offloading: the payload is an object elsewhere, and the record says which.

    {"by":"object","sha256":"9f86…","at":"s3://bucket/perdure/9f/9f86…","size":812344}

The object's name is the hash of its content. Where it is looked for is up to the settings: `at` is for people to read.
So a record cannot have anything read that was not put there, and a bucket may move.

An object is stored again although it is there already: a lifecycle rule counts from the last time, and the execution
that needs it is the latest one. It is stored before the record that refers to it is sent, so a crash in between leaves
an object that nobody needs, and never a record without its object.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from perdure import ServiceError
from perdure.codecs import Offload
from perdure_runtime.codecs.faults import Elsewhere, Unreadable
from perdure_runtime.codecs.stages import Applied, Position
from perdure_runtime.codecs.stores import store_of
from perdure_runtime.codecs.wireform import BY, SIZE

if TYPE_CHECKING:
    from perdure_runtime.codecs.environment import Environment
    from perdure_runtime.codecs.wireform import Entry

__all__ = ["Offloading"]

NAME: Final = "object"
HASH: Final = "sha256"
MOST_GROWTH: Final = 1.4
ROOM_FOR_NOTES: Final = 2048
HEX: Final = re.compile(r"[0-9a-f]{64}")


class Offloading:
    """Stores what is too large for the record elsewhere."""

    __slots__ = ("_store", "_threshold")
    reads = (NAME,)

    def __init__(self, settings: Offload, environment: Environment) -> None:
        self._store = store_of(settings.store, environment)
        self._threshold = settings.threshold

    def waits_to_apply(self, size: int) -> bool:
        """Where the text may be too large; what stands before this in the chain makes it smaller, or a third larger."""
        return size * MOST_GROWTH + ROOM_FOR_NOTES > self._threshold

    def waits_to_undo(self, entry: Entry) -> bool:  # noqa: ARG002  a stage's
        """An object is elsewhere."""
        return True

    def apply(self, data: bytes, position: Position) -> Applied | None:
        """Nothing to record, where the payload would make too long a text and is not stored elsewhere already."""
        if not data or position.text_size(len(data)) <= self._threshold:
            return None
        key = _key(sha256(data).hexdigest())
        at = f"{self._store.place}{key}"
        try:
            self._store.put(key, data)
        except (Unreadable, ServiceError):
            raise
        except Exception as error:  # a store of the user's own
            raise Unreadable(f"cannot be stored: {type(error).__name__}: {error}", at) from error
        return Applied({BY: NAME, HASH: key.rpartition("/")[2], "at": at}, b"")

    def undo(self, data: bytes, entry: Entry, position: Position) -> bytes:  # noqa: ARG002  it is elsewhere
        """The object."""
        name, size = str(entry.get(HASH)), int(entry[SIZE])
        if not HEX.fullmatch(name):
            raise Unreadable("is damaged: it does not say which object it is")
        at = f"{self._store.place}{_key(name)}"
        found = self._fetched(_key(name), size, at)
        if len(found) != size:
            raise Unreadable(f"is cut off or damaged: its object has not {size:,} bytes", at)
        if sha256(found).hexdigest() != name:
            raise Unreadable("is damaged: its object does not have the checksum that the record names", at)
        return found

    def _fetched(self, key: str, size: int, at: str) -> bytes:
        try:
            return self._store.get(key, size)
        except FileNotFoundError:
            raise Elsewhere("is gone: its object is not there", at) from None
        except (Unreadable, ServiceError):
            raise
        except Exception as error:  # a store of the user's own
            raise Unreadable(f"cannot be fetched: {type(error).__name__}: {error}", at) from error


def _key(name: str) -> str:
    return f"{name[:2]}/{name}"
