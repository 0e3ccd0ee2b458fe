"""How executions look in the answers of the Lambda API (PROTOCOL 9.8, 9.9)."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from perdure_local.ledger.faults import invalid
from perdure_local.ledger.history import page_events
from perdure_local.ledger.limits import DEFAULT_PAGE, MAXIMUM_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perdure_local.functions import Function
    from perdure_local.ledger import ErrorObject, Execution, Operation

STATUSES = frozenset({"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "DELETING", "PAUSING", "PAUSED"})
WAIT_FOR_CALLBACK = "WaitForCallback"
"""Subtype of the context that a `wait_for_callback` is."""
_MOST_STATUSES = 10
_LIMIT_DIGITS = len(str(MAXIMUM_PAGE))


class Filters(NamedTuple):
    """What a listing is narrowed to; all that are given must hold."""

    version: str | None = None
    name: str | None = None
    statuses: frozenset[str] = frozenset()
    started_after: float | None = None
    started_before: float | None = None

    def match(self, execution: Execution) -> bool:
        """Whether an execution is wanted."""
        spec = execution.spec
        return (
            (self.version is None or spec.version == self.version)
            and (self.name is None or spec.name == self.name)
            and (not self.statuses or execution.progress.status in self.statuses)
            and (self.started_after is None or spec.started_at > self.started_after)
            and (self.started_before is None or spec.started_at < self.started_before)
        )


class Paging(NamedTuple):
    """Which page of a list is asked for."""

    limit: int = DEFAULT_PAGE
    marker: str | None = None
    is_reversed: bool = False


def summary_view(execution: Execution) -> dict[str, Any]:
    """Render an item of a list."""
    spec, progress = execution.spec, execution.progress
    shown = {
        "DurableExecutionArn": spec.arn,
        "DurableExecutionName": spec.name,
        "FunctionArn": spec.function_arn,
        "Status": progress.status.value,
        "StartTimestamp": spec.started_at,
    }
    if progress.ended_at is not None:
        shown["EndTimestamp"] = progress.ended_at
    return shown


def execution_view(execution: Execution, function: Function | None, *, include_data: bool) -> dict[str, Any]:
    """Render one execution in full."""
    spec, progress = execution.spec, execution.progress
    shown = {**summary_view(execution), "Version": spec.version, "ExecutionDataIncluded": include_data}
    if spec.deadline is not None:
        shown["ExpectedExecutionTimeoutTimestamp"] = spec.deadline
    if function is not None:
        config: dict[str, Any] = {"RetentionPeriodInDays": function.retention_days}
        if spec.timeout is not None:
            config["ExecutionTimeout"] = spec.timeout
        shown["DurableConfig"] = config
    if include_data:
        data = {"InputPayload": spec.payload, "Result": progress.result, "Error": progress.error}
        shown |= {member: value for member, value in data.items() if value is not None}
    return shown


def history_view(execution: Execution, paging: Paging, *, include_data: bool) -> dict[str, Any]:
    """Render a page of an execution's history."""
    page = page_events(execution.events, limit=paging.limit, marker=paging.marker, newest_first=paging.is_reversed)
    shown: dict[str, Any] = {"Events": [event.wire(include_data=include_data) for event in page.events]}
    if page.marker is not None:
        shown["NextMarker"] = page.marker
    return shown


def list_view(executions: Iterable[Execution], filters: Filters, paging: Paging) -> dict[str, Any]:
    """Render a page of a function's executions; newest first unless reversed (PROTOCOL 11.1, row 26).

    The marker is the place, in order of starting, of the last one shown: executions that start meanwhile shift nothing.
    """
    ranked = list(enumerate(executions))
    if paging.marker is not None:
        last = _read_rank(paging.marker)
        ranked = [(rank, one) for rank, one in ranked if (rank > last if paging.is_reversed else rank < last)]
    if not paging.is_reversed:
        ranked.reverse()
    wanted = [(rank, one) for rank, one in ranked if filters.match(one)]
    page = wanted[: paging.limit]
    shown: dict[str, Any] = {"DurableExecutions": [summary_view(execution) for _, execution in page]}
    if len(wanted) > len(page):
        shown["NextMarker"] = base64.b64encode(str(page[-1][0]).encode()).decode()
    return shown


def callback_view(execution: Execution, callback: Operation, now: float) -> dict[str, Any]:
    """Render a callback that waits; `ParentName` is what the operation is called that created it for itself."""
    parent = next((one for one in execution.operations if one.id == callback.parent_id), None)
    shown = {
        "CallbackId": "" if callback.callback is None else callback.callback.id,
        "ParentName": parent.name if parent is not None and parent.sub_type == WAIT_FOR_CALLBACK else None,
        "OperationId": callback.id,
        "Name": callback.name,
        "DurableExecutionArn": execution.spec.arn,
        "StartTimestamp": callback.started_at,
        "ScheduledEndTimestamp": callback.due_at,
        "SecondsLeft": None if callback.due_at is None else round(max(callback.due_at - now, 0.0), 3),
    }
    return {member: value for member, value in shown.items() if value is not None}


def failure_view(error: ErrorObject | None) -> dict[str, Any]:
    """Render an error as the body of a failed invocation."""
    given: Mapping[str, object] = {**error} if error is not None else {}
    return {ours: given[wire] for wire, ours in _FAILURE.items() if wire in given}


_FAILURE = {
    "ErrorType": "errorType",
    "ErrorMessage": "errorMessage",
    "ErrorData": "errorData",
    "StackTrace": "stackTrace",
}


def read_limit(text: str | None) -> int:
    """Read a `MaxItems`: absent and 0 stand for the default."""
    if text is None:
        return DEFAULT_PAGE
    # Its length first: Python reads no number of more than some thousand digits.
    if not (text.isascii() and text.isdigit()) or len(text) > _LIMIT_DIGITS or int(text) > MAXIMUM_PAGE:
        raise invalid(f"MaxItems must be between 0 and {MAXIMUM_PAGE}.")
    return int(text) or DEFAULT_PAGE


def read_flag(text: str | None, name: str, *, default: bool) -> bool:
    """Read a boolean query value."""
    if text is None:
        return default
    if text.lower() not in {"true", "false"}:
        raise invalid(f"{name} must be true or false.")
    return text.lower() == "true"


def read_statuses(texts: Iterable[str]) -> frozenset[str]:
    """Read the repeated `Statuses` value."""
    statuses = frozenset(texts)
    if len(statuses) > _MOST_STATUSES or not statuses <= STATUSES:
        raise invalid(f"Statuses must be 1 to {_MOST_STATUSES} of {', '.join(sorted(STATUSES))}.")
    return statuses


def read_instant(text: str | None, name: str) -> float | None:
    """Read a timestamp of a query: ISO 8601 (PROTOCOL 1.2)."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name} must be an ISO 8601 timestamp.") from None
    if instant.tzinfo is None:
        raise invalid(f"{name} must have a time zone.")
    return instant.timestamp()


def _read_rank(marker: str) -> int:
    try:
        return int(base64.b64decode(marker, validate=True))
    except (binascii.Error, ValueError):
        raise invalid("Invalid Marker.") from None
