"""The standard library's `logging`, made aware of replay.

Records of any logger must be silent in replay, also of one with handlers of its own that does not propagate, and of one
made later. A filter cannot promise that: on a logger it sees that logger's records only, on a handler that handler's.
A record factory cannot drop a record, and what it sets collides with the user's `extra`. What every record passes is
`Logger.handle`, so that is wrapped, once: it drops what the scope keeps silent, and stamps the rest with their origin
as plain attributes, which Lambda's, Powertools' and other JSON formatters write as fields.

Formatting is added only where nobody has: a root logger without handlers gets one that writes Lambda's formats. Under
awslambdaric there is one already. What a bare `basicConfig()` left is replaced, because on Lambda it would have found
a handler and done nothing; handlers chosen with care stay.
"""

from __future__ import annotations

import logging
import sys
from functools import cache, wraps

from perdure_runtime.logs.fields import stamp
from perdure_runtime.logs.lines import Entry, rank, rendered
from perdure_runtime.logs.scope import scope_in_force
from perdure_runtime.logs.settings import SETTINGS
from perdure_runtime.logs.sinks import put, sink

_MARK = "_perdure_original"


class LambdaFormatter(logging.Formatter):
    """Lambda's JSON or text, with the record's origin and its `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record as one line."""
        own = _own_names()
        fields = {name: value for name, value in record.__dict__.items() if name not in own and value is not None}
        if record.stack_info:
            fields["stack"] = record.stack_info
        error = record.exc_info[1] if record.exc_info else None
        message = record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage()
        entry = Entry(record.created, record.levelno, message, record.name, fields, error)
        return rendered(entry, one_line=sink().one_line)


class LambdaHandler(logging.Handler):
    """Writes to the sink that the lines of durable loggers go to."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(LambdaFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a failure is `logging`'s to report, never the caller's."""
        try:
            line = self.format(record)
            put(line if line.endswith("\n") else line + "\n", rank(record.levelno))
        except Exception:  # noqa: BLE001  the contract of a handler
            self.handleError(record)


def cover() -> None:
    """Make `logging` replay-aware, and give the root logger a handler if it has none; a second call changes nothing."""
    if not hasattr(logging.Logger.handle, _MARK):
        _wrap_handle()
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if _left_by_basic_config(handler):
            root.removeHandler(handler)
    if not root.handlers:
        root.addHandler(LambdaHandler())
        if SETTINGS.named_level is not None and root.level == logging.WARNING:
            root.setLevel(SETTINGS.named_level)


def uncover() -> None:
    """Give `logging` back as it was."""
    original = getattr(logging.Logger.handle, _MARK, None)
    if original is not None:
        logging.Logger.handle = original  # type: ignore[method-assign]
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, LambdaHandler):
            root.removeHandler(handler)


def _wrap_handle() -> None:
    original = logging.Logger.handle

    @wraps(original)
    def handle(self: logging.Logger, record: logging.LogRecord) -> None:
        scope = scope_in_force()
        if scope is not None and scope.silent:
            return
        stamp(record.__dict__, scope, kept=_own_names())
        original(self, record)

    setattr(handle, _MARK, original)
    logging.Logger.handle = handle  # type: ignore[method-assign]


@cache
def _own_names() -> frozenset[str]:
    """What `logging` itself, its formatters and awslambdaric put on a record; all else is an `extra`."""
    made = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__)
    return made | {"_frame_type", "asctime", "aws_request_id", "message", "taskName", "tenant_id"}


def _left_by_basic_config(handler: logging.Handler) -> bool:
    if type(handler) is not logging.StreamHandler or handler.stream is not sys.stderr:
        return False
    formatter = handler.formatter
    return type(formatter) is logging.Formatter and formatter._fmt == logging.BASIC_FORMAT  # noqa: SLF001
