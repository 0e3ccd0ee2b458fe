"""What a worker writes, as a person wants to read it.

Workers that are watched log in Lambda's JSON format. A record becomes its message and the fields its writer gave it;
where it comes from is seen from its place. What structlog's own JSON has is as good: there the message is the `event`.
Records in which the engine or the bootstrap tells of a failure that has a moment of its own say nothing new, and are
left out. Whatever else is no record, or has no form that can be made short, is shown as it was written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from perdure_local.moments import Said

if TYPE_CHECKING:
    from perdure_local.notices import LogLine

_ORIGIN = frozenset(
    {
        "timestamp",
        "level",
        "logger",
        "requestId",
        "tenantId",
        "executionArn",
        "operationId",
        "operationName",
        "attempt",
        "stackTrace",
    }
)
"""Fields of a record that the engine adds."""
_MESSAGES = ("message", "event")
"""Fields that may hold the message: Lambda's JSON, then structlog's."""
_REPORT = frozenset({"errorType", "errorMessage", "stackTrace"})
"""What a record of the bootstrap's has in place of a message."""
_ENGINE = "perdure"
_TOLD = re.compile(r"attempt \d+ of .* failed[;,]|the execution failed$", re.DOTALL)
"""Messages of the engine about what its caller is told too."""


def said(line: LogLine, at: float) -> Said | None:
    """Return the moment a line makes, if any."""
    record = _record(line.text)
    if record is None:
        return _printed(line, at)
    name = next((name for name in _MESSAGES if record.get(name) is not None), None)
    if name is None:
        return None if record.keys() >= _REPORT and record.get("logger", _ENGINE) == _ENGINE else _printed(line, at)
    try:
        message = _message(record[name])
        fields = [f"{key}={_value(value)}" for key, value in record.items() if key not in _ORIGIN and key != name]
    except orjson.JSONEncodeError:  # nested more deeply than it can be written again
        return _printed(line, at)
    if record.get("logger") == _ENGINE and "errorType" in record and _TOLD.match(message):
        return None
    text = f"{message}  {' '.join(fields)}" if fields else message
    return Said(at=at, text=text, level=record["level"].upper(), stream=line.stream)


def _printed(line: LogLine, at: float) -> Said | None:
    return Said(at=at, text=line.text, level=None, stream=line.stream) if line.text.strip() else None


def _record(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    is_record = isinstance(record, dict) and "timestamp" in record and isinstance(record.get("level"), str)
    return record if is_record else None


def _message(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _value(value: object) -> str:
    return value if isinstance(value, str) and value and " " not in value else orjson.dumps(value).decode()
