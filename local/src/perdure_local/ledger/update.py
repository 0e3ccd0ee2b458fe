"""One `OperationUpdate`, read from the wire and held to the model's own constraints (PROTOCOL 2.2).

What the model says about members is checked here; what the execution's state says is checked in `validation`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from perdure_local.ledger.faults import invalid
from perdure_local.ledger.kinds import Action, ErrorObject, Kind
from perdure_local.ledger.limits import LONGEST_CALLBACK, LONGEST_DELAY, LONGEST_TRACE

if TYPE_CHECKING:
    from collections.abc import Mapping

Choice = TypeVar("Choice", Kind, Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a runtime asks to be recorded about one operation."""

    id: str
    kind: Kind
    action: Action
    parent_id: str | None = None
    name: str | None = None
    sub_type: str | None = None
    payload: str | None = None
    error: ErrorObject | None = None
    replay_children: bool = False
    delay: int | None = None
    """Seconds until the next attempt; None without `StepOptions`."""
    wait_seconds: int | None = None
    callback_timeout: int | None = None
    """Seconds until the callback's end; None for no limit."""
    callback_heartbeat: int | None = None
    """Seconds between two signs of life; None for no limit."""
    invoke: InvokeOptions | None = None

    @property
    def size(self) -> int:
        """Bytes of payload and error, as the execution's budget counts them."""
        return text_bytes(self.payload, self.error)


class InvokeOptions(NamedTuple):
    """Whom a chained invoke calls; what the texts may say is checked with the other rules of the checkpoint."""

    function: str
    tenant_id: str | None = None
    trace_id: str | None = None


def text_bytes(payload: str | None, error: ErrorObject | None) -> int:
    """Return the bytes of a payload and of the fields of an error together."""
    texts = [payload or ""]
    if error is not None:
        texts += [str(error.get(member, "")) for member in ("ErrorMessage", "ErrorType", "ErrorData")]
        texts += error.get("StackTrace", [])
    return sum(len(text.encode()) for text in texts)


_ID = re.compile(r"[a-zA-Z0-9\-_]{1,64}")
_NAME = re.compile(r"[\x20-\x7E]{1,256}")
_SUB_TYPE = re.compile(r"[a-zA-Z0-9\-_]{1,32}")

_TEXTS = (
    ("Id", _ID, "1 to 64 characters of [a-zA-Z0-9-_]"),
    ("ParentId", _ID, "1 to 64 characters of [a-zA-Z0-9-_]"),
    ("Name", _NAME, "1 to 256 printable ASCII characters"),
    ("SubType", _SUB_TYPE, "1 to 32 characters of [a-zA-Z0-9-_]"),
)


def read_update(member: object, index: int) -> Update:
    """Read the update at `index` of a request; refuses what the model does not allow."""
    where = f"Updates[{index}]"
    if not isinstance(member, dict):
        raise invalid(f"{where} must be an object.")
    texts = {key: _text(member, key, pattern, rule, where) for key, pattern, rule in _TEXTS}
    identity = texts["Id"]
    if identity is None:
        raise invalid(f"{where}.Id is required.")
    payload = member.get("Payload")
    if payload is not None and not isinstance(payload, str):
        raise invalid(f"{where}.Payload must be a string.")
    return Update(
        id=identity,
        kind=_choice(Kind, member, "Type", where),
        action=_choice(Action, member, "Action", where),
        parent_id=texts["ParentId"],
        name=texts["Name"],
        sub_type=texts["SubType"],
        payload=payload,
        error=read_error(member.get("Error"), f"{where}.Error"),
        replay_children=_options(member, "ContextOptions", where).get("ReplayChildren") is True,
        delay=_seconds(member, "StepOptions", "NextAttemptDelaySeconds", where),
        wait_seconds=_seconds(member, "WaitOptions", "WaitSeconds", where),
        callback_timeout=_limit(member, "TimeoutSeconds", where),
        callback_heartbeat=_limit(member, "HeartbeatTimeoutSeconds", where),
        invoke=_invoke(member, where),
    )


def read_error(value: object, where: str) -> ErrorObject | None:
    """Read an `ErrorObject`; members the protocol does not know are dropped."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid(f"{where} must be an object.")
    error = ErrorObject()
    for member in ("ErrorMessage", "ErrorType", "ErrorData"):
        text = value.get(member)
        if text is not None:
            if not isinstance(text, str):
                raise invalid(f"{where}.{member} must be a string.")
            error[member] = text
    stack = value.get("StackTrace")
    if stack is not None:
        if not isinstance(stack, list) or not all(isinstance(line, str) for line in stack):
            raise invalid(f"{where}.StackTrace must be a list of strings.")
        error["StackTrace"] = stack
    return error


def _text(member: Mapping[str, Any], key: str, pattern: re.Pattern[str], rule: str, where: str) -> str | None:
    value = member.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise invalid(f"{where}.{key} must be {rule}.")
    return value


def _choice(choices: type[Choice], member: Mapping[str, Any], key: str, where: str) -> Choice:
    value = member.get(key)
    for choice in choices:
        if choice == value:
            return choice
    raise invalid(f"{where}.{key} must be one of {', '.join(choices)}.")


def _options(member: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    options = member.get(key)
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise invalid(f"{where}.{key} must be an object.")
    return options


def _seconds(
    member: Mapping[str, Any], group: str, key: str, where: str, span: tuple[int, int] = (1, LONGEST_DELAY)
) -> int | None:
    value = _options(member, group, where).get(key)
    if value is None:
        return None
    least, most = span
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise invalid(f"{where}.{group}.{key} must be a whole number of seconds from {least} to {most}.")
    return value


def _limit(member: Mapping[str, Any], key: str, where: str) -> int | None:
    # 0 says in so many words what an absent member says: no limit.
    return _seconds(member, "CallbackOptions", key, where, (0, LONGEST_CALLBACK)) or None


def _invoke(member: Mapping[str, Any], where: str) -> InvokeOptions | None:
    group = "ChainedInvokeOptions"
    if member.get(group) is None:
        return None
    options = _options(member, group, where)
    for key in ("FunctionName", "TenantId", "XAmznTraceId"):
        if not isinstance(options.get(key), str | None):
            raise invalid(f"{where}.{group}.{key} must be a string.")
    function, trace = options.get("FunctionName"), options.get("XAmznTraceId")
    if function is None:
        raise invalid(f"{where}.{group}.FunctionName is required.")
    if trace is not None and len(trace) > LONGEST_TRACE:
        raise invalid(f"{where}.{group}.XAmznTraceId must be at most {LONGEST_TRACE} characters.")
    return InvokeOptions(function, options.get("TenantId"), trace)
