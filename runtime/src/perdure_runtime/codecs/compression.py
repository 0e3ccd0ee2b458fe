"""Compression: zlib, which every Python has, or zstd where there is one.

Reading needs no settings, so that it goes on when the codec is gone. It makes as many bytes as the record says and one
more at most, whatever the data says of itself; the checksum in the record decides whether they are the right ones.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from perdure.codecs import Compress
from perdure_runtime.codecs import zstd
from perdure_runtime.codecs.faults import Unreadable
from perdure_runtime.codecs.stages import Applied, Position
from perdure_runtime.codecs.wireform import BY, SIZE, text_size

if TYPE_CHECKING:
    from perdure_runtime.codecs.environment import Environment
    from perdure_runtime.codecs.wireform import Entry

__all__ = ["Compression"]

ZLIB: Final = "zlib"
ZSTD: Final = "zstd"
CHECKSUM: Final = "crc32"
LEVEL: Final = 6


class Compression:
    """Compresses what is large enough and gets smaller by it; reads both methods."""

    __slots__ = ("_method", "_threshold", "_zstd")
    reads = (ZLIB, ZSTD)

    def __init__(self, settings: Compress, environment: Environment) -> None:
        self._zstd = zstd.found(environment.has)
        if settings.method == ZSTD and self._zstd is None:
            raise ModuleNotFoundError(f"Compress(method='zstd') needs {zstd.NEEDS}", name=zstd.PACKAGE)
        self._threshold = settings.threshold
        self._method = settings.method

    def waits_to_apply(self, size: int) -> bool:  # noqa: ARG002  a stage's
        """It only computes."""
        return False

    def waits_to_undo(self, entry: Entry) -> bool:  # noqa: ARG002  a stage's
        """It only computes."""
        return False

    def apply(self, data: bytes, position: Position) -> Applied | None:
        """`data` compressed, where that saves more than the note and base64 add."""
        if len(data) < self._threshold:
            return None
        method, packed = self._packed(data)
        entry: Entry = {BY: method, CHECKSUM: zlib.crc32(data)}
        after = text_size([*position.before, {**entry, SIZE: len(data)}], len(packed))
        return Applied(entry, packed) if after < position.text_size(len(data)) else None

    def undo(self, data: bytes, entry: Entry, position: Position) -> bytes:  # noqa: ARG002  any payload
        """The bytes that were compressed."""
        most = int(entry[SIZE]) + 1
        if entry[BY] == ZLIB:
            found = _inflated(data, most)
        elif self._zstd is not None:
            found = self._zstd.decompress(data, most)
        else:
            raise Unreadable(f"is compressed with zstd, and reading it takes {zstd.NEEDS}")
        if len(found) < most and zlib.crc32(found) != entry.get(CHECKSUM):
            raise Unreadable("is cut off or damaged: its checksum does not match")
        return found

    def _packed(self, data: bytes) -> tuple[str, bytes]:
        if self._zstd is not None and self._method != ZLIB:
            return ZSTD, self._zstd.compress(data)
        return ZLIB, zlib.compress(data, LEVEL)


def _inflated(data: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error as error:
        raise Unreadable(f"is damaged: {error}") from None
