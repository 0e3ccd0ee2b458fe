"""Updates: what the engine asks the service to record (PROTOCOL 2.2), as they travel.

Every update repeats the operation's parent, name and subtype, because the service rebuilds the operation from it; so an
operation is spelled once, for all that it records. Of what an update says, only texts of the user's can hold anything
that JSON escapes. Hence it is put together as text, in a quarter of the time that a dict and Python's own encoder take.
What may be large, and error objects, are left to the library in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.core.vocabulary import Action, Kind
from perdure_runtime.jsoncode import CODE, quoted

if TYPE_CHECKING:
    from perdure_runtime.core.identity import Identity

__all__ = [
    "callback_started",
    "execution_succeeded",
    "failed",
    "invoke_started",
    "polled",
    "retried",
    "spelled",
    "started",
    "succeeded",
    "summarised",
    "wait_started",
]

WORDS = {kind: kind.value for kind in Kind}
SHORT = 4096
"""Characters of a payload up to which quoting it here costs less than a library."""


def spelled(identity: Identity) -> str:
    """What all updates of an operation say of it: a JSON object that is still open."""
    operation_id, kind, subtype, name, parent = identity
    inside = "" if parent is None else f',"ParentId":"{parent}"'
    named = "" if name is None else f',"Name":{quoted(name)}'
    return f'{{"Id":"{operation_id}","Type":"{WORDS[kind]}","SubType":"{subtype}"{inside}{named}'


def started(operation: str) -> bytes:
    """The operation begins."""
    return f'{operation},"Action":"START"}}'.encode()


def wait_started(operation: str, seconds: int) -> bytes:
    """A wait begins; the service counts."""
    return f'{operation},"Action":"START","WaitOptions":{{"WaitSeconds":{seconds}}}}}'.encode()


def callback_started(operation: str, timeout: int, heartbeat: int) -> bytes:
    """A callback may be completed from now on; 0 stands for no limit."""
    options = f'{{"TimeoutSeconds":{timeout},"HeartbeatTimeoutSeconds":{heartbeat}}}'
    return f'{operation},"Action":"START","CallbackOptions":{options}}}'.encode()


def invoke_started(operation: str, function: str, payload: str, tenant_id: str | None) -> bytes:
    """Another function is invoked."""
    options = {"FunctionName": function} | ({} if tenant_id is None else {"TenantId": tenant_id})
    return _told(operation, "START", ("Payload", payload), ("ChainedInvokeOptions", options))


def succeeded(operation: str, payload: str) -> bytes:
    """The operation is done."""
    if len(payload) > SHORT:
        return _told(operation, "SUCCEED", ("Payload", payload))
    return f'{operation},"Action":"SUCCEED","Payload":{quoted(payload)}}}'.encode()


def summarised(operation: str, summary: str) -> bytes:
    """A context is done; its children stand for its result, which is too large to be recorded once more."""
    return _told(operation, "SUCCEED", ("Payload", summary), ("ContextOptions", {"ReplayChildren": True}))


def failed(operation: str, error: dict[str, Any]) -> bytes:
    """The operation failed for good."""
    return _told(operation, "FAIL", ("Error", error))


def retried(operation: str, error: dict[str, Any], delay: int) -> bytes:
    """This attempt failed; the service says when the next one is due."""
    return _told(operation, "RETRY", ("Error", error), ("StepOptions", {"NextAttemptDelaySeconds": delay}))


def polled(operation: str, state: str, delay: int) -> bytes:
    """A condition does not hold yet; the service keeps the state, and says when to look again."""
    return _told(operation, "RETRY", ("Payload", state), ("StepOptions", {"NextAttemptDelaySeconds": delay}))


def execution_succeeded(now: float, payload: str) -> bytes:
    """The whole execution is done, with a result too large for the answer; always the last update (PROTOCOL 1.6)."""
    identifier = f"execution-result-{int(now * 1000)}"
    return CODE.written(
        {"Id": identifier, "Type": WORDS[Kind.EXECUTION], "Action": Action.SUCCEED.value, "Payload": payload}
    )


def _told(operation: str, action: str, *members: tuple[str, object]) -> bytes:
    """An update with more members, of any size. Raises TypeError or ValueError where one has no form in JSON."""
    parts = [f'{operation},"Action":"{action}"'.encode()]
    for name, value in members:
        parts += (f',"{name}":'.encode(), CODE.written(value))
    return b"".join((*parts, b"}"))
