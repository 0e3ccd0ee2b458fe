"""What is no outcome of user code: that it has to be unwound, or that it wants the process to end."""

from __future__ import annotations

__all__ = ["Broken", "Stop"]


class Stop(BaseException):
    """The invocation is over. No `Exception`, so that `except Exception` lets it pass; never exported or recorded."""


class Broken:
    """In place of an outcome: raised again by whoever drives the code, on the workflow's thread."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error
