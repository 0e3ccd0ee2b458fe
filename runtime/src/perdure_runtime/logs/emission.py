"""From a durable logger into structlog, where the process has it.

A line goes the way the user's own `structlog.get_logger()` goes, so that one configuration rules both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from perdure_runtime.logs.adoption import adopt
from perdure_runtime.logs.events import prepared
from perdure_runtime.logs.lines import rank
from perdure_runtime.logs.scope import SCOPE

if TYPE_CHECKING:
    from perdure_runtime.logs.scope import LogScope

_METHODS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}
_NAME = "perdure"


def emit(scope: LogScope, level: int, event: str, fields: dict[str, object]) -> None:
    """Write one line of `scope`, whose level and replay the caller has looked at."""
    adopt()
    # The processors ask the context variable only; a logger that was handed to a thread brings its scope along.
    token = SCOPE.set(scope)
    try:
        getattr(_logger(), _METHODS[rank(level)])(event, **prepared(fields))
    finally:
        SCOPE.reset(token)


def _logger() -> structlog.typing.WrappedLogger:
    # Only a factory of standard loggers is sure to take a name; without one it would use this module's.
    if isinstance(structlog.get_config()["logger_factory"], structlog.stdlib.LoggerFactory):
        return structlog.get_logger(_NAME)
    return structlog.get_logger()
