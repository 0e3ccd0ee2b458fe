"""The garbage collector: not during init, and later more seldom.

Importing makes tens of thousands of objects that live as long as the process. Left alone, the collector goes through
them again and again while they come, for some milliseconds of a cold start, and later in every invocation that is long
enough. So it rests until the handler is there, and what is there by then it does not look at any more.

A long history and the branches of a batch are thousands of objects, too, which live until the invocation ends, and
nothing that the engine leaves behind is garbage only to the collector. So it looks at what is young after some thousand
more new objects than Python has it do, which spares a twentieth of the work of a large batch.
"""

from __future__ import annotations

import gc

__all__ = ["rest", "wake"]

RESTING = (1_000_000, 10, 10)
SELDOM = 10_000
"""New objects, at the least, until those that are young are looked at: a megabyte or two."""

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
