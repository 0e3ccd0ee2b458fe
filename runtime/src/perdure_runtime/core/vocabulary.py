"""The words of the wire that the engine decides by (PROTOCOL 2).

They are string enums: what the service sends compares equal to them, and what the engine sends needs no translation.
"""

from __future__ import annotations

from enum import StrEnum

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


class Subtype(StrEnum):
    """What an operation is for; free text to the service, part of identity to the engine."""

    STEP = "Step"
    WAIT = "Wait"
    CONDITION = "WaitForCondition"
    CALLBACK = "Callback"
    INVOKE = "ChainedInvoke"
    CHILD = "RunInChildContext"
    WAIT_FOR_CALLBACK = "WaitForCallback"
    PARALLEL = "Parallel"
    BRANCH = "ParallelBranch"
    MAP = "Map"
    ITEM = "MapIteration"
