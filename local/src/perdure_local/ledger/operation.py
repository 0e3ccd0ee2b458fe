"""One recorded operation: a frozen value, replaced as a whole when it changes.

Times are epoch seconds. The envelope carries integer milliseconds and the API bodies fractional seconds (PROTOCOL 1.2),
so `wire` is given the stamp to use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perdure_local.ledger.callbacks import CallbackTerms
from perdure_local.ledger.invokes import InvokeTerms
from perdure_local.ledger.kinds import ErrorObject, Kind, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Stamp = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation as the service knows it; `position` is its place in creation order."""

    id: str
    kind: Kind
    position: int
    touched: int
    """The sequence number of the change that made this value; what is above the watermark was never delivered."""
    status: Status
    started_at: float
    name: str | None = None
    parent_id: str | None = None
    sub_type: str | None = None
    ended_at: float | None = None
    payload: str | None = None
    """Result of whatever has one, state of a condition, input of the execution."""
    error: ErrorObject | None = None
    attempt: int = 0
    """Completed attempts (PROTOCOL 2.4)."""
    due_at: float | None = None
    """When the wait ends, the next attempt may begin, or the callback times out."""
    wait_seconds: int | None = None
    replay_children: bool = False
    callback: CallbackTerms | None = None
    invoke: InvokeTerms | None = None

    @property
    def is_pending(self) -> bool:
        """Whether a handler may suspend on it: the service, or someone outside, has the next move (PROTOCOL 6.4)."""
        return (self.kind, self.status) in _PENDING

    @property
    def awaits_outside(self) -> bool:
        """Whether someone outside has the next move, who may make it at any time."""
        return self.is_pending and self.kind in _FOREIGN

    @property
    def hides_children(self) -> bool:
        """Whether state pages leave its descendants out (PROTOCOL 9.7)."""
        return self.kind is Kind.CONTEXT and self.status.is_terminal and not self.replay_children

    def wire(self, stamp: Stamp) -> dict[str, Any]:
        """Render as the protocol's `Operation`."""
        shown: dict[str, Any] = {"Id": self.id, "Type": self.kind.value, "Status": self.status.value}
        _put(shown, "ParentId", self.parent_id)
        _put(shown, "Name", self.name)
        _put(shown, "SubType", self.sub_type)
        shown["StartTimestamp"] = stamp(self.started_at)
        if self.ended_at is not None:
            shown["EndTimestamp"] = stamp(self.ended_at)
        member, details = _DETAILS[self.kind]
        shown[member] = details(self, stamp)
        return shown

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Operation:
        """Rebuild from the fields a store kept."""
        fields = {**stored, "kind": Kind(stored["kind"]), "status": Status(stored["status"])}
        for member, terms in _TERMS.items():
            if fields.get(member) is not None:
                fields[member] = terms(**fields[member])
        return cls(**fields)


_PENDING = frozenset(
    {
        (Kind.STEP, Status.PENDING),
        (Kind.WAIT, Status.STARTED),
        (Kind.CALLBACK, Status.STARTED),
        (Kind.CHAINED_INVOKE, Status.STARTED),
    }
)
_FOREIGN = frozenset({Kind.CALLBACK, Kind.CHAINED_INVOKE})
_TERMS: dict[str, Callable[..., object]] = {"callback": CallbackTerms, "invoke": InvokeTerms}


def milliseconds(at: float) -> int:
    """Stamp for the envelope."""
    return round(at * 1000)


def seconds(at: float) -> float:
    """Stamp for API bodies."""
    return at


def _put(shown: dict[str, Any], member: str, value: object) -> None:
    if value is not None:
        shown[member] = value


def _execution(operation: Operation, _stamp: Stamp) -> dict[str, Any]:
    details: dict[str, Any] = {}
    _put(details, "InputPayload", operation.payload)
    return details


def _outcome(operation: Operation, _stamp: Stamp) -> dict[str, Any]:
    details: dict[str, Any] = {}
    _put(details, "Result", operation.payload)
    _put(details, "Error", operation.error)
    return details


def _context(operation: Operation, stamp: Stamp) -> dict[str, Any]:
    details = _outcome(operation, stamp)
    if operation.replay_children:
        details["ReplayChildren"] = True
    return details


def _step(operation: Operation, stamp: Stamp) -> dict[str, Any]:
    details = {"Attempt": operation.attempt, **_outcome(operation, stamp)}
    if operation.due_at is not None:
        details["NextAttemptTimestamp"] = stamp(operation.due_at)
    return details


def _wait(operation: Operation, stamp: Stamp) -> dict[str, Any]:
    return {} if operation.due_at is None else {"ScheduledEndTimestamp": stamp(operation.due_at)}


def _callback(operation: Operation, stamp: Stamp) -> dict[str, Any]:
    details = _outcome(operation, stamp)
    _put(details, "CallbackId", None if operation.callback is None else operation.callback.id)
    return details


_DETAILS: dict[Kind, tuple[str, Callable[[Operation, Stamp], dict[str, Any]]]] = {
    Kind.EXECUTION: ("ExecutionDetails", _execution),
    Kind.CONTEXT: ("ContextDetails", _context),
    Kind.STEP: ("StepDetails", _step),
    Kind.WAIT: ("WaitDetails", _wait),
    Kind.CALLBACK: ("CallbackDetails", _callback),
    Kind.CHAINED_INVOKE: ("ChainedInvokeDetails", _outcome),
}
