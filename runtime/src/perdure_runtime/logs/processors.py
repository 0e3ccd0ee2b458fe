"""structlog processors: what makes a chain replay-aware, and the chain used when the user has configured none.

`drop_replayed` and `add_execution` fit into any chain, in that order, at its front:

    structlog.configure(processors=[drop_replayed, add_execution, ..., structlog.processors.JSONRenderer()])

A chain without them gets them by itself when it is first met (see `adoption`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

from structlog import DropEvent
from structlog.contextvars import merge_contextvars
from structlog.processors import StackInfoRenderer

from perdure_runtime.logs.fields import stamp
from perdure_runtime.logs.lines import Entry, rank, rendered
from perdure_runtime.logs.scope import SCOPE
from perdure_runtime.logs.settings import LEVELS, SETTINGS
from perdure_runtime.logs.sinks import put, sink

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

# structlog's methods that are no level's name.
_METHODS = {"WARN": 30, "EXCEPTION": 40, "MSG": 20}


def drop_replayed(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Drop what replayed code logs, unless replays are to be shown."""
    scope = SCOPE.get(None)
    if scope is not None and scope.silent:
        raise DropEvent
    return event_dict


def add_execution(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Add the fields of the execution and the operation in progress."""
    stamp(event_dict, SCOPE.get(None))
    return event_dict


def drop_quiet(_logger: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
    """Drop what lies below the level that the environment names."""
    if _level(method) < SETTINGS.level:
        raise DropEvent
    return event_dict


def write_line(_logger: WrappedLogger, method: str, event_dict: EventDict) -> NoReturn:
    """Write Lambda's JSON or text to the sink, and end the chain.

    The end of a chain is usually left to a logger that the configuration makes. This one must write even where the user
    has configured a logger and no processors, and needs the level for a frame, so it writes and drops the event.
    """
    level = rank(_level(method))
    fields = {key: value for key, value in event_dict.items() if key not in {"event", "exc_info", "logger"}}
    name = event_dict.get("logger")
    entry = Entry(
        seconds=SETTINGS.clock(),
        level=level,
        message=event_dict.get("event", ""),
        logger=name if isinstance(name, str) else None,
        fields=fields,
        error=_exception(event_dict.get("exc_info")),
    )
    put(rendered(entry, one_line=sink().one_line), level)
    raise DropEvent


# Replay and level first: what is dropped should cost nothing.
CHAIN: list[Processor] = [
    drop_replayed,
    drop_quiet,
    merge_contextvars,
    add_execution,
    StackInfoRenderer(additional_ignores=["perdure_runtime"]),
    write_line,
]


def _level(method: str) -> int:
    name = method.upper()
    return LEVELS.get(name) or _METHODS.get(name, LEVELS["INFO"])


def _exception(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if len(exc_info) > 1 and isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None
