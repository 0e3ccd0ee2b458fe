"""structlog processors: what makes a chain replay-aware, and the chain used when the user has configured none.

`drop_replayed` and `add_execution` fit into any chain, in that order, at its front:

    structlog.configure(processors=[drop_replayed, add_execution, ..., structlog.processors.JSONRenderer()])

A chain without them gets them by itself when it is first met (see `adoption`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from structlog import DropEvent
from structlog.contextvars import merge_contextvars
from structlog.processors import StackInfoRenderer

from perdure_runtime.logs.events import write
from perdure_runtime.logs.fields import stamp
from perdure_runtime.logs.lines import rank
from perdure_runtime.logs.scope import scope_in_force
from perdure_runtime.logs.settings import LEVELS, SETTINGS

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

# structlog's methods that are no level's name.
_METHODS = {"WARN": 30, "EXCEPTION": 40, "MSG": 20}


def drop_replayed(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Drop what replayed code logs, unless replays are to be shown."""
    scope = scope_in_force()
    if scope is not None and scope.silent:
        raise DropEvent
    return event_dict


def add_execution(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Add the fields of the execution and the operation in progress."""
    stamp(event_dict, scope_in_force())
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
    write(event_dict, rank(_level(method)))
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
