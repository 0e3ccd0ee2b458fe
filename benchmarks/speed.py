"""How fast the machine is just now: the CPU time of a fixed loop, beside the best that was seen.

A machine that others share may run at half its speed for seconds, and nothing but such a loop shows it.
"""

from __future__ import annotations

import functools
import time

__all__ = ["Gauge", "gauge"]

TURNS = 60_000
SETTLING = 30


class Gauge:
    """Tells how much slower than at its best the CPU is that the caller runs on."""

    def __init__(self) -> None:
        self._best = min(looped() for _ in range(SETTLING))

    def read(self) -> float:
        """How many times the best a loop took now."""
        took = looped()
        self._best = min(self._best, took)
        return took / self._best


@functools.cache
def gauge() -> Gauge:
    """The one of this process."""
    return Gauge()


def looped() -> float:
    """The CPU time of the loop."""
    began = time.process_time()
    number = 0
    for turn in range(TURNS):
        number = (number * 31 + turn) & 0xFFFFFF
    return time.process_time() - began
