"""Executions that change hands: functions of the official Python SDK beside ours, over one ledger.

The official SDK runs as it is. In place of a boto3 client it is given a `LedgerClient`, which has the two methods it
calls and answers as boto3 would. A `Run` notes where its invocations ended, and `Run.fork` gives the execution as it
stood at such a place, to be continued by whatever handler.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_durable_execution_sdk_python import BatchResult, durable_execution
from aws_durable_execution_sdk_python.serdes import deserialize
from botocore.exceptions import ClientError

from perdure import ServiceError
from perdure_local.ledger import ErrorObject, Execution, Failed, Kind
from support.hosting import LambdaContext, hosted
from support.ledger_service import START, HandClock, Harness, LedgerService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from perdure_local.ledger.operation import Operation

    Answer = Callable[[bytes], bytes]

AHEAD = START + 100 * 365 * 86_400.0
"""A clock for both: the official SDK looks at the machine's, and nothing recorded is to seem due to it already."""
DIED = ErrorObject(ErrorType="Runtime.ExitError", ErrorMessage="Runtime exited")
LATER = 1_000
"""The number of the first invocation of a fork: beyond all that were before."""
TIMES = frozenset({"StartTimestamp", "EndTimestamp", "NextAttemptTimestamp", "ScheduledEndTimestamp"})


class LedgerClient:
    """What the official SDK calls of a boto3 Lambda client, over a ledger."""

    def __init__(self, service: LedgerService) -> None:
        self._service = service
        self._tokens = itertools.count(1)

    def checkpoint_durable_execution(self, **request: Any) -> dict[str, Any]:
        updates = [json.dumps(update).encode() for update in request["Updates"]]
        client_token = request.get("ClientToken") or f"official-{next(self._tokens)}"
        try:
            done = self._service.checkpoint(
                request["DurableExecutionArn"], request["CheckpointToken"], updates, client_token
            )
        except ServiceError as error:
            raise as_client_error(error) from None
        body = {"NewExecutionState": {"Operations": [parsed(operation) for operation in done.operations]}}
        return body if done.token is None else {**body, "CheckpointToken": done.token}

    def get_durable_execution_state(self, **request: Any) -> dict[str, Any]:
        try:
            page = self._service.get_state(
                request["DurableExecutionArn"], request["CheckpointToken"], request["Marker"], request["MaxItems"]
            )
        except ServiceError as error:
            raise as_client_error(error) from None
        return {"Operations": [parsed(operation) for operation in page.operations], "NextMarker": page.marker}


def as_client_error(error: ServiceError) -> ClientError:
    """The refusal as boto3 raises it."""
    return ClientError(
        {
            "Error": {"Code": error.code, "Message": error.message},
            "ResponseMetadata": {"HTTPStatusCode": error.status or 500},  # type: ignore[typeddict-item]
        },
        error.call,
    )


def parsed(shown: Mapping[str, Any]) -> dict[str, Any]:
    """An operation with its times as boto3 gives them."""
    return {
        member: datetime.fromtimestamp(value, UTC)
        if member in TIMES
        else parsed(value)
        if isinstance(value, dict)
        else value
        for member, value in shown.items()
    }


def official(workflow: Callable[[Any, Any], Any], service: LedgerService) -> Answer:
    """A workflow of the official SDK as a handler of bytes; `workflow` is the bare function."""
    handler = durable_execution(workflow, boto3_client=LedgerClient(service))  # type: ignore[arg-type]

    def answer(event: bytes) -> bytes:
        return json.dumps(handler(json.loads(event), LambdaContext())).encode()  # type: ignore[arg-type]

    return answer


def ours(workflow: Any, service: LedgerService) -> Answer:
    """A workflow of ours as a handler of bytes; code that does not reach all that is recorded fails."""
    return hosted(workflow, service, strict=True).answer


@dataclass(frozen=True)
class Spelling:
    """A workflow in the words of one SDK."""

    host: Callable[[Any, LedgerService], Answer]
    workflow: Any


@dataclass(frozen=True)
class Cut:
    """A place in an execution: how much was recorded by then, and what the clock said."""

    changes: int
    now: float


@dataclass
class Run:
    """An execution under one spelling after the other, driven to its end."""

    service: LedgerService
    answers: Mapping[str, Any]
    """What the world outside says, as the service takes it."""
    cuts: list[Cut] = field(default_factory=list)
    """Where its invocations ended."""

    @classmethod
    def begun(cls, payload: str, answers: Mapping[str, Any]) -> Run:
        return cls(LedgerService(payload, clock=HandClock(AHEAD), answers=answers), answers)

    @property
    def execution(self) -> Execution:
        return self.service.execution

    def under(self, *spellings: Spelling) -> Run:
        """Go on to the end, the spellings taking turns at each invocation."""
        turns = itertools.cycle([spelling.host(spelling.workflow, self.service) for spelling in spellings])

        def answer(event: bytes) -> bytes:
            return next(turns)(event)

        Turns(answer, self.service, self.cuts).run()
        return self

    def fork(self, cut: Cut, edit: Callable[[Operation], Operation] = lambda operation: operation) -> Run:
        """The execution as it stood there, to be continued apart from this one; `edit` rewrites what is recorded.

        An invocation that was under way is lost.
        """
        service = LedgerService(clock=HandClock(cut.now), answers=self.answers)
        service.changes = [
            change._replace(operations=tuple(map(edit, change.operations)))
            for change in self.service.changes[: cut.changes]
        ]
        service._numbers = itertools.count(LATER)
        service.restart()
        service.finish(Failed(DIED))
        return Run(service, self.answers)

    def requests(self) -> Iterator[Cut]:
        """The places at which something was recorded, while an invocation was under way or between two."""
        now = AHEAD
        for number, change in enumerate(self.service.changes[:-1], 1):
            now = max([now, *(event.at for event in change.events)])
            yield Cut(number, now)


class Turns(Harness):
    """A harness that notes where its invocations ended, and has none of them fail."""

    cuts: list[Cut]

    def __init__(self, answer: Answer, service: LedgerService, cuts: list[Cut]) -> None:
        super().__init__(answer, service)
        self.cuts = cuts

    def invoke(self) -> None:
        super().invoke()
        assert isinstance(self.outputs[-1], bytes), f"invocation {len(self.outputs)} raised {self.outputs[-1]!r}"
        self.cuts.append(Cut(len(self.service.changes), self.service.clock.now))


def recorded(execution: Execution) -> dict[str, dict[str, Any]]:
    """What the history holds in the end, by operation, as the official SDK reads it: all but times and stacks."""
    return {operation.id: facts(operation) for operation in execution.operations}


def facts(operation: Operation) -> dict[str, Any]:
    """One operation; of its value, what is independent of how compactly it was written."""
    return {
        "type": operation.kind.value,
        "subtype": operation.sub_type,
        "name": operation.name,
        "parent": operation.parent_id,
        "status": operation.status.value,
        "attempts": operation.attempt,
        "replay children": operation.replay_children,
        "value": value(operation),
        "error": operation.error and operation.error.get("ErrorMessage"),
    }


def value(operation: Operation) -> Any:
    """The value that the official SDK's codec finds in what was recorded; a summary as JSON."""
    text = operation.payload
    if not text or operation.kind not in {Kind.STEP, Kind.CONTEXT}:
        return text
    if operation.replay_children:
        return json.loads(text)
    read: Any = deserialize(None, text, operation.id, "")
    if isinstance(read, BatchResult):
        items = [(item.index, item.status, item.result, item.error and item.error.message) for item in read.all]
        return read.completion_reason, items
    return read
