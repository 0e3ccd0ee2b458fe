"""What a live view is told: typed notices, each sent after what it tells of is on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perdure_local.ledger import ErrorObject, ExecutionStatus, Kind, Operation, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perdure_local.ledger import Change, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something happened to an execution; `at` is the execution's own time, in epoch seconds."""

    arn: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStarted(Notice):
    """An execution was accepted."""

    name: str
    payload: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResumed(Notice):
    """An execution that an earlier service left unfinished goes on."""

    name: str
    operations: int
    """How many operations are recorded of it."""
    invocations: int
    """How many invocations it has had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFinished(Notice):
    """An execution is over."""

    status: ExecutionStatus
    result: str | None
    error: ErrorObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationStarted(Notice):
    """The handler is called, for the `number`-th time."""

    request_id: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationFinished(Notice):
    """The handler answered, or failed with `error`."""

    request_id: str
    started_at: float
    error: ErrorObject | None
    status: ExecutionStatus
    """Of the execution: RUNNING, unless this was its last invocation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationNotice(Notice):
    """Something happened to an operation."""

    operation_id: str
    kind: Kind
    name: str | None
    sub_type: str | None
    parent_id: str | None
    attempt: int
    """The attempt it is about, from 1; 0 for operations without attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted(OperationNotice):
    """A step's attempt or a context began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSucceeded(OperationNotice):
    """An operation has its result."""

    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFailed(OperationNotice):
    """An operation failed for good, timed out, was cancelled or stopped."""

    error: ErrorObject


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRetrying(OperationNotice):
    """An attempt failed, or a condition does not hold yet (then without an error); the next comes after `delay`."""

    error: ErrorObject | None
    delay: int
    until: float
    state: str | None = None
    """What a condition's poll left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationWaiting(OperationNotice):
    """A wait began."""

    delay: int
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackCreated(OperationNotice):
    """A callback waits for whoever is given its id."""

    callback_id: str
    timeout: int | None = None
    """Seconds it waits; None for no end."""
    heartbeat: int | None = None
    """Seconds it waits without a heartbeat; None for no need of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionInvoked(OperationNotice):
    """A workflow invoked another function, and waits for what it returns."""

    function: str
    """As the workflow named it."""
    payload: str | None = None
    execution: str | None = None
    """ARN of the execution that the invoke started, if the function is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A worker wrote a line; `arn` is the execution it was working for, if any."""

    function: str
    arn: str | None
    request_id: str | None
    stream: str
    """`stdout` or `stderr`."""
    text: str


def notices_of(change: Change) -> Iterator[Notice]:
    """Yield what a change means to someone who watches."""
    operations = {operation.id: operation for operation in change.operations}
    for event in change.events:
        describe = _DESCRIBE.get(event.type)
        if describe is not None:
            yield describe(change, event, operations)


_Operations = dict[str, Operation]


def _about(change: Change, event: Event, operations: _Operations) -> dict[str, Any]:
    operation = operations[event.operation_id or ""]
    return {
        "arn": change.arn,
        "at": event.at,
        "operation_id": operation.id,
        "kind": operation.kind,
        "name": operation.name,
        "sub_type": operation.sub_type,
        "parent_id": operation.parent_id,
        "attempt": operation.attempt,
    }


def _started(change: Change, event: Event, operations: _Operations) -> Notice:
    about = _about(change, event, operations)
    operation = operations[event.operation_id or ""]
    if operation.kind is Kind.STEP and operation.status is Status.STARTED:
        about["attempt"] += 1  # an attempt counts when it ends; one that ended in the same change is counted already
    return OperationStarted(**about)


def _succeeded(change: Change, event: Event, operations: _Operations) -> Notice:
    if "NextAttemptDelaySeconds" in event.details.get("RetryDetails", {}):
        return _retrying(change, event, operations)
    return OperationSucceeded(**_about(change, event, operations), result=event.details.get("Result"))


def _failed(change: Change, event: Event, operations: _Operations) -> Notice:
    if "NextAttemptDelaySeconds" in event.details.get("RetryDetails", {}):
        return _retrying(change, event, operations)
    return OperationFailed(**_about(change, event, operations), error=event.details.get("Error", {}))


def _retrying(change: Change, event: Event, operations: _Operations) -> Notice:
    delay = event.details["RetryDetails"]["NextAttemptDelaySeconds"]
    about = _about(change, event, operations)
    found = event.details
    until = event.at + delay
    return OperationRetrying(**about, error=found.get("Error"), delay=delay, until=until, state=found.get("Result"))


def _waiting(change: Change, event: Event, operations: _Operations) -> Notice:
    details = event.details
    about = _about(change, event, operations)
    return OperationWaiting(**about, delay=details["Duration"], until=details["ScheduledEndTimestamp"])


def _callback_created(change: Change, event: Event, operations: _Operations) -> Notice:
    details = event.details
    return CallbackCreated(
        **_about(change, event, operations),
        callback_id=details["CallbackId"],
        timeout=details.get("Timeout"),
        heartbeat=details.get("HeartbeatTimeout"),
    )


def _function_invoked(change: Change, event: Event, operations: _Operations) -> Notice:
    details = event.details
    return FunctionInvoked(
        **_about(change, event, operations),
        function=details["FunctionName"],
        payload=details.get("Input"),
        execution=details.get("DurableExecutionArn"),
    )


def _execution_started(change: Change, event: Event, _operations: _Operations) -> Notice:
    return ExecutionStarted(arn=change.arn, at=event.at, name=event.name or "", payload=event.details["Input"])


def _execution_finished(change: Change, event: Event, _operations: _Operations) -> Notice:
    progress = change.progress
    return ExecutionFinished(
        arn=change.arn, at=event.at, status=progress.status, result=progress.result, error=progress.error
    )


def _invocation_finished(change: Change, event: Event, _operations: _Operations) -> Notice:
    details = event.details
    # An execution's end is the last event of its history, and the end of its last invocation the one before.
    is_last = event.number == change.events[-1].number - 1
    return InvocationFinished(
        arn=change.arn,
        at=event.at,
        request_id=details["RequestId"],
        started_at=details["StartTimestamp"],
        error=details.get("Error"),
        status=change.progress.status if is_last else ExecutionStatus.RUNNING,
    )


_DESCRIBE: dict[str, Callable[[Change, Event, _Operations], Notice]] = {
    "ExecutionStarted": _execution_started,
    "ExecutionSucceeded": _execution_finished,
    "ExecutionFailed": _execution_finished,
    "ExecutionTimedOut": _execution_finished,
    "ExecutionStopped": _execution_finished,
    "InvocationCompleted": _invocation_finished,
    "StepStarted": _started,
    "ContextStarted": _started,
    "StepSucceeded": _succeeded,
    "ContextSucceeded": _succeeded,
    "WaitSucceeded": _succeeded,
    "StepFailed": _failed,
    "ContextFailed": _failed,
    "WaitCancelled": _failed,
    "WaitStarted": _waiting,
    "CallbackStarted": _callback_created,
    "CallbackSucceeded": _succeeded,
    "CallbackFailed": _failed,
    "CallbackTimedOut": _failed,
    "ChainedInvokeStarted": _function_invoked,
    "ChainedInvokeSucceeded": _succeeded,
    "ChainedInvokeFailed": _failed,
    "ChainedInvokeTimedOut": _failed,
    "ChainedInvokeStopped": _failed,
}
