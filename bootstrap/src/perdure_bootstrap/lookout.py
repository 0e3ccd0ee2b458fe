"""Notices, as early as may be, that the handler's module has to do with `perdure`.

Then the process may hold a durable function, which will need a connection to the service, and what there is to import
is still to come. A file that names `perdure` is the first sign, read in a tenth of a millisecond. The other is that
anything at all asks for it. A plain handler shows neither, and connects to nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Lookout"]

AWAITED = "perdure"
SOURCES = (".py", "/__init__.py")


class Lookout:
    """The first to be asked for modules, until `end`. It knows none, and tells when one is asked for, once."""

    def __init__(self, tell: Callable[[], object]) -> None:
        self._tell = tell
        if AWAITED in sys.modules:
            tell()
        else:
            sys.meta_path.insert(0, self)

    def look_into(self, handler: str, folders: Iterable[str]) -> None:
        """See whether the handler's own module speaks of it; the module may import much before it does."""
        module = handler.rpartition(".")[0].replace(".", "/")
        if self in sys.meta_path and module and any(_is_named(f"{folder}/{module}") for folder in folders):
            self.end()
            self._tell()

    def end(self) -> None:
        """Look no longer."""
        if self in sys.meta_path:
            # Another list, since a thread may go through this one, and would pass over whoever moves up.
            sys.meta_path = [finder for finder in sys.meta_path if finder is not self]

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Python asks this of each finder in turn; None passes the question on."""
        if name == AWAITED:
            self.end()
            self._tell()


def _is_named(stem: str) -> bool:
    for source in SOURCES:
        try:
            with open(stem + source, "rb") as file:  # noqa: PTH123  pathlib is not on the cold path
                return AWAITED.encode() in file.read().lower()
        except OSError:
            continue
    return False
