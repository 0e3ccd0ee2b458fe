"""The history of an execution: events, appended when they happen and never re-sorted (PROTOCOL 9.9).

Every event carries its `<EventType>Details`, even empty, with the members the model requires. Payloads are kept whole;
whether a reader sees them is decided when an event is rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from perdure_local.ledger.faults import invalid
from perdure_local.ledger.kinds import Action, ErrorObject, ExecutionStatus, Kind, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from perdure_local.ledger.operation import Operation
    from perdure_local.ledger.update import Update


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; `number` is its EventId."""

    number: int
    type: str
    at: float
    operation_id: str | None = None
    name: str | None = None
    parent_id: str | None = None
    sub_type: str | None = None
    details: dict[str, Any]

    def wire(self, *, include_data: bool) -> dict[str, Any]:
        """Render as the protocol's `Event`."""
        members = {
            "EventType": self.type,
            "EventId": self.number,
            "EventTimestamp": self.at,
            "Id": self.operation_id,
            "Name": self.name,
            "ParentId": self.parent_id,
            "SubType": self.sub_type,
        }
        shown: dict[str, Any] = {member: value for member, value in members.items() if value is not None}
        shown[f"{self.type}Details"] = {
            member: _wrapped(value, include_data=include_data) if member in _DATA else value
            for member, value in self.details.items()
        }
        return shown

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Event:
        """Rebuild from the fields a store kept."""
        return cls(**stored)


class Entry(NamedTuple):
    """What an event says, before it has a number and a time."""

    type: str
    details: dict[str, Any]


_DATA = frozenset({"Input", "Result", "Error"})


def _wrapped(payload: object, *, include_data: bool) -> dict[str, Any]:
    if not include_data:
        return {"Truncated": True}
    return {"Truncated": False} if payload is None else {"Payload": payload, "Truncated": False}


def update_entries(update: Update, operation: Operation) -> Iterator[Entry]:
    """Yield what an accepted update adds to the history; `operation` is the state it left."""
    yield _UPDATES[update.kind, update.action](update, operation)
    if update.action is Action.START and operation.status.is_terminal:
        yield ending_entry(operation)  # an invoke of nothing ends as it begins


def timer_entry(operation: Operation) -> Entry | None:
    """Return what a fired timer adds to the history: a step that becomes READY adds nothing."""
    if operation.kind is Kind.WAIT:
        return Entry("WaitSucceeded", {"Duration": operation.wait_seconds})
    return ending_entry(operation) if operation.status.is_terminal else None


def ending_entry(operation: Operation) -> Entry:
    """Return what the end of a callback or of a chained invoke adds to the history, whatever brought it about."""
    type_ = f"{_FOREIGN[operation.kind]}{_ENDED_BY[operation.status]}"
    if operation.status is Status.SUCCEEDED:
        return Entry(type_, {"Result": operation.payload})
    return Entry(type_, {"Error": operation.error or {}})


_FOREIGN = {Kind.CALLBACK: "Callback", Kind.CHAINED_INVOKE: "ChainedInvoke"}
_ENDED_BY = {
    Status.SUCCEEDED: "Succeeded",
    Status.FAILED: "Failed",
    Status.TIMED_OUT: "TimedOut",
    Status.STOPPED: "Stopped",
}


def execution_started(payload: str | None, timeout: int | None) -> Entry:
    """Return the first event."""
    return Entry("ExecutionStarted", {"Input": payload, "ExecutionTimeout": timeout or 0})


def invocation_completed(request_id: str, started_at: float, ended_at: float, error: ErrorObject | None) -> Entry:
    """Return the event of one handler invocation, whatever came of it."""
    details: dict[str, Any] = {"StartTimestamp": started_at, "EndTimestamp": ended_at, "RequestId": request_id}
    if error is not None:
        details["Error"] = error
    return Entry("InvocationCompleted", details)


def execution_ended(status: ExecutionStatus, result: str | None, error: ErrorObject | None) -> Entry:
    """Return the last event."""
    if status is ExecutionStatus.SUCCEEDED:
        return Entry("ExecutionSucceeded", {"Result": result})
    return Entry(_ENDED[status], {"Error": error or {}})


_ENDED = {
    ExecutionStatus.FAILED: "ExecutionFailed",
    ExecutionStatus.TIMED_OUT: "ExecutionTimedOut",
    ExecutionStatus.STOPPED: "ExecutionStopped",
}


def _retry_details(update: Update, operation: Operation) -> dict[str, Any]:
    details = {"CurrentAttempt": operation.attempt}
    if update.action is Action.RETRY and update.delay is not None:
        details["NextAttemptDelaySeconds"] = update.delay
    return details


def _started(kind: str) -> Callable[[Update, Operation], Entry]:
    return lambda _update, _operation: Entry(f"{kind}Started", {})


def _step_succeeded(update: Update, operation: Operation) -> Entry:
    return Entry("StepSucceeded", {"Result": update.payload, "RetryDetails": _retry_details(update, operation)})


def _step_failed(update: Update, operation: Operation) -> Entry:
    return Entry("StepFailed", {"Error": update.error or {}, "RetryDetails": _retry_details(update, operation)})


def _step_retried(update: Update, operation: Operation) -> Entry:
    # A poll that goes on is no failure: it carries its state, and no error (PROTOCOL 9.9).
    describe = _step_succeeded if update.error is None else _step_failed
    return describe(update, operation)


def _wait_started(_update: Update, operation: Operation) -> Entry:
    return Entry("WaitStarted", {"Duration": operation.wait_seconds, "ScheduledEndTimestamp": operation.due_at})


def _callback_started(_update: Update, operation: Operation) -> Entry:
    terms = operation.callback
    if terms is None:
        raise RuntimeError(f"the callback {operation.id} has no terms")
    members = {"CallbackId": terms.id, "Timeout": terms.timeout, "HeartbeatTimeout": terms.heartbeat}
    return Entry("CallbackStarted", _given(members))


def _invoke_started(_update: Update, operation: Operation) -> Entry:
    terms = operation.invoke
    if terms is None:
        raise RuntimeError(f"the chained invoke {operation.id} has no terms")
    members = {
        "FunctionName": terms.function,
        "TenantId": terms.tenant_id,
        "Input": terms.input,
        "ExecutedVersion": terms.version,
        "DurableExecutionArn": terms.execution_arn,
    }
    return Entry("ChainedInvokeStarted", _given(members))


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in members.items() if value is not None}


_UPDATES: dict[tuple[Kind, Action], Callable[[Update, Operation], Entry]] = {
    (Kind.STEP, Action.START): _started("Step"),
    (Kind.STEP, Action.SUCCEED): _step_succeeded,
    (Kind.STEP, Action.FAIL): _step_failed,
    (Kind.STEP, Action.RETRY): _step_retried,
    (Kind.CONTEXT, Action.START): _started("Context"),
    (Kind.CONTEXT, Action.SUCCEED): lambda update, _: Entry("ContextSucceeded", {"Result": update.payload}),
    (Kind.CONTEXT, Action.FAIL): lambda update, _: Entry("ContextFailed", {"Error": update.error or {}}),
    (Kind.WAIT, Action.START): _wait_started,
    (Kind.WAIT, Action.CANCEL): lambda update, _: Entry("WaitCancelled", {"Error": update.error or {}}),
    (Kind.CALLBACK, Action.START): _callback_started,
    (Kind.CHAINED_INVOKE, Action.START): _invoke_started,
}
# EXECUTION updates have no entry: closing the execution writes its event (`Execution._close`).


_MARKER_DIGITS = 18
"""More than any EventId has, and fewer than Python refuses to read."""


class EventPage(NamedTuple):
    """A page of events and the marker of the next."""

    events: Sequence[Event]
    marker: str | None


def page_events(events: Sequence[Event], *, limit: int, marker: str | None, newest_first: bool) -> EventPage:
    """Cut a page: a forward marker is the next EventId, a reverse marker the last one returned."""
    if marker is not None and not (marker.isascii() and marker.isdigit() and len(marker) <= _MARKER_DIGITS):
        raise invalid("Invalid Marker.")
    if newest_first:
        end = len(events) if marker is None else min(int(marker) - 1, len(events))
        start = max(end - limit, 0)
        page = events[start:end][::-1]
        return EventPage(page, str(page[-1].number) if start > 0 and page else None)
    start = 0 if marker is None else max(int(marker) - 1, 0)
    page = events[start : start + limit]
    return EventPage(page, str(start + limit + 1) if start + limit < len(events) else None)
