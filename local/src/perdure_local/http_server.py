"""A loopback HTTP server for one ASGI application, living in the running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
_GRACE = 1
"""Seconds an open request gets when the server stops."""
_KEEP_ALIVE = 24 * 60 * 60
"""A worker's connection may rest for as long as its function sleeps."""


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: signals belong to whoever owns the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves `app` on 127.0.0.1; port 0 takes a free one, known at once."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self._socket = _listen(port)
        self._server = _Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """`host:port`."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def start(self) -> None:
        """Begin to serve; connections made before this wait in the backlog."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))

    async def stop(self) -> None:
        """Finish what is open, within a short grace, and close the port."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()


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
