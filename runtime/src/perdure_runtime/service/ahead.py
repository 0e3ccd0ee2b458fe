"""The connection to the service, opened before anybody needs it: during init, while user code is being imported.

A name, a connection and a TLS handshake take a few round trips, and OpenSSL some time to be ready, which the first
checkpoint would wait for. They are made on a thread, since looking up a name blocks. That thread ends with the
handshake. Over plain http there is nothing to gain: a connection to this machine is opened in less time than a thread
is begun.

Nothing that goes wrong here is told of. The first request then opens a connection as if none had been tried, and
reports what becomes of that.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from typing import TYPE_CHECKING

from perdure_runtime.service.connection import CONNECT_TIMEOUT
from perdure_runtime.service.way import Way, way_from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure_runtime.service.connection import Transport

__all__ = ["Ahead", "lend", "lent"]

CHOICE = "PERDURE_CONNECT_AHEAD"
NO = ("0", "false", "no", "off")

_LENT: list[Ahead] = []


class Ahead:
    """At most one connection that nobody has used yet."""

    __slots__ = ("_environ", "_open", "_opening", "_start", "_transport", "_way")

    def __init__(self, environ: Mapping[str, str], start: Callable[..., object] = start_new_thread) -> None:
        """`start` starts a thread."""
        self._environ = environ
        self._start = start
        self._opening = allocate_lock()
        """Held while a connection is being opened."""
        self._way: Way | None = None
        self._open: Callable[[], Transport] | None = None
        self._transport: Transport | None = None

    def begin(self) -> None:
        """Begin to open the connection, where that is worth it and wanted. Returns at once, and raises nothing."""
        way = self._wanted()
        if way is None or self._transport is not None or not self._opening.acquire(blocking=False):
            return
        self._way, self._open = way, way.opener(CONNECT_TIMEOUT)
        try:
            self._start(self._run, (self._open,))
        except RuntimeError:  # there are as many threads as may be
            self._opening.release()

    def opener(self, way: Way) -> tuple[Callable[[], Transport], Callable[[], Transport | None] | None]:
        """What opens connections that way, and what gives the one that was opened ahead, if it leads there."""
        if self._open is None or self._way != way:
            self.close()
            return way.opener(CONNECT_TIMEOUT), None
        return self._open, self.take

    def take(self) -> Transport | None:
        """The connection that was opened ahead, once; waits for one that is being opened."""
        with self._opening:
            transport, self._transport = self._transport, None
        return transport

    def close(self) -> None:
        """Close what nobody took, or have the thread do it that is still opening it."""
        self._open = None
        if self._opening.acquire(blocking=False):
            transport, self._transport = self._transport, None
            self._opening.release()
            if transport is not None:
                transport.close()

    def _wanted(self) -> Way | None:
        if self._environ.get(CHOICE, "").strip().lower() in NO:
            return None
        try:
            way = way_from_environment(self._environ)
        except ValueError:
            return None
        return way if isinstance(way, Way) and way.endpoint.scheme == "https" else None

    def _run(self, open_transport: Callable[[], Transport]) -> None:
        try:
            self._transport = open_transport()
        except Exception:  # noqa: BLE001, S110  whatever it is, the first request meets it again, and tells
            pass
        finally:
            self._opening.release()
        if self._open is None:
            self.close()


def lend(ahead: Ahead) -> None:
    """Let a host use it that is made out of sight: inside somebody's wrapper of the handler."""
    _LENT[:] = [ahead]


def lent() -> Ahead | None:
    """What was lent last."""
    return _LENT[-1] if _LENT else None
