"""The garbage collector: not during init, and later more seldom. And memory: what was given back is kept for the next.

Importing makes tens of thousands of objects that live as long as the process. Left alone, the collector goes through
them again and again while they come, for some milliseconds of a cold start, and later in every invocation that is long
enough. So it rests until the handler is there, and what is there by then it does not look at any more.

A long history and the branches of a batch are thousands of objects, too, which live until the invocation ends, and
nothing that the engine leaves behind is garbage only to the collector. So it looks at what is young after some thousand
more new objects than Python has it do, which spares a twentieth of the work of a large batch.

The C library gives large blocks back to the system, and where it is asked for one, takes a new one, of which the system
clears page after page as they are written. A step with a result of 200 KB needs a megabyte for its texts, and spent a
sixth of its time on that. Up to 16 MB are kept now, in a process that is frozen between its invocations anyway.
"""

from __future__ import annotations

import gc

__all__ = ["rest", "wake"]

RESTING = (1_000_000, 10, 10)
SELDOM = 10_000
"""New objects, at the least, until those that are young are looked at: a megabyte or two."""
LARGE = 8 << 20
"""Bytes of a block that is large; twice that is kept."""

_BEFORE: list[tuple[int, int, int]] = []


def rest() -> None:
    """Let the collector rest."""
    if not _BEFORE:
        _BEFORE.append(gc.get_threshold())
        gc.set_threshold(*RESTING)


def wake() -> None:
    """Let it work, on what comes from now on; whoever has set it otherwise or switched it off is obeyed."""
    if _BEFORE and gc.get_threshold() == RESTING:
        young, *older = _BEFORE.pop()
        gc.set_threshold(max(young, SELDOM) if young else 0, *older)
    gc.freeze()
    _keep_what_comes_back()


def _keep_what_comes_back() -> None:
    """Show glibc a large block that comes back: what it takes for large from then on, and gives away, is larger.

    Nothing is written into that one, so it never was memory. Where the environment says what is large
    (`MALLOC_TRIM_THRESHOLD_` and its like), that holds; other C libraries have rules of their own.
    """
    bytes(LARGE)
