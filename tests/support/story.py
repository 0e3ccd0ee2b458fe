"""What a service tells about one execution, composed by hand: each call makes one notice, at the time of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_local import (
    CallbackCreated,
    ErrorObject,
    ExecutionFinished,
    ExecutionResumed,
    ExecutionStarted,
    ExecutionStatus,
    FunctionInvoked,
    InvocationFinished,
    InvocationStarted,
    Kind,
    LogLine,
    OperationFailed,
    OperationRetrying,
    OperationStarted,
    OperationSucceeded,
    OperationWaiting,
)

if TYPE_CHECKING:
    from perdure_local import Notice

ARN = "arn:aws:lambda:us-east-1:123456789012:function:shop:$LATEST/durable-execution/order-7/0"
DIED = ErrorObject(ErrorType="Runtime.ExitError", ErrorMessage="Runtime exited with error: signal: killed")
BROKEN = ErrorObject(ErrorType="shop.PrinterOffline", ErrorMessage="the printer does not answer")
START = 1_800_000_000.0


class Story:
    """Makes notices; times are seconds after the execution's start."""

    def __init__(self, arn: str = ARN) -> None:
        self.arn = arn

    def begun(self, payload: str = "{}") -> Notice:
        return ExecutionStarted(arn=self.arn, at=START, name="order-7", payload=payload)

    def invoked(self, at: float, number: int) -> Notice:
        return InvocationStarted(arn=self.arn, at=START + at, request_id=f"r{number}", number=number)

    def resumed(self, at: float, operations: int) -> Notice:
        return ExecutionResumed(arn=self.arn, at=START + at, name="order-7", operations=operations, invocations=1)

    def answered(
        self,
        at: float,
        *,
        since: float = 0.0,
        error: ErrorObject | None = None,
        status: ExecutionStatus = ExecutionStatus.RUNNING,
    ) -> Notice:
        began = START + since
        return InvocationFinished(
            arn=self.arn, at=START + at, request_id="r", started_at=began, error=error, status=status
        )

    def started(
        self,
        at: float,
        name: str,
        *,
        attempt: int = 1,
        kind: Kind = Kind.STEP,
        parent: str = "",
        sub_type: str | None = None,
    ) -> Notice:
        return OperationStarted(**self._about(at, name, attempt, kind, parent, sub_type))

    def succeeded(
        self,
        at: float,
        name: str,
        result: str | None = None,
        *,
        attempt: int = 1,
        kind: Kind = Kind.STEP,
        parent: str = "",
        sub_type: str | None = None,
    ) -> Notice:
        return OperationSucceeded(**self._about(at, name, attempt, kind, parent, sub_type), result=result)

    def failed(
        self,
        at: float,
        name: str,
        error: ErrorObject = BROKEN,
        *,
        attempt: int = 1,
        kind: Kind = Kind.STEP,
        parent: str = "",
        sub_type: str | None = None,
    ) -> Notice:
        return OperationFailed(**self._about(at, name, attempt, kind, parent, sub_type), error=error)

    def context(self, at: float, name: str, sub_type: str, parent: str = "") -> Notice:
        """A context begins."""
        return self.started(at, name, attempt=0, kind=Kind.CONTEXT, parent=parent, sub_type=sub_type)

    def left(self, at: float, name: str, sub_type: str, result: str | None = None, parent: str = "") -> Notice:
        """A context succeeds."""
        return self.succeeded(at, name, result, attempt=0, kind=Kind.CONTEXT, parent=parent, sub_type=sub_type)

    def asking(self, at: float, name: str, *, timeout: int | None = None, parent: str = "") -> Notice:
        """A callback is created."""
        about = self._about(at, name, 0, Kind.CALLBACK, parent)
        return CallbackCreated(**about, callback_id="aWQ=", timeout=timeout)

    def calling(self, at: float, name: str, function: str, execution: str | None = None) -> Notice:
        """A function is invoked."""
        return FunctionInvoked(
            **self._about(at, name, 0, Kind.CHAINED_INVOKE, ""), function=function, execution=execution
        )

    def retrying(
        self, at: float, name: str, *, delay: int, attempt: int = 1, error: ErrorObject | None = BROKEN
    ) -> Notice:
        about = self._about(at, name, attempt, Kind.STEP, "")
        return OperationRetrying(**about, error=error, delay=delay, until=START + at + delay)

    def polled(self, at: float, name: str, state: str, *, delay: int, attempt: int = 1) -> Notice:
        """A condition does not hold yet."""
        about = self._about(at, name, attempt, Kind.STEP, "", "WaitForCondition")
        return OperationRetrying(**about, error=None, delay=delay, until=START + at + delay, state=state)

    def waiting(self, at: float, name: str | None, delay: int) -> Notice:
        return OperationWaiting(**self._about(at, name, 0, Kind.WAIT, ""), delay=delay, until=START + at + delay)

    def elapsed(self, at: float, name: str | None) -> Notice:
        return OperationSucceeded(**self._about(at, name, 0, Kind.WAIT, ""))

    def finished(
        self,
        at: float,
        result: str | None = None,
        *,
        status: ExecutionStatus = ExecutionStatus.SUCCEEDED,
        error: ErrorObject | None = None,
    ) -> Notice:
        return ExecutionFinished(arn=self.arn, at=START + at, status=status, result=result, error=error)

    def wrote(self, text: str, *, stream: str = "stdout") -> LogLine:
        return LogLine(function="shop", arn=self.arn, request_id="r1", stream=stream, text=text)

    def _about(
        self, at: float, name: str | None, attempt: int, kind: Kind, parent: str, sub_type: str | None = None
    ) -> dict[str, Any]:
        return {
            "arn": self.arn,
            "at": START + at,
            "operation_id": name or kind.value,
            "kind": kind,
            "name": name,
            "sub_type": sub_type,
            "parent_id": parent or None,
            "attempt": attempt,
        }


def a_map(items: int, name: str = "prices", at: float = 0.0, pace: float = 0.1) -> list[Notice | LogLine]:
    """A map all of whose items begin at once, with a step each; every tenth fails."""
    story = Story()
    told: list[Notice | LogLine] = [story.context(at, name, "Map")]
    for item in range(items):
        told.append(story.context(at, f"item {item}", "MapIteration", name))
        told.append(story.started(at, f"price {item}", parent=f"item {item}"))
    for item in range(items):
        at += pace
        about: dict[str, Any] = {"attempt": 0, "kind": Kind.CONTEXT, "parent": name, "sub_type": "MapIteration"}
        if item % 10 == 9:
            told.append(story.failed(at, f"price {item}", parent=f"item {item}"))
            told.append(story.failed(at, f"item {item}", **about))
        else:
            told.append(story.succeeded(at, f"price {item}", str(item), parent=f"item {item}"))
            told.append(story.left(at, f"item {item}", "MapIteration", str(item), name))
    return told


def a_whole_run() -> list[Notice | LogLine]:
    """A run with a crash, a wait of two hours and a retry."""
    story = Story()
    return [
        story.begun('{"order": 7}'),
        story.invoked(0.0, 1),
        story.started(0.1, "reserve"),
        story.succeeded(0.1, "reserve", '"shelf 4"'),
        story.started(0.1, "pack"),
        story.answered(0.4, error=DIED),
        story.invoked(5.4, 2),
        story.wrote("packing"),
        story.started(5.5, "pack"),
        story.succeeded(5.9, "pack", '{"t":"m","v":{"parcel":1}}'),
        story.waiting(6.0, "pickup", 7200),
        story.answered(6.1, since=5.4),
        story.elapsed(7206.0, "pickup"),
        story.invoked(7206.0, 3),
        story.started(7206.0, "label"),
        story.retrying(7206.2, "label", delay=2),
        story.answered(7206.2, since=7206.0),
        story.invoked(7208.2, 4),
        story.started(7208.2, "label", attempt=2),
        story.succeeded(7208.3, "label", '"LBL"', attempt=2),
        story.answered(7208.4, since=7208.2, status=ExecutionStatus.SUCCEEDED),
        story.finished(7208.4, '{"tracking": "LBL"}'),
    ]
