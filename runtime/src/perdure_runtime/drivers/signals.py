"""The signal that unwinds user code when the invocation is over."""

from __future__ import annotations

__all__ = ["Stop"]


class Stop(BaseException):
    """Not an `Exception`, so that `except Exception` lets it pass; never exported, never recorded."""
