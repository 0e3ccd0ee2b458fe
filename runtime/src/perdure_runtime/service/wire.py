"""The two calls as they stand on the wire: paths, queries, bodies, answers (PROTOCOL 1.3 and 4.1).

An update reaches this module as the bytes it was encoded to once; a body is those bytes joined, never parsed again.
Answers keep the wire's shape, timestamps in epoch seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.jsoncode import CODE
from perdure_runtime.service.percent import percent_encoded
from perdure_runtime.service.protocol import Checkpointed, StatePage
from perdure_runtime.unread import Unread, cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHECKPOINT = "CheckpointDurableExecution"
GET_STATE = "GetDurableExecutionState"
SHORT = 1024
"""Bytes of an answer up to which there is nothing to be gained by cutting it apart."""


class MalformedAnswer(ValueError):
    """An answer that claims success and is not what the service's model says."""


def execution_path(arn: str) -> str:
    """The path of an execution; its calls stand below it. Every reserved character of the ARN is encoded, `/` too."""
    return f"/2025-12-01/durable-executions/{percent_encoded(arn)}"


def state_query(token: str, marker: str, limit: int) -> str:
    """The query of GetDurableExecutionState."""
    return f"CheckpointToken={percent_encoded(token)}&Marker={percent_encoded(marker)}&MaxItems={limit}"


def checkpoint_body(token: str, updates: Sequence[bytes], client_token: str) -> bytes:
    """The body of CheckpointDurableExecution, from updates that are JSON already."""
    head = b'{"CheckpointToken":%b,"Updates":[' % CODE.written(token)
    tail = b'],"ClientToken":%b}' % CODE.written(client_token)
    # What is large is copied once: a single update by itself, many at once, with the frame at both ends.
    if len(updates) <= 1:
        return b"".join((head, *updates, tail))
    first, *others, last = updates
    return b",".join((head + first, *others, last + tail))


def checkpointed(body: bytes) -> Checkpointed:
    """Read the answer to CheckpointDurableExecution. Raises `MalformedAnswer`."""
    if len(body) > SHORT and (answer := _unread(body)) is not None:
        return answer
    return _checkpointed(_object(body))


def state_page(body: bytes) -> StatePage:
    """Read the answer to GetDurableExecutionState. Raises `MalformedAnswer`."""
    answer = _object(body)
    return StatePage(_operations(answer), _marker(answer), len(body))


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The error code and message of an answer that is not a success; `headers` have lower-case names.

    The header decides before the body, and the body's `Type` (`User`, `Service`) is no code (PROTOCOL 9.10).
    """
    try:
        answer = _object(body)
    except MalformedAnswer:
        answer = {}
    found = (headers.get("x-amzn-errortype"), *(answer.get(name) for name in ("code", "Code", "__type")))
    code = next((name for name in found if name and isinstance(name, str)), str(status))
    said = (answer.get(name) for name in ("message", "Message"))
    message = next((text for text in said if text and isinstance(text, str)), "")
    return code.partition(":")[0].rpartition("#")[2], message


def _checkpointed(answer: dict[str, Any], unread: Unread | None = None) -> Checkpointed:
    state = _member(answer, "NewExecutionState", dict) or {}
    operations = _operations(state) if unread is None else unread
    return Checkpointed(_member(answer, "CheckpointToken", str) or None, operations, _marker(state))


def _unread(body: bytes) -> Checkpointed | None:
    """The answer with its operations unread, where they can be told apart without that."""
    try:
        parts = cut(body)
    except ValueError as error:
        raise MalformedAnswer(f"the answer is not JSON: {error}") from None
    if parts is None:
        return None
    frame, ids, texts = parts
    answer = _object(frame)
    state = answer.get("NewExecutionState")
    operations = state.get("Operations") if isinstance(state, dict) else None
    if not isinstance(operations, list) or len(operations) != 1:  # what was cut apart stood elsewhere
        return None
    return _checkpointed(answer, Unread(ids, texts, operations))


def _object(body: bytes | str) -> dict[str, Any]:
    try:
        answer = CODE.read(body)
    except ValueError as error:
        raise MalformedAnswer(f"the answer is not JSON: {error}") from None
    if not isinstance(answer, dict):
        raise MalformedAnswer(f"the answer is {type(answer).__name__}, not an object")
    return answer


def _member(answer: dict[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401  of `kind`, or None
    value = answer.get(name)
    if value is not None and not isinstance(value, kind):
        raise MalformedAnswer(f"{name} is {type(value).__name__}, not {kind.__name__}")
    return value


def _operations(state: dict[str, Any]) -> list[dict[str, Any]]:
    operations: list[dict[str, Any]] = _member(state, "Operations", list) or []
    if odd := set(map(type, operations)) - {dict}:
        raise MalformedAnswer(f"an operation is {odd.pop().__name__}, not an object")
    return operations


def _marker(state: dict[str, Any]) -> str | None:
    marker: str | None = _member(state, "NextMarker", str)
    return marker or None
