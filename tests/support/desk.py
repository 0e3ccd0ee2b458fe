"""An execution on a desk: the ledger driven by hand, with the token and the time kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from perdure_local.ledger import (
    AWS_LIMITS,
    Answer,
    ErrorObject,
    Execution,
    Failed,
    Fault,
    Limits,
    Operation,
    Returned,
    Spec,
)
from perdure_local.ledger.targets import nowhere

if TYPE_CHECKING:
    from perdure_local.ledger import Event, Resolve

START = 1_767_225_600.0
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:workflow"
ARN = f"{FUNCTION}:$LATEST/durable-execution/order-7/0b1c"
CRASH = Failed(ErrorObject(ErrorType="Runtime.ExitError", ErrorMessage="gone"))


def spec(**fields: Any) -> Spec:
    return Spec(
        **{
            "arn": ARN,
            "function": "workflow",
            "function_arn": f"{FUNCTION}:$LATEST",
            "version": "$LATEST",
            "name": "order-7",
            "payload": '{"orderId":7}',
            "started_at": START,
            **fields,
        }
    )


def update(move: str, name: str = "A", **members: Any) -> dict[str, Any]:
    """An update: `update("STEP RETRY", delay=5)`."""
    kind, action = move.split()
    made: dict[str, Any] = {"Id": name, "Type": kind, "Action": action}
    if "delay" in members:
        made["StepOptions"] = {"NextAttemptDelaySeconds": members.pop("delay")}
    if "seconds" in members:
        made["WaitOptions"] = {"WaitSeconds": members.pop("seconds")}
    if "replay_children" in members:
        made["ContextOptions"] = {"ReplayChildren": members.pop("replay_children")}
    return {**made, **members}


def callback(name: str = "A", **options: int) -> dict[str, Any]:
    """The START of a callback: `callback(TimeoutSeconds=5)`."""
    return update("CALLBACK START", name, CallbackOptions=options)


def chained(function: str, name: str = "A", payload: str | None = None, **options: str) -> dict[str, Any]:
    """The START of a chained invoke: `chained("ship", TenantId="t")`."""
    sent = {} if payload is None else {"Payload": payload}
    return update("CHAINED_INVOKE START", name, ChainedInvokeOptions={"FunctionName": function, **options}, **sent)


class Desk:
    """One execution, its clock and its current token."""

    def __init__(self, limits: Limits = AWS_LIMITS, **fields: Any) -> None:
        self.now = START
        self.execution = Execution.start(spec(**fields), limits)
        self.token = ""
        self.invocations = 0
        self.resolve: Resolve = nowhere
        """Which functions there are for a chained invoke."""

    def begin(self) -> dict[str, Any]:
        """Begin an invocation and return its event."""
        self.invocations += 1
        event = self.execution.begin_invocation(f"i{self.invocations}", self.now).event
        self.token = event["CheckpointToken"]
        return event

    def push(self, *updates: dict[str, Any], client_token: str | None = None) -> dict[str, dict[str, Any]]:
        """Checkpoint and return the operations of the answer, by id in the answer's order."""
        answer = self.execution.checkpoint(self.token, updates, client_token, self.now, resolve=self.resolve)
        self.token = answer.token or ""
        return _by_id(answer)

    def refused(self, *updates: dict[str, Any]) -> str:
        """Return why a batch is refused."""
        before = self.execution.record()
        with pytest.raises(Fault) as refusal:
            self.execution.checkpoint(self.token, updates, None, self.now, resolve=self.resolve)
        assert refusal.value.code == "InvalidParameterValueException"
        assert self.execution.record() == before
        return refusal.value.message

    def finish(self, ending: Failed | dict[str, Any] | bytes) -> None:
        """End the invocation in flight."""
        given = orjson.dumps(ending) if isinstance(ending, dict) else ending
        outcome = Returned(given) if isinstance(given, bytes) else given
        self.execution.finish_invocation(f"i{self.invocations}", outcome, self.now)

    def suspend(self) -> None:
        self.finish({"Status": "PENDING"})

    def pass_time(self, seconds: float) -> None:
        """Move the clock and let happen what is due."""
        self.now += seconds
        self.execution.fire(self.now)

    def operation(self, name: str = "A") -> Operation:
        return next(operation for operation in self.execution.operations if operation.id == name)

    @property
    def events(self) -> list[str]:
        return [event.type for event in self.execution.events]

    @property
    def last(self) -> Event:
        return self.execution.events[-1]


def _by_id(answer: Answer) -> dict[str, dict[str, Any]]:
    return {shown["Id"]: shown for shown in answer.wire()["NewExecutionState"]["Operations"]}
