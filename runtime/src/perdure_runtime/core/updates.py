"""Updates: what the engine asks the service to record (PROTOCOL 2.2).

Every update repeats the operation's parent, name and subtype, because the service rebuilds the operation from it. Its
words are plain text: a JSON library looks an enum up again, each time it writes one.

Most updates have the same few members, of which only the name and the payload can hold anything that JSON escapes. Such
a one is put together as text, in a quarter of the time that Python's own encoder takes.
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
    "started",
    "succeeded",
    "summarised",
    "wait_started",
    "written",
]

START, SUCCEED, FAIL, RETRY = Action.START.value, Action.SUCCEED.value, Action.FAIL.value, Action.RETRY.value
WORDS = {kind: kind.value for kind in Kind}
SHORT = 4096
"""Characters of a payload up to which the text that is put together costs less."""


def started(identity: Identity) -> dict[str, Any]:
    """The operation begins."""
    return _update(identity, START)


def wait_started(identity: Identity, seconds: int) -> dict[str, Any]:
    """A wait begins; the service counts."""
    return _update(identity, START) | {"WaitOptions": {"WaitSeconds": seconds}}


def callback_started(identity: Identity, timeout: int, heartbeat: int) -> dict[str, Any]:
    """A callback may be completed from now on; 0 stands for no limit."""
    options = {"TimeoutSeconds": timeout, "HeartbeatTimeoutSeconds": heartbeat}
    return _update(identity, START) | {"CallbackOptions": options}


def invoke_started(identity: Identity, function: str, payload: str, tenant_id: str | None) -> dict[str, Any]:
    """Another function is invoked."""
    options = {"FunctionName": function} | ({} if tenant_id is None else {"TenantId": tenant_id})
    return _update(identity, START) | {"Payload": payload, "ChainedInvokeOptions": options}


def succeeded(identity: Identity, payload: str) -> dict[str, Any]:
    """The operation is done."""
    update = _update(identity, SUCCEED)
    update["Payload"] = payload
    return update


def summarised(identity: Identity, summary: str) -> dict[str, Any]:
    """A context is done; its children stand for its result, which is too large to be recorded once more."""
    return _update(identity, SUCCEED) | {"Payload": summary, "ContextOptions": {"ReplayChildren": True}}


def failed(identity: Identity, error: dict[str, Any]) -> dict[str, Any]:
    """The operation failed for good."""
    return _update(identity, FAIL) | {"Error": error}


def retried(identity: Identity, error: dict[str, Any], delay: int) -> dict[str, Any]:
    """This attempt failed; the service says when the next one is due."""
    return _update(identity, RETRY) | {"Error": error, "StepOptions": {"NextAttemptDelaySeconds": delay}}


def polled(identity: Identity, state: str, delay: int) -> dict[str, Any]:
    """A condition does not hold yet; the service keeps the state, and says when to look again."""
    return _update(identity, RETRY) | {"Payload": state, "StepOptions": {"NextAttemptDelaySeconds": delay}}


def execution_succeeded(now: float, payload: str) -> dict[str, Any]:
    """The whole execution is done, with a result too large for the answer; always the last update (PROTOCOL 1.6)."""
    identifier = f"execution-result-{int(now * 1000)}"
    return {"Id": identifier, "Type": WORDS[Kind.EXECUTION], "Action": SUCCEED, "Payload": payload}


def written(update: dict[str, Any]) -> bytes:
    """An update as it travels. Raises TypeError or ValueError where one of its values has no form in JSON."""
    find = update.get
    subtype, payload = find("SubType"), find("Payload")
    if CODE.is_swift or subtype is None or (payload is not None and len(payload) > SHORT):
        return CODE.written(update)
    text = f'{{"Id":"{update["Id"]}","Type":"{update["Type"]}","Action":"{update["Action"]}","SubType":"{subtype}"'
    count = 4
    if (parent := find("ParentId")) is not None:
        text += f',"ParentId":"{parent}"'
        count += 1
    if (name := find("Name")) is not None:
        text += f',"Name":{quoted(name)}'
        count += 1
    if payload is not None:
        text += f',"Payload":{quoted(payload)}'
        count += 1
    if (wait := find("WaitOptions")) is not None:
        text += f',"WaitOptions":{{"WaitSeconds":{wait["WaitSeconds"]}}}'
        count += 1
    return f"{text}}}".encode() if count == len(update) else CODE.written(update)


def _update(identity: Identity, action: str) -> dict[str, Any]:
    operation_id, kind, subtype, name, parent = identity
    update: dict[str, Any] = {"Id": operation_id, "Type": WORDS[kind], "Action": action, "SubType": subtype}
    if parent is not None:
        update["ParentId"] = parent
    if name is not None:
        update["Name"] = name
    return update
