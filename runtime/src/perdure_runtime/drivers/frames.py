"""Where the user's code ends and the engine begins, in tracebacks and on the stack."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["place_of_the_call", "without_engine_frames"]

ENGINE = ("perdure.", "perdure_runtime.")
E = TypeVar("E", bound=BaseException)


def place_of_the_call() -> str:
    """File and line of the innermost frame that is not the engine's."""
    frame: FrameType = sys._getframe(1)  # noqa: SLF001  names the user's line without raising through it
    while frame.f_back is not None and _is_engine(frame):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def without_engine_frames(error: E) -> E:
    """`error`, its traceback beginning with the first frame of the user's."""
    trace = error.__traceback__
    while trace is not None and _is_engine(trace.tb_frame):
        trace = trace.tb_next
    error.__traceback__ = trace
    return error


def _is_engine(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(ENGINE)
