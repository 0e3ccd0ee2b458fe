"""Where the user's code ends and the engine begins, in tracebacks and on the stack."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["is_deeper_than", "place_of_the_call", "raise_again", "regain_context", "without_engine_frames"]

ENGINE = ("perdure.", "perdure_runtime.")
E = TypeVar("E", bound=BaseException)


def place_of_the_call() -> str:
    """File and line of the innermost frame that is not the engine's."""
    frame: FrameType = sys._getframe(1)  # noqa: SLF001  names the user's line without raising through it
    while frame.f_back is not None and _is_engine(frame):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def is_deeper_than(frames: int) -> bool:
    """Whether so many frames are on the stack."""
    try:
        sys._getframe(frames)  # noqa: SLF001  the interpreter counts frames, and does not tell
    except ValueError:
        return False
    return True


def without_engine_frames(error: E) -> E:
    """`error`, its traceback beginning with the first frame of the user's."""
    trace = error.__traceback__
    while trace is not None and _is_engine(trace.tb_frame):
        trace = trace.tb_next
    BaseException.with_traceback(error, trace)  # past a __setattr__ of the user's
    return error


def regain_context(error: BaseException, own: BaseException | None) -> None:
    """Give an error the context `own` back, which it has lost by being raised once more.

    Python has put there what the caller is handling. Had the error come straight to the caller, that came after `own`.
    """
    handled = error.__context__
    if own is None or handled is own:
        return
    BaseException.__setattr__(error, "__context__", own)
    seen = [error, own]
    while (further := seen[-1].__context__) is not None:
        if further is handled or any(further is one for one in seen):
            return
        seen.append(further)
    if handled is not None and not any(handled is one for one in seen):
        BaseException.__setattr__(seen[-1], "__context__", handled)


def raise_again(error: BaseException) -> NoReturn:
    """Raise what came from elsewhere, with the context that it had there."""
    context = error.__context__
    try:
        raise error
    finally:
        regain_context(error, context)
        del error, context  # breaks the cycle of exception, traceback and frame


def _is_engine(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(ENGINE)
