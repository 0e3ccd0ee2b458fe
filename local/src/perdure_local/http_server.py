"""A loopback HTTP server for one ASGI application, living in the running event loop."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
_GRACE = 1.0
"""Seconds an open request gets when the server stops."""
_POLL = 0.002
_LONGEST_HEAD = 2 * 1024 * 1024
"""Bytes of a request's head: a worker that reports an error puts up to 1 MiB about its cause into a header."""
_KEEP_ALIVE = 24 * 60 * 60
"""A worker's connection may rest for as long as its function sleeps."""


class HttpServer:
    """Serves `app` on 127.0.0.1; port 0 takes a free one, known at once.

    The protocol is uvicorn's. Its `Server` is made for a process of its own: it takes the signals, and looks ten times
    a second whether it is to end.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._config = Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
            h11_max_incomplete_event_size=_LONGEST_HEAD,
        )
        self._config.load()
        self._state = ServerState()
        self._socket = _listen(port)
        self._start: asyncio.Task[asyncio.Server] | None = None

    @property
    def address(self) -> str:
        """`host:port`."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def start(self) -> None:
        """Begin to serve; connections made before this wait in the backlog."""
        self._start = asyncio.create_task(asyncio.get_running_loop().create_server(self._connect, sock=self._socket))

    async def stop(self) -> None:
        """Close the port, and finish what is open, within a short grace."""
        if self._start is not None:
            (await self._start).close()
        self._socket.close()
        for connection in tuple(self._state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        end = loop.time() + _GRACE
        while (self._state.connections or self._state.tasks) and loop.time() < end:  # noqa: ASYNC110 - uvicorn's sets
            await asyncio.sleep(_POLL)
        for task in self._state.tasks:
            task.cancel()
        for connection in tuple(self._state.connections):
            connection.transport.abort()

    def _connect(self) -> asyncio.Protocol:
        return H11Protocol(self._config, self._state, app_state={})


def _listen(port: int) -> socket.socket:
    # The protocol is spelled out because asyncio sets TCP_NODELAY only where it is; without that, each answer waits
    # 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener
