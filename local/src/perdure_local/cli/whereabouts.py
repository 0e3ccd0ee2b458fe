"""Where a run's service is: its address, in a file beside the journal for as long as it is up.

A command in another terminal finds it there. The file tells nothing that a look at the machine's ports would not, and
is readable by its owner only, like the journal. One that a killed run left behind leads nowhere, and is written anew by
the next.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIX = "-endpoint"
_OWNER_ONLY = 0o600


@contextlib.contextmanager
def published(journal: Path, endpoint: str) -> Iterator[None]:
    """Have `endpoint` found by the journal's name."""
    file = _file(journal)
    fresh = file.with_name(f"{file.name}-{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor, for its mode
        stream.write(f"{endpoint}\n")
    fresh.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find(journal: Path) -> str | None:
    """Return the address of the service that has this journal, or had it last; None for no trace of one."""
    try:
        return _file(journal).read_text("utf-8").strip() or None
    except OSError:
        return None


def _file(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}{_SUFFIX}")
