"""The event and the answer of one invocation (PROTOCOL 1)."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from perdure.errors import MalformedEnvelope
from perdure_runtime.jsoncode import CODE

if TYPE_CHECKING:
    from datetime import datetime

    from perdure_runtime.core.records import Record

__all__ = ["PENDING", "Envelope", "ExecutionFacts", "failed", "is_too_large", "read_envelope", "succeeded"]

LARGEST_ANSWER = 6 * 1024 * 1024 - 50
_REQUIRED = itemgetter("Id"), itemgetter("Type"), itemgetter("Status")
PENDING = b'{"Status":"PENDING"}'


class Envelope:
    """What the service hands over with an invocation."""

    __slots__ = ("arn", "marker", "operations", "size", "token")

    def __init__(self, arn: str, token: str, operations: list[dict[str, Any]], marker: str | None, size: int) -> None:
        self.arn = arn
        self.token = token
        self.operations = operations
        self.marker = marker
        self.size = size
        """Bytes that it came in."""


class ExecutionFacts:
    """Implements `perdure.Execution`."""

    __slots__ = ("_record", "arn")

    def __init__(self, arn: str, record: Record) -> None:
        self.arn = arn
        self._record = record

    @property
    def name(self) -> str:
        """The name the execution was started under."""
        parts = self.arn.rsplit("/", 2)
        return self._record.name or (parts[-2] if len(parts) > 2 else self.arn)  # noqa: PLR2004  …/name/id

    @property
    def started_at(self) -> datetime:
        """When it started, in UTC."""
        from datetime import UTC, datetime

        return datetime.fromtimestamp(self._record.started_at or 0.0, UTC)


def read_envelope(event: bytes) -> Envelope:
    """The envelope in `event`; raises `MalformedEnvelope` for any other event, naming what is missing."""
    try:
        body = CODE.read(event)
    except ValueError as error:
        raise MalformedEnvelope("the body", f"is not JSON ({error})") from None
    if not isinstance(body, dict):
        raise MalformedEnvelope("the body", f"is a JSON {type(body).__name__}, not an object")
    state = body.get("InitialExecutionState")
    if state is None:
        state = {}
    if not isinstance(state, dict):
        raise MalformedEnvelope("InitialExecutionState", "is not an object")
    operations = state.get("Operations") or []
    if not isinstance(operations, list) or not _are_operations(operations):
        raise MalformedEnvelope("InitialExecutionState.Operations", "is not a list of operations")
    return Envelope(
        _text(body, "DurableExecutionArn"),
        _text(body, "CheckpointToken"),
        operations,
        state.get("NextMarker") or None,
        len(event),
    )


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise MalformedEnvelope(field, "is missing" if value is None else "is not a text")
    return value


def _are_operations(values: list[Any]) -> bool:
    try:
        for member in _REQUIRED:
            "".join(map(member, values))  # takes text and nothing else, in half the time of a look at each type
    except (KeyError, TypeError):
        return False
    return True


def succeeded(payload: str) -> bytes:
    """The answer that the execution is done."""
    return CODE.written({"Status": "SUCCEEDED", "Result": payload})


def failed(error: dict[str, Any]) -> bytes:
    """The answer that the execution failed."""
    return CODE.written({"Status": "FAILED", "Error": error})


def is_too_large(payload: str) -> bool:
    """Whether an answer with this result has to be recorded before the invocation ends instead."""
    if len(payload) * 6 + 64 <= LARGEST_ANSWER:  # no character takes more than six bytes once escaped
        return False
    return len(succeeded(payload)) > LARGEST_ANSWER
