"""Where our own modules are found at once: those of which there is byte code that is up to date.

A cold start imports some hundred small modules of ours, and the ordinary search, made for whatever may lie in a folder,
costs more than what most of them do. What lies in ours is known. Where the byte code is missing, or is not that of the
source beside it, nothing is said here: the ordinary search goes on, and compiles it.
"""

from __future__ import annotations

import sys
from _imp import _fix_co_filename  # type: ignore[attr-defined]
from importlib._bootstrap_external import MAGIC_NUMBER as MAGIC  # `importlib.util` has it, too, and is dear to import
from importlib.machinery import ModuleSpec, SourceFileLoader
from marshal import loads
from os import O_RDONLY, close, open, read, stat  # noqa: A004  half the system calls of a file object

TYPE_CHECKING = False  # the one of `typing` is spelled alike to type checkers
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

__all__ = [
    "DATED", "HEAD", "MAGIC", "SubmoduleFinder", "cached_of", "find_at_once", "head_of", "is_kept_beside", "read_whole",
]  # fmt: skip

OURS = ("perdure.", "perdure_runtime.", "perdure_bootstrap.")
ENDING = f".{sys.implementation.cache_tag}.pyc"
MOST = 1 << 16
"""Bytes that are read at once: more than any module of ours has."""
HEAD = 16
"""Bytes before the code: the magic number, flags, and what tells the source."""
DATED = MAGIC + bytes(4)
"""What byte code begins with that goes for a source of one time and size."""
UNCHECKED = MAGIC + (1).to_bytes(4, "little")
"""What byte code begins with that goes for any source: a layer's."""


def find_at_once() -> None:
    """Look for our modules here first, from now on; unless this Python keeps their byte code elsewhere."""
    if is_kept_beside():
        sys.meta_path.insert(0, SubmoduleFinder())


def is_kept_beside() -> bool:
    """Whether this Python keeps byte code beside its sources, under the plain name."""
    return not sys.flags.optimize and sys.pycache_prefix is None


class SubmoduleFinder:
    """A meta path finder for the modules in our packages."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002  the import system's signature
    ) -> ModuleSpec | None:
        """The spec of a module of ours; None leaves it to the next finder."""
        if path is None or not fullname.startswith(OURS):
            return None
        source = f"{path[0]}/{fullname.rpartition('.')[2]}.py"
        cached = cached_of(source)
        try:
            content = read_whole(cached)
            if not content.startswith(UNCHECKED) and content[:HEAD] != head_of(source):
                return None
        except OSError:
            return None
        spec = ModuleSpec(fullname, ReadLoader(fullname, source, content), origin=source)
        spec.cached = cached
        spec.has_location = True
        return spec


class ReadLoader(SourceFileLoader):
    """Loads a module whose byte code has been read already."""

    def __init__(self, fullname: str, path: str, content: bytes) -> None:
        super().__init__(fullname, path)
        self._content = content

    def get_code(self, fullname: str) -> CodeType | None:
        """The code of the module; it is kept for the first who asks."""
        content, self._content = self._content, b""
        if not content:
            return super().get_code(fullname)
        code: CodeType = loads(memoryview(content)[HEAD:])  # noqa: S302  as every import does
        _fix_co_filename(code, self.path)  # compiled elsewhere, perhaps
        return code


def cached_of(source: str) -> str:
    """Where the byte code of a source is."""
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name[:-3]}{ENDING}"


def read_whole(path: str, most: int = MOST) -> bytes:
    """What is in a file, `most` bytes at a time."""
    file = open(path, O_RDONLY)
    try:
        content = read(file, most)
        while more := read(file, most):
            content += more
        return content
    finally:
        close(file)


def head_of(source: str) -> bytes:
    """What byte code that goes for this source only begins with, as the source is now."""
    facts = stat(source)  # noqa: PTH116  pathlib is dear
    numbers = (int(facts.st_mtime), facts.st_size)
    return DATED + b"".join([(number & 0xFFFF_FFFF).to_bytes(4, "little") for number in numbers])
