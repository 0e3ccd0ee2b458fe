"""What a worker writes, as a person wants to read it.

Workers that are watched log in Lambda's JSON format. A record becomes its message and the fields its writer gave it;
where it comes from is seen from its place. Records in which the engine or the bootstrap tells of a failure that has a
moment of its own say nothing new, and are left out. Whatever is no record was printed, and is shown as it is.
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
        "message",
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
_ENGINE = "perdure"
_TOLD = re.compile(r"attempt \d+ of .* failed[;,]|the execution failed$", re.DOTALL)
"""Messages of the engine about what its caller is told too."""


def said(line: LogLine, at: float) -> Said | None:
    """Return the moment a line makes, if any."""
    record = _record(line.text)
    if record is None:
        return Said(at=at, text=line.text, level=None, stream=line.stream) if line.text.strip() else None
    message = record.get("message")
    if message is None or (record.get("logger") == _ENGINE and "errorType" in record and _TOLD.match(str(message))):
        return None
    fields = " ".join(f"{name}={_value(value)}" for name, value in record.items() if name not in _ORIGIN)
    text = f"{message}  {fields}" if fields else str(message)
    return Said(at=at, text=text, level=str(record["level"]), stream=line.stream)


def _record(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) and {"timestamp", "level"} <= record.keys() else None


def _value(value: object) -> str:
    return value if isinstance(value, str) and value and " " not in value else orjson.dumps(value).decode()
