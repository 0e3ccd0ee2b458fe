"""Moments: what is worth showing of one execution, one value for each, in the order in which they happened.

They hold no words and no colours, so that a terminal, a file and a page can each say the same thing in their own way.
Times are the execution's own, in epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure_local.ledger import ErrorObject, ExecutionStatus, Kind


class State(StrEnum):
    """Where an operation stands, as someone who watches sees it."""

    RUNNING = "running"
    WAITING = "waiting"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The worker died while it ran; what becomes of it is seen in the next invocation."""


class Close(StrEnum):
    """How an invocation ended."""

    FINISHED = "finished"
    SUSPENDED = "suspended"
    FAILED = "failed"
    """The handler, or the service that read its answer, reported an error; the process lives."""
    CRASHED = "crashed"
    """The process is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One operation: a line of the picture that changes until the operation is over."""

    id: str
    kind: Kind
    name: str | None
    parent_id: str | None
    depth: int
    state: State
    attempt: int
    """The attempt it is about, from 1; 0 for operations without attempts."""
    started_at: float
    """When this attempt, or the wait, began."""
    at: float
    """When it came into this state."""
    result: str | None = None
    error: ErrorObject | None = None
    delay: int | None = None
    """Seconds that it waits."""
    until: float | None = None

    @property
    def label(self) -> str:
        """Its name, or what it is."""
        return self.name or self.kind.value.lower().replace("_", " ")

    @property
    def is_pending(self) -> bool:
        """Whether it waits for a time to come."""
        return self.state in {State.WAITING, State.RETRYING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Began(Moment):
    """The execution was accepted."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Moment):
    """The execution goes on from what an earlier run recorded; what of that still waits follows."""

    name: str
    operations: int
    """How many operations were recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoked(Moment):
    """An invocation began; a cold one in a new process."""

    number: int
    is_cold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed(Moment):
    """Time went by in which nothing ran."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Moment):
    """An operation came into another state."""

    row: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Moment):
    """The user's code wrote a line."""

    text: str
    level: str | None
    """Of a log record; None for what was printed."""
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Moment):
    """An invocation ended."""

    number: int
    close: Close
    took: float
    error: ErrorObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Over(Moment):
    """The execution is over."""

    status: ExecutionStatus
    result: str | None
    error: ErrorObject | None
