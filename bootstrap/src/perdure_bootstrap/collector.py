"""The garbage collector, during init.

Importing makes tens of thousands of objects that live as long as the process. Left alone, the collector goes through
them again and again while they come, for some milliseconds of a cold start, and later in every invocation that is long
enough. So it rests until the handler is there, and what is there by then it does not look at any more.
"""

from __future__ import annotations

import gc

__all__ = ["rest", "wake"]

RESTING = (1_000_000, 10, 10)


_BEFORE: list[tuple[int, int, int]] = []


def rest() -> None:
    """Let the collector rest."""
    if not _BEFORE:
        _BEFORE.append(gc.get_threshold())
        gc.set_threshold(*RESTING)


def wake() -> None:
    """Let it work as before, on what comes from now on; a module of the user's that has set it otherwise is obeyed."""
    if _BEFORE and gc.get_threshold() == RESTING:
        gc.set_threshold(*_BEFORE.pop())
    gc.freeze()
