"""User code that ends with `asyncio.CancelledError` although nobody cancelled it: a failure like any other.

It is no `Exception`, so it would pass every `except Exception` on its way and end the process. Plain code raises it,
too: what it runs by `asyncio.run` may be cancelled from within.
"""

from __future__ import annotations

import sys

from perdure import StepError

__all__ = ["cancelled_within", "is_cancellation"]


def is_cancellation(error: BaseException) -> bool:
    """Whether it is asyncio's; where asyncio was never imported, nothing of it can be raised."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def cancelled_within() -> StepError:
    """What such code failed with."""
    return StepError("the code was cancelled from within", "asyncio.CancelledError")
