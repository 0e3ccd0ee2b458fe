"""What the environment says about logs: the format, the level, the way out.

`configure` reads it once, in init, and imports nothing for it. structlog and `logging` are met where they are: what is
loaded already is covered at once, what user code imports later is covered the moment its import ends, and what nobody
imports costs nothing.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from perdure_runtime.logs.arrivals import expect
from perdure_runtime.logs.eventual import spare_asyncio

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import TextIO

    from perdure_runtime.codecs.redaction import Redactor
    from perdure_runtime.logs.sinks import Sink

# Lambda's names and Python's, for the numbers of the standard `logging` module (which is not imported for them).
LEVELS = {
    "TRACE": 5,
    "DEBUG": 10,
    "INFO": 20,
    "WARN": 30,
    "WARNING": 30,
    "ERROR": 40,
    "FATAL": 50,
    "CRITICAL": 50,
}
_DEFAULT_LEVEL = LEVELS["INFO"]
_TELEMETRY_FD = "_LAMBDA_TELEMETRY_LOG_FD"
_YES = frozenset({"1", "true", "yes", "on"})


class Settings:
    """How this process writes logs. One object, read at every line, so that a logger made early follows it too."""

    __slots__ = (
        "as_json",
        "clock",
        "configured",
        "level",
        "named_level",
        "show_replays",
        "sink",
        "stream",
        "telemetry_fd",
    )

    def __init__(self) -> None:
        self.configured = False
        self.as_json = False
        self.level = _DEFAULT_LEVEL
        # The level the environment named, if it did: without one, the root logger of `logging` keeps its own, and a
        # text frame carries no level. Both as on the stock runtime.
        self.named_level: int | None = None
        self.show_replays = False
        self.stream: TextIO | None = None
        self.telemetry_fd: int | None = None
        self.clock: Callable[[], float] = time.time
        self.sink: Sink | None = None  # made when the first line is written


class Invocation:
    """The invocation in progress, as far as logs tell of it."""

    __slots__ = ("masks", "request_id", "tenant_id")

    def __init__(self) -> None:
        self.request_id: str | None = None
        self.tenant_id: str | None = None
        self.masks: Redactor | None = None


SETTINGS = Settings()
INVOCATION = Invocation()


def configure(
    environ: MutableMapping[str, str],
    *,
    stream: TextIO | None = None,
    mode_aware: bool | None = None,
    clock: Callable[[], float] = time.time,
) -> None:
    """Read the settings of this process; another call reads them again.

    `stream` takes the place of standard output. `mode_aware=False` shows replayed lines too; None leaves that to
    PERDURE_LOG_REPLAYS. The telemetry descriptor is taken out of `environ`, so that no child process writes to it.
    """
    name = environ.get("AWS_LAMBDA_LOG_LEVEL", "").strip().upper()
    asked = environ.get("PERDURE_LOG_REPLAYS", "").strip().lower() in _YES
    SETTINGS.configured = True
    SETTINGS.as_json = environ.get("AWS_LAMBDA_LOG_FORMAT", "").strip().upper() == "JSON"
    SETTINGS.named_level = LEVELS.get(name)
    SETTINGS.level = LEVELS.get(name, _DEFAULT_LEVEL)
    SETTINGS.show_replays = asked if mode_aware is None else not mode_aware
    SETTINGS.clock = clock
    SETTINGS.stream = stream
    descriptor = environ.pop(_TELEMETRY_FD, "")
    if descriptor.isdecimal():
        SETTINGS.telemetry_fd = int(descriptor)
    SETTINGS.sink = None
    spare_asyncio()
    expect("logging", _cover_logging)
    expect("structlog", _adopt_structlog)


def configure_once(environ: MutableMapping[str, str]) -> None:
    """Read the settings of this process unless that is done; for a host whose loop may have done so."""
    if not SETTINGS.configured:
        configure(environ)


def begin_invocation(request_id: str | None, tenant_id: str | None = None, masks: Redactor | None = None) -> None:
    """Name the invocation whose lines follow, None for none, and what must not be shown in them."""
    INVOCATION.request_id = request_id
    INVOCATION.tenant_id = tenant_id
    INVOCATION.masks = masks
    # User code may have configured structlog anew since the last one.
    if "structlog" in sys.modules:
        _adopt_structlog()


def _cover_logging() -> None:
    from perdure_runtime.logs.standard import cover

    cover()


def _adopt_structlog() -> None:
    from perdure_runtime.logs.adoption import adopt

    adopt()
