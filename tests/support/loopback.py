"""A real HTTP server on 127.0.0.1 that answers by script, one connection after the other.

Each connection is a list of moves, one for each request it reads: bytes to send, or what to do instead. What arrived
stands in `requests`. A connection whose moves are used up waits for the client to close it.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Sequence


class Move(Enum):
    """What the server does instead of answering, or after it."""

    HANG_UP = "close the connection"
    RESET = "drop the connection"
    STAY_SILENT = "wait until the client gives up"


class Request(NamedTuple):
    """A request as it arrived."""

    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


class Last(NamedTuple):
    """Bytes to send, after which the server ends the connection."""

    data: bytes
    end: Move = Move.HANG_UP


class Refusal(NamedTuple):
    """Bytes to send as soon as the head of a request is there, after which the server drops the rest of it."""

    data: bytes


Step = bytes | Last | Refusal | Move


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """An HTTP answer with a Content-Length; underscores in header names stand for hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body


class Loopback:
    """Serves the scripted connections while the `with` block lasts."""

    def __init__(self, *connections: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.accepted = 0
        self._changed = threading.Condition()
        self._ends = 0
        self._made = 0
        self._connections = connections
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._current: socket.socket | None = None
        self._closing = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="loopback")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        current = self._current
        if current is not None:
            with suppress(OSError):  # it may have ended by itself
                current.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):  # ends a pending accept
            socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()
        if self._failure is not None:
            raise self._failure

    def await_end(self, connections: int) -> None:
        """Wait until the server has closed that many connections."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ends >= connections, timeout=10)

    def await_requests(self, count: int) -> None:
        """Wait until that many requests have arrived."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, timeout=10)

    def await_connections(self, count: int) -> None:
        """Wait until that many connections have been made, handshake and all."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._made >= count, timeout=10)

    def _serve(self) -> None:
        try:
            for number, moves in enumerate(self._connections):
                sock, _ = self._listener.accept()
                if self._closing:
                    sock.close()
                    return
                self.accepted += 1
                self._converse(number, sock, moves)
                with self._changed:
                    self._ends += 1
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001  raised again by the test's own thread
            self._failure = error

    def _converse(self, number: int, sock: socket.socket, moves: Sequence[Step]) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_side=True)
            except OSError:
                sock.close()  # the client did not trust the certificate
                return
        self._current = sock
        with self._changed:
            self._made += 1
            self._changed.notify_all()
        try:
            for move in moves:
                if not self._read(number, sock, move):
                    return
                if isinstance(move, Move):
                    _leave(sock, move)
                    return
                sock.sendall(move if isinstance(move, bytes) else move.data)
                if not isinstance(move, bytes):
                    _leave(sock, Move.HANG_UP if isinstance(move, Refusal) else move.end)
                    return
            _drain(sock)
        except OSError:
            if not self._closing:
                return  # the client closed first: it has its own view of what that means
        finally:
            self._current = None
            sock.close()

    def _read(self, number: int, sock: socket.socket, move: Step) -> bool:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return False
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        while not isinstance(move, Refusal) and len(body) < int(headers.get("Content-Length", "0")):
            body += sock.recv(65536)
        with self._changed:
            self.requests.append(Request(number, line, headers, body))
            self._changed.notify_all()
        return True


def _leave(sock: socket.socket, move: Move) -> None:
    if move is Move.RESET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif move is Move.STAY_SILENT:
        _drain(sock)


def _drain(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass
