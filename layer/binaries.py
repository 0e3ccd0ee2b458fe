"""What a Linux binary asks of the system it runs on, read from the file itself: libraries, and versions of symbols.

A binary that was linked against a newer C library than Lambda has does not start there, and says so only there. The
answer stands in its dynamic section: `DT_NEEDED` names libraries, `DT_VERNEED` the versions of their symbols that the
binary was linked with (the ELF specification and its GNU extension). Both our architectures are 64 bit, little-endian.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["C_LIBRARY", "GLIBC_CEILING", "Binary", "binaries_below", "newest_glibc", "read_binary"]

GLIBC_CEILING = (2, 34)
"""Amazon Linux 2023's."""
C_LIBRARY = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|util|pthread|resolv|nsl|anl))\.so\.\d+")
"""Libraries that come with the C library, of which a process can have only the system's."""

MAGIC = b"\x7fELF\x02\x01"  # 64 bit, little-endian
MACHINES = {62: "x86_64", 183: "arm64"}
LOAD, DYNAMIC = 1, 2  # kinds of segments
END, NEEDED, STRTAB, VERNEED, VERNEEDNUM = 0, 1, 5, 0x6FFFFFFE, 0x6FFFFFFF  # tags of the dynamic section

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
TAGGED = struct.Struct("<QQ")
VERSIONS_OF_FILE = struct.Struct("<HHIII")
VERSION_NEEDED = struct.Struct("<IHHII")


@dataclass(frozen=True, slots=True)
class Binary:
    """A program or a shared library."""

    machine: str
    needed: tuple[str, ...]
    """Libraries that are loaded with it."""
    versions: frozenset[str]
    """Symbol versions that those libraries must have: `GLIBC_2.17`, `GLIBCXX_3.4.21`."""


def binaries_below(folder: Path) -> Iterator[tuple[Path, Binary]]:
    """The binaries in a folder, in order."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                continue
        if (binary := read_binary(path.read_bytes())) is not None:
            yield path, binary


def newest_glibc(binary: Binary) -> tuple[int, ...]:
    """The version of the C library that a binary needs at the least; () for one that does not say."""
    found = (re.fullmatch(r"GLIBC_([0-9.]+)", version) for version in binary.versions)
    return max((tuple(map(int, match[1].split("."))) for match in found if match), default=())


def read_binary(content: bytes) -> Binary | None:
    """What `content` asks for; None where it is no binary."""
    if not content.startswith(MAGIC):
        return None
    (_, _, machine, _, _, segments_at, _, _, _, size, count, *_) = HEADER.unpack_from(content)
    segments = [SEGMENT.unpack_from(content, segments_at + index * size) for index in range(count)]
    loaded = [(address, offset, length) for kind, _, offset, address, _, length, *_ in segments if kind == LOAD]

    def position(address: int) -> int:
        """Where in the file lies what is at an address once it is loaded."""
        found: int = next(offset + address - start for start, offset, length in loaded if 0 <= address - start < length)
        return found

    tags = [tag for kind, _, offset, *_ in segments if kind == DYNAMIC for tag in dynamic_section(content, offset)]
    once = dict(tags)
    if STRTAB not in once:
        return Binary(MACHINES.get(machine, f"machine {machine}"), (), frozenset())
    strings = position(once[STRTAB])

    def text(offset: int) -> str:
        start = strings + offset
        return content[start : content.index(b"\0", start)].decode()

    versions = needed_versions(content, position(once[VERNEED]), once[VERNEEDNUM]) if VERNEED in once else ()
    return Binary(
        MACHINES.get(machine, f"machine {machine}"),
        tuple(text(value) for tag, value in tags if tag == NEEDED),
        frozenset(map(text, versions)),
    )


def dynamic_section(content: bytes, offset: int) -> Iterator[tuple[int, int]]:
    """The tags of a dynamic section and their values."""
    while (found := TAGGED.unpack_from(content, offset))[0] != END:
        yield found
        offset += TAGGED.size


def needed_versions(content: bytes, offset: int, files: int) -> Iterator[int]:
    """Where the names of the needed versions are among the strings: a list of versions for each of a list of files."""
    for _ in range(files):
        _, count, _, first, following = VERSIONS_OF_FILE.unpack_from(content, offset)
        at = offset + first
        for _ in range(count):
            *_, name, onward = VERSION_NEEDED.unpack_from(content, at)
            yield name
            at += onward
        offset += following
