"""From a durable logger into structlog: imported when the first line is really written.

A line goes the way the user's own `structlog.get_logger()` goes, so that one configuration rules both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

from perdure_runtime.logs.adoption import adopt
from perdure_runtime.logs.lines import rank, text
from perdure_runtime.logs.scope import SCOPE

if TYPE_CHECKING:
    from perdure_runtime.logs.scope import LogScope

_METHODS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}
# Names that structlog's own methods take, so that a field of that name would be a TypeError.
_TAKEN = frozenset({"event", "method_name", "self"})
# Keywords of `logging`'s methods: code written for a standard logger may pass them.
_STANDARD = frozenset({"extra", "stacklevel"})
_NAME = "perdure"


def emit(scope: LogScope, level: int, event: str, fields: dict[str, object]) -> None:
    """Write one line of `scope`, whose level and replay the caller has looked at."""
    adopt()
    extra = fields.get("extra")
    if isinstance(extra, Mapping):
        fields = {**extra, **fields}
    fields = {f"{key}_" if key in _TAKEN else key: value for key, value in fields.items() if key not in _STANDARD}
    fields.setdefault("logger", _NAME)
    # The processors ask the context variable only; a logger that was handed to a thread brings its scope along.
    token = SCOPE.set(scope)
    try:
        getattr(_logger(), _METHODS[rank(level)])(event, **fields)
    finally:
        SCOPE.reset(token)


def message(event: str, args: tuple[object, ...]) -> str:
    """The event with its arguments, as `logging` formats them; arguments that do not fit follow it."""
    if not args:
        return event
    values = args[0] if len(args) == 1 and isinstance(args[0], Mapping) and args[0] else args
    try:
        return event % values
    except Exception:  # noqa: BLE001  the arguments' own code runs here; a log line survives it
        return " ".join([event, *(text(arg) for arg in args)])


def _logger() -> structlog.typing.WrappedLogger:
    # Only a factory of standard loggers is sure to take a name; without one it would use this module's.
    if isinstance(structlog.get_config()["logger_factory"], structlog.stdlib.LoggerFactory):
        return structlog.get_logger(_NAME)
    return structlog.get_logger()
