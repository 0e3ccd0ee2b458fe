"""The closed vocabularies of the protocol (PROTOCOL 2.1, 2.2, 9.4)."""

from __future__ import annotations

from enum import StrEnum
from typing import TypedDict


class Kind(StrEnum):
    """What an operation is; the wire calls it `Type`."""

    EXECUTION = "EXECUTION"
    CONTEXT = "CONTEXT"
    STEP = "STEP"
    WAIT = "WAIT"
    CALLBACK = "CALLBACK"
    CHAINED_INVOKE = "CHAINED_INVOKE"


class Action(StrEnum):
    """What an update asks for."""

    START = "START"
    SUCCEED = "SUCCEED"
    FAIL = "FAIL"
    RETRY = "RETRY"
    CANCEL = "CANCEL"


class Status(StrEnum):
    """Where an operation stands."""

    STARTED = "STARTED"
    PENDING = "PENDING"
    READY = "READY"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"
    STOPPED = "STOPPED"

    @property
    def is_terminal(self) -> bool:
        """Whether the operation will never change again."""
        return self not in _OPEN


_OPEN = frozenset({Status.STARTED, Status.PENDING, Status.READY})


class ExecutionStatus(StrEnum):
    """Where an execution stands. The paused states of the newest model come with pausing itself."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    STOPPED = "STOPPED"


class ErrorObject(TypedDict, total=False):
    """An error as the wire carries it; every member is optional."""

    ErrorMessage: str
    ErrorType: str
    ErrorData: str
    StackTrace: list[str]
