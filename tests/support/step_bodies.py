"""Bodies of steps, for tests that do not care what a step does."""

from __future__ import annotations

import asyncio
from typing import Any


class Declined(Exception):
    """A user's own error."""


def add(left: Any, right: Any) -> Any:
    return left + right


async def aadd(left: Any, right: Any) -> Any:
    await asyncio.sleep(0)
    return left + right
