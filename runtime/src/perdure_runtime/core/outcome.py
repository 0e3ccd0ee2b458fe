"""What an invocation answers: the one place that decides a status (PROTOCOL 1.5).

The rows are tried from the top, so what is said first wins:

    the service failed, and may succeed later       let Lambda retry
    the service failed for good                     FAILED
    the token was revoked                           PENDING
    the code does not match the history             FAILED, or let Lambda retry where the function says so
    the engine met a state that cannot be           let Lambda retry, so that a fix can save the execution
    the run was stopped, whatever the code did      PENDING
    the handler raised                              FAILED
    the handler returned                            SUCCEEDED

"Whatever the code did" is why `except BaseException` round a wait cannot turn into a result.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from perdure import ReplayMismatch, ServiceError
from perdure_runtime.tuples import NamedTuple

__all__ = [
    "Answer",
    "Ending",
    "Failed",
    "Pending",
    "Raised",
    "Returned",
    "RunAgain",
    "Stopped",
    "Succeeded",
    "conclude",
]


class Returned(NamedTuple):
    """The handler returned, and this is its result as text."""

    payload: str


class Raised(NamedTuple):
    """The handler raised."""

    error: BaseException


class Stopped(NamedTuple):
    """The handler was unwound, because it has to wait."""


Ending: TypeAlias = Returned | Raised | Stopped


class Succeeded(NamedTuple):
    """The execution is done."""

    payload: str


class Failed(NamedTuple):
    """The execution failed."""

    error: BaseException


class Pending(NamedTuple):
    """The execution goes on later."""


class RunAgain(NamedTuple):
    """This invocation failed; Lambda will make it again."""

    error: BaseException


Answer: TypeAlias = Succeeded | Failed | Pending | RunAgain


def conclude(
    ending: Ending,
    *,
    fatal: Exception | None,
    revoked: bool,
    stopped: bool,
    on_mismatch: Literal["fail", "retry"],
) -> Answer:
    """What to answer, given how the handler ended and what happened to the run meanwhile."""
    if isinstance(fatal, ServiceError):
        return RunAgain(fatal) if fatal.retryable else Failed(fatal)
    if revoked:
        return Pending()
    if fatal is not None:
        return Failed(fatal) if isinstance(fatal, ReplayMismatch) and on_mismatch == "fail" else RunAgain(fatal)
    if stopped or isinstance(ending, Stopped):
        return Pending()
    return Failed(ending.error) if isinstance(ending, Raised) else Succeeded(ending.payload)
