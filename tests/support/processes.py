"""Which processes are alive that a test caused: found by a mark in their environment, whoever their parent is now."""

from __future__ import annotations

import os
import signal
import time
import uuid
from contextlib import suppress
from pathlib import Path

VARIABLE = "PERDURE_TEST_MARK"
PATIENCE = 20.0
_POLL = 0.02


def new_mark() -> dict[str, str]:
    """Variables for a process; what it starts inherits them."""
    return {VARIABLE: uuid.uuid4().hex}


def marked(mark: dict[str, str]) -> list[int]:
    """Ids of the living processes that carry the mark; none where the system does not tell."""
    (pair,) = (f"{name}={value}".encode() for name, value in mark.items())
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is not ours
            if pair in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def kill(pid: int) -> bool:
    """Kill a process as nothing can be prepared for; whether it was there."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def left_behind(mark: dict[str, str], patience: float = PATIENCE) -> list[int]:
    """Processes with the mark that do not end by themselves; they are killed."""
    end = time.monotonic() + patience
    while (alive := marked(mark)) and time.monotonic() < end:
        time.sleep(_POLL)
    for pid in alive:
        kill(pid)
    return alive
