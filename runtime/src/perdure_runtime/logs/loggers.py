"""The logger of a context and of a step.

Most calls write nothing: they stand in replayed code, or below the level. Those two questions come first and cost two
attributes each.

A log line never fails the work it tells of: arguments that do not fit their format are appended to the message. An
exception here would occur live and not on replay, and send the workflow down two different paths.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from perdure_runtime.logs.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perdure_runtime.logs.scope import LogScope

_DEBUG, _INFO, _WARNING, _ERROR, _CRITICAL = 10, 20, 30, 40, 50


class DurableLogger:
    """A `perdure.Logger` that writes for one scope."""

    __slots__ = ("_bound", "_scope")

    def __init__(self, scope: LogScope, bound: Mapping[str, object] | Iterable[tuple[str, object]] = ()) -> None:
        self._scope = scope
        self._bound = dict(bound) if bound else {}

    def __repr__(self) -> str:
        return f"<DurableLogger {self._scope!r} {self._bound!r}>"

    def debug(self, event: str, *args: object, **fields: object) -> None:
        """Log at DEBUG."""
        if self.isEnabledFor(_DEBUG):
            self._write(_DEBUG, event, args, fields)

    def info(self, event: str, *args: object, **fields: object) -> None:
        """Log at INFO."""
        if self.isEnabledFor(_INFO):
            self._write(_INFO, event, args, fields)

    def warning(self, event: str, *args: object, **fields: object) -> None:
        """Log at WARNING."""
        if self.isEnabledFor(_WARNING):
            self._write(_WARNING, event, args, fields)

    def error(self, event: str, *args: object, **fields: object) -> None:
        """Log at ERROR."""
        if self.isEnabledFor(_ERROR):
            self._write(_ERROR, event, args, fields)

    def critical(self, event: str, *args: object, **fields: object) -> None:
        """Log at CRITICAL."""
        if self.isEnabledFor(_CRITICAL):
            self._write(_CRITICAL, event, args, fields)

    def exception(self, event: str, *args: object, **fields: object) -> None:
        """Log at ERROR with the exception being handled."""
        if self.isEnabledFor(_ERROR):
            fields.setdefault("exc_info", True)
            self._write(_ERROR, event, args, fields)

    def log(self, level: int, event: str, *args: object, **fields: object) -> None:
        """Log at `level`, a number of the standard `logging` module."""
        if self.isEnabledFor(level):
            self._write(level, event, args, fields)

    def bind(self, **fields: object) -> DurableLogger:
        """A logger for the same scope that adds `fields` to every line."""
        return DurableLogger(self._scope, {**self._bound, **fields})

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  the standard library's spelling
        """Whether a line at `level` would be written now."""
        return level >= SETTINGS.level and not self._scope.silent

    def _write(self, level: int, event: str, args: tuple[object, ...], fields: dict[str, object]) -> None:
        from perdure_runtime.logs.events import directly, message

        fields = {**self._bound, **fields}
        # Only structlog knows how to show a stack.
        if "structlog" not in sys.modules and "stack_info" not in fields:
            directly(self._scope, level, message(event, args), fields)
            return
        from perdure_runtime.logs.emission import emit

        emit(self._scope, level, message(event, args), fields)
