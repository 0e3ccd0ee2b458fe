"""Moments: what is worth showing of one execution, one value for each, in the order in which they happened.

They hold no words and no colours, so that a terminal, a file and a page can each say the same thing in their own way.
Times are the execution's own, in epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.ledger import Kind

if TYPE_CHECKING:
    from perdure_local.ledger import ErrorObject, ExecutionStatus


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


class Tally(NamedTuple):
    """How far a map or a parallel has come."""

    begun: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        """How many of its items or branches are over."""
        return self.succeeded + self.failed

    @property
    def under_way(self) -> int:
        """How many have begun, and are not over."""
        return self.begun - self.done


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One operation: a line of the picture that changes until the operation is over."""

    key: str
    """What tells it from all others that are shown, those of executions that this one invoked included."""
    id: str
    execution: str
    """ARN of the execution that it is an operation of."""
    kind: Kind
    name: str | None
    parent_key: str | None
    sub_type: str | None = None
    depth: int
    """How many operations it is in; a branch does not count, what happens in it is told with the branch's name."""
    short_name: str | None = None
    """What to call it where it stands, if that is not its name; empty for a part that needs no name beside its kind."""
    branch: str | None = None
    """The item of a map, or the branch of a parallel, that it happens in."""
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
    """When it goes on by itself; None for what waits for somebody."""
    polled: str | None = None
    """The state that a condition's poll left."""
    callback_id: str | None = None
    function: str | None = None
    """What a chained invoke calls."""
    tally: Tally | None = None
    """For a map or a parallel."""
    is_folded: bool = False
    """Whether it belongs to an item or branch that is only counted."""

    @property
    def label(self) -> str:
        """Its name, or what it is."""
        return (self.name if self.short_name is None else self.short_name) or self.noun

    @property
    def noun(self) -> str:
        """What it is, in a word or two."""
        return _NOUNS.get(self.sub_type or "") or _KINDS.get(self.kind) or self.kind.value.lower()

    @property
    def is_branch(self) -> bool:
        """Whether it is an item of a map, or a branch of a parallel."""
        return self.sub_type in _BRANCHES

    @property
    def is_pending(self) -> bool:
        """Whether it waits, for a time to come or for somebody."""
        return self.state in {State.WAITING, State.RETRYING}


_BRANCHES = frozenset({"MapIteration", "ParallelBranch"})
_NOUNS = {
    "Map": "map",
    "MapIteration": "item",
    "Parallel": "parallel",
    "ParallelBranch": "branch",
    "WaitForCallback": "wait for callback",
    "WaitForCondition": "condition",
}
"""What operations of these subtypes are called."""
_KINDS = {Kind.CHAINED_INVOKE: "invoke"}


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
class Counted(Moment):
    """A map or a parallel, most of whose items are only counted, has come so far."""

    row: Row
    is_interim: bool
    """Whether it is told only because time has gone by."""


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
