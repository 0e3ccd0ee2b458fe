"""The words of the wire that the engine decides by (PROTOCOL 2).

They are string enums: what the service sends compares equal to them. What an operation is for decides nothing, and is
plain text.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["TERMINAL", "Action", "Kind", "Status", "Subtype"]


class Kind(StrEnum):
    """What an operation is (`Type` on the wire)."""

    EXECUTION = "EXECUTION"
    CONTEXT = "CONTEXT"
    STEP = "STEP"
    WAIT = "WAIT"
    CALLBACK = "CALLBACK"
    CHAINED_INVOKE = "CHAINED_INVOKE"


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


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.TIMED_OUT, Status.STOPPED})


class Action(StrEnum):
    """What an update does to its operation."""

    START = "START"
    SUCCEED = "SUCCEED"
    FAIL = "FAIL"
    RETRY = "RETRY"
    CANCEL = "CANCEL"


class Subtype:
    """What an operation is for; free text to the service, part of identity to the engine."""

    STEP: Final = "Step"
    WAIT: Final = "Wait"
    CONDITION: Final = "WaitForCondition"
    CALLBACK: Final = "Callback"
    INVOKE: Final = "ChainedInvoke"
    CHILD: Final = "RunInChildContext"
    WAIT_FOR_CALLBACK: Final = "WaitForCallback"
    PARALLEL: Final = "Parallel"
    BRANCH: Final = "ParallelBranch"
    MAP: Final = "Map"
    ITEM: Final = "MapIteration"
