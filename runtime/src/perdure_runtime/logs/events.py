"""A line on its way: from what a logger was given to what is written.

Two roads lead here. structlog is one, wherever the process has it: the user's own configuration then holds for all
lines. Where nobody has imported structlog, nobody can have configured it, and the line is written `directly`, as the
chain that stands in for a configuration would write it: importing structlog takes longer than a whole small invocation.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from perdure_runtime.logs.fields import stamp
from perdure_runtime.logs.lines import Entry, rank, rendered, text
from perdure_runtime.logs.settings import SETTINGS
from perdure_runtime.logs.sinks import put, sink

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from perdure_runtime.logs.scope import LogScope

__all__ = ["directly", "message", "prepared", "write"]

# Names that structlog's own methods take, so that a field of that name would be a TypeError.
_TAKEN = frozenset({"event", "method_name", "self"})
# Keywords of `logging`'s methods: code written for a standard logger may pass them.
_STANDARD = frozenset({"extra", "stacklevel"})
_NAME = "perdure"
_OWN = frozenset({"event", "exc_info", "logger"})


def message(event: str, args: tuple[object, ...]) -> str:
    """The event with its arguments, as `logging` formats them; arguments that do not fit follow it."""
    if not args:
        return event
    values = args[0] if len(args) == 1 and isinstance(args[0], Mapping) and args[0] else args
    try:
        return event % values
    except Exception:  # noqa: BLE001  the arguments' own code runs here; a log line survives it
        return " ".join([event, *(text(arg) for arg in args)])


def prepared(fields: dict[str, object]) -> dict[str, object]:
    """The fields of a line by the names that they go under."""
    extra = fields.get("extra")
    if isinstance(extra, Mapping):
        fields = {**extra, **fields}
    fields = {f"{key}_" if key in _TAKEN else key: value for key, value in fields.items() if key not in _STANDARD}
    fields.setdefault("logger", _NAME)
    return fields


def directly(scope: LogScope, level: int, event: str, fields: dict[str, object]) -> None:
    """Write a line without structlog."""
    line = prepared(fields)
    line["event"] = event
    stamp(line, scope)
    write(line, rank(level))


def write(line: MutableMapping[str, object], level: int) -> None:
    """Write what structlog calls an event: Lambda's JSON or text to the sink."""
    name = line.get("logger")
    entry = Entry(
        seconds=SETTINGS.clock(),
        level=level,
        message=line.get("event", ""),
        logger=name if isinstance(name, str) else None,
        fields={key: value for key, value in line.items() if key not in _OWN},
        error=_exception(line.get("exc_info")),
    )
    put(rendered(entry, one_line=sink().one_line), level)


def _exception(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if len(exc_info) > 1 and isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None
