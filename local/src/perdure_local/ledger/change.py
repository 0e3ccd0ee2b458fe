"""What one call did to an execution, as values a store can write in one transaction.

An execution is its `Spec` (never changes), its `Progress` (one row, replaced), its operations (replaced one by one) and
its events (appended). A `Change` holds what is new of each; a `Record` holds all of it, and rebuilds the execution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from perdure_local.ledger.kinds import ErrorObject, ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perdure_local.ledger.history import Event
    from perdure_local.ledger.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What an execution was started with."""

    arn: str
    function: str
    """The function's bare name."""
    function_arn: str
    """The function's ARN, qualified with the version the execution is pinned to."""
    version: str
    name: str
    payload: str | None
    started_at: float
    timeout: int | None = None
    """Seconds the execution may take in all; None for no limit."""
    synchronous: bool = True
    """Whether its caller waits for it, which allows a larger result (PROTOCOL 10)."""
    parent_arn: str | None = None
    """The execution that invoked it, by its operation `parent_operation`; None if another caller did."""
    parent_operation: str | None = None
    tenant_id: str | None = None

    @property
    def is_chained(self) -> bool:
        """Whether it was started by a chained invoke, whose output has a limit of its own (PROTOCOL 5.6)."""
        return self.parent_arn is not None

    @property
    def id(self) -> str:
        """The id of the EXECUTION operation: the last segment of the ARN."""
        return self.arn.rsplit("/", 1)[1]

    @property
    def deadline(self) -> float | None:
        """When the execution times out."""
        return None if self.timeout is None else round(self.started_at + self.timeout, 3)

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Spec:
        """Rebuild from the fields a store kept."""
        return cls(**stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an execution has come."""

    status: ExecutionStatus = ExecutionStatus.RUNNING
    ended_at: float | None = None
    result: str | None = None
    error: ErrorObject | None = None
    touch: int = 0
    """Sequence number of the last change to any operation."""
    seen: int = 0
    """The watermark: changes up to here were delivered to the handler."""
    tokens: int = 0
    """Checkpoint tokens spent and minted so far."""
    invocations: int = 0
    invocation_id: str | None = None
    """The invocation in flight."""
    invoked_at: float | None = None
    invoke_at: float | None = None
    """When the next invocation may begin; None while only a timer or someone outside can bring it on."""
    failures: int = 0
    """Failed invocations in a row."""
    idle_pendings: int = 0
    """PENDING answers in a row with nothing pending."""
    spent_operations: int = 0
    written_bytes: int = 0
    touched_at: float = 0.0
    """The time of the last change: an execution's clock never runs behind it."""

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Progress:
        """Rebuild from the fields a store kept."""
        return cls(**{**stored, "status": ExecutionStatus(stored["status"])})


class Change(NamedTuple):
    """What is new since the last change."""

    arn: str
    spec: Spec | None
    """Set in the first change only."""
    progress: Progress
    operations: Sequence[Operation]
    events: Sequence[Event]


class Record(NamedTuple):
    """Everything known about one execution; operations in creation order, events in theirs."""

    spec: Spec
    progress: Progress
    operations: Sequence[Operation]
    events: Sequence[Event]
