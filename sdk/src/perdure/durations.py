"""Durations as people say them: a `timedelta`, seconds, or keywords such as `hours=2`.

The service counts whole seconds, from one second to 366 days. A fraction above one second is rounded up, never down: a
wait may last a little longer than asked, never shorter.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TypeAlias

__all__ = ["LONGEST", "SHORTEST", "Duration", "whole_seconds"]

Duration: TypeAlias = timedelta | float
"""A length of time: a `timedelta`, or a number of seconds."""

SHORTEST = 1
LONGEST = 31_622_400


def seconds_of(duration: Duration) -> float:
    """The number of seconds in `duration`."""
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    if isinstance(duration, bool) or not isinstance(duration, (int, float)):
        raise TypeError(f"a duration is a timedelta or a number of seconds, not {type(duration).__name__}")
    return duration


def whole_seconds(
    duration: Duration | None, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
) -> int:
    """The seconds to wait, rounded up; raises ValueError outside 1 second to 366 days."""
    spelled = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    if duration is None:
        total = float(spelled)
    elif spelled:
        raise TypeError("a duration is given either as one value or by keywords, not both")
    else:
        total = float(seconds_of(duration))
    if not SHORTEST <= total <= LONGEST:
        raise ValueError(f"a duration is between 1 second and 366 days ({LONGEST} seconds), not {total:g} seconds")
    return math.ceil(total)
