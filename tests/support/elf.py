"""The smallest files that a dynamic linker would take for shared libraries: what they need, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

__all__ = ["shared_library"]

X86_64, AARCH64 = 62, 183
BASE = 0x10000
"""Where the file is loaded: addresses in it differ from offsets, as in real ones."""


def shared_library(
    needed: Sequence[str] = (), versions: Mapping[str, Sequence[str]] | None = None, *, machine: int = X86_64
) -> bytes:
    """A library that needs others, and of those the symbol versions given for each."""
    strings = b"\0"
    places: dict[str, int] = {}
    for name in (*needed, *(versions or {}), *(text for names in (versions or {}).values() for text in names)):
        if name not in places:
            places[name] = len(strings)
            strings += name.encode() + b"\0"
    asked = list((versions or {}).items())
    version_needs = b""
    for index, (name, names) in enumerate(asked):
        last = index == len(asked) - 1
        rows = b"".join(
            struct.pack("<IHHII", 0, 0, 2, places[text], 0 if at == len(names) - 1 else 16)
            for at, text in enumerate(names)
        )
        version_needs += struct.pack("<HHIII", 1, len(names), places[name], 16, 0 if last else 16 + len(rows)) + rows
    headers = 64 + 2 * 56
    tags = [(1, places[name]) for name in needed] + [(5, BASE + headers)]
    if asked:
        tags += [(0x6FFFFFFE, BASE + headers + len(strings)), (0x6FFFFFFF, len(asked))]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in (*tags, (0, 0)))
    at = headers + len(strings) + len(version_needs)
    size = at + len(dynamic)
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, BASE, BASE, size, size, 0x1000)
    section = struct.pack("<IIQQQQQQ", 2, 4, at, BASE + at, BASE + at, len(dynamic), len(dynamic), 8)
    return head + load + section + strings + version_needs + dynamic
