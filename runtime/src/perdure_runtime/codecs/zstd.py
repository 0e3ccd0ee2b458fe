"""Zstandard from wherever this Python has it: the standard library from 3.14 on, else the package `zstandard`.

A frame says itself how large its content is and how much memory reading it takes. Neither is believed: a reader makes
as many bytes as it is told at most, and looks back over `WINDOW_LOG` bits of them at most.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from perdure_runtime.codecs.faults import Unreadable

__all__ = ["NEEDS", "PACKAGE", "Zstd", "found"]

NEEDS: Final = "Python 3.14, or the package zstandard"
PACKAGE: Final = "zstandard"
LEVEL: Final = 3
WINDOW_LOG: Final = 23
"""8 MiB; at this level, what we write looks back over 2 MiB."""


class Zstd(Protocol):
    """One of the two."""

    def compress(self, data: bytes, /) -> bytes:
        """One frame."""
        ...

    def decompress(self, data: bytes, most: int, /) -> bytes:
        """The content of a frame, `most` bytes of it at most; raises `Unreadable`."""
        ...


def found(has: Callable[[str], bool]) -> Zstd | None:
    """What there is, going by the names of the modules that there are."""
    if has("compression.zstd"):
        return Standard()
    return Package() if has(PACKAGE) else None


class Standard:
    """`compression.zstd` of the standard library."""

    __slots__ = ()

    def compress(self, data: bytes, /) -> bytes:
        """One frame."""
        packed: bytes = self._module().compress(data, LEVEL)
        return packed

    def decompress(self, data: bytes, most: int, /) -> bytes:
        """The content of a frame."""
        module = self._module()
        reader = module.ZstdDecompressor(options={module.DecompressionParameter.window_log_max: WINDOW_LOG})
        try:
            content: bytes = reader.decompress(data, max_length=most)
        except module.ZstdError as error:
            raise Unreadable(f"is damaged: {error}") from None
        return content

    def _module(self) -> Any:  # noqa: ANN401  a module that not every Python has
        from importlib import import_module

        return import_module("compression.zstd")


class Package:
    """The package `zstandard`."""

    __slots__ = ()

    def compress(self, data: bytes, /) -> bytes:
        """One frame."""
        packed: bytes = self._module().ZstdCompressor(level=LEVEL).compress(data)
        return packed

    def decompress(self, data: bytes, most: int, /) -> bytes:
        """The content of a frame."""
        module = self._module()
        reader = module.ZstdDecompressor(max_window_size=1 << WINDOW_LOG).stream_reader(data)
        try:
            content: bytes = reader.read(most)  # its `decompress` would make as much as the frame says
        except module.ZstdError as error:
            raise Unreadable(f"is damaged: {error}") from None
        return content

    def _module(self) -> Any:  # noqa: ANN401  a module that need not be there
        from importlib import import_module

        return import_module(PACKAGE)
