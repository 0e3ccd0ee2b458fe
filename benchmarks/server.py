"""A small HTTP server on one thread: keep-alive, answers that may come late, TLS, and a distance to the client.

Distance is made up of waiting. A connection is served only after the round trips that making it would have cost, one
for TCP and one for TLS; every answer is held back by one more. All of it happens on the machine itself, so that nothing
but the distance is added.
"""

from __future__ import annotations

import contextlib
import heapq
import selectors
import socket
import ssl
import time
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Connection", "Request", "Server"]

Answer = Callable[["Connection", "Request"], object]
NOTHING_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Request(NamedTuple):
    """What a client asks."""

    method: str
    target: str
    body: bytes
    size: int
    """The bytes of head and body."""


class Connection:
    """One client's connection, and what is read of its next request so far."""

    def __init__(self, sock: socket.socket, answer: Answer, distance: float) -> None:
        self.sock = sock
        self.answer = answer
        self.distance = distance
        self.unread = bytearray()
        self.unsent = b""
        self.encouraged = False
        """Whether a client that asked first was told to send its body."""

    def acknowledge(self) -> None:
        """Tell the client's kernel at once what has come.

        A client that sends head and body apart, and has not switched Nagle's algorithm off, would wait for a delayed
        acknowledgement 40 ms long; on a real network the next packet brings it.
        """
        if hasattr(socket, "TCP_QUICKACK"):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def requests(self) -> list[Request]:
        """The requests that are complete by now."""
        found: list[Request] = []
        while (end := self.unread.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.unread[:end]).decode("latin-1")
            first, *rest = head.split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in rest if ": " in line)
            begin = end + 4
            if headers.get("transfer-encoding") == "chunked":
                body, begin = unchunked(self.unread, begin)
            else:
                length = int(headers.get("content-length", 0))
                body = bytes(self.unread[begin : begin + length]) if len(self.unread) >= begin + length else None
                begin += length
            if body is None:
                break
            del self.unread[:begin]
            method, target, _ = first.split(" ", 2)
            found.append(Request(method, target, body, begin))
        return found


def unchunked(data: bytearray, begin: int) -> tuple[bytes | None, int]:
    """A body that comes in chunks, and where it ends; None while it is not complete."""
    parts: list[bytes] = []
    while (line := data.find(b"\r\n", begin)) >= 0:
        size = int(bytes(data[begin:line]).split(b";")[0], 16)
        begin = line + 2 + size + 2
        if len(data) < begin:
            break
        if size == 0:
            return b"".join(parts), begin
        parts.append(bytes(data[line + 2 : begin - 2]))
    return None, begin


class Server:
    """Any number of addresses, all on 127.0.0.1, served in turns of one loop."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._listening: list[socket.socket] = []
        self._open: set[Connection] = set()

    def listen(self, answer: Answer, tls: ssl.SSLContext | None = None, distance: float = 0.0) -> int:
        """Serve one more address; its port. `distance` is a round trip in seconds."""
        listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        listening.setblocking(False)  # noqa: FBT003  the name of the method says what it sets
        self._listening.append(listening)

        def accept() -> None:
            with contextlib.suppress(BlockingIOError):
                sock, _ = listening.accept()
                sock.setblocking(False)  # noqa: FBT003
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if tls:
                    sock = tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                connection = Connection(sock, answer, distance)
                self._open.add(connection)
                self._later(distance * (2 if tls else 1), lambda: self._watch(connection, selectors.EVENT_READ))

        self._selector.register(listening, selectors.EVENT_READ, accept)
        port: int = listening.getsockname()[1]
        return port

    def send(self, connection: Connection, data: bytes, delay: float = 0.0) -> None:
        """Answer, after this many seconds and what the way back takes."""
        self._later(max(0.0, delay) + connection.distance, lambda: self._write(connection, data))

    def turn(self, most: float) -> None:
        """Do what there is to do; wait for it, at most this long."""
        if self._due:
            # The selector may sleep a millisecond too long: the last one is waited out awake.
            most = min(most, max(0.0, self._due[0][0] - time.perf_counter() - 0.001))
        for key, _ in self._selector.select(most):
            key.data()
        while self._due and self._due[0][0] <= time.perf_counter():
            heapq.heappop(self._due)[2]()

    def hang_up(self) -> None:
        """Close all connections, and forget what was to be sent."""
        self._due.clear()
        for connection in list(self._open):
            self._close(connection)

    def close(self) -> None:
        """End for good."""
        self.hang_up()
        for listening in self._listening:
            self._selector.unregister(listening)
            listening.close()
        self._selector.close()

    def _later(self, delay: float, act: Callable[[], object]) -> None:
        if delay <= 0:
            act()
            return
        self._count += 1
        heapq.heappush(self._due, (time.perf_counter() + delay, self._count, act))

    def _watch(self, connection: Connection, events: int) -> None:
        def serve() -> None:
            if connection.unsent:
                self._write(connection, b"")
            self._read(connection)

        if connection not in self._open:
            return
        if connection.sock in self._selector.get_map():
            self._selector.modify(connection.sock, events, serve)
        else:
            self._selector.register(connection.sock, events, serve)

    def _read(self, connection: Connection) -> None:
        while True:
            try:
                data = connection.sock.recv(1 << 20)
            except NOTHING_YET:
                break
            except OSError:
                data = b""
            if not data:
                self._close(connection)
                return
            connection.unread += data
            if not isinstance(connection.sock, ssl.SSLSocket):
                break
        connection.acknowledge()
        complete = connection.requests()
        if not connection.encouraged and b"\r\nExpect: 100-continue" in connection.unread[:2000]:
            connection.encouraged = True
            self._write(connection, b"HTTP/1.1 100 Continue\r\n\r\n")
        for request in complete:
            connection.encouraged = False
            connection.answer(connection, request)

    def _write(self, connection: Connection, data: bytes) -> None:
        if connection not in self._open:
            return
        had = bool(connection.unsent)
        connection.unsent += data
        try:
            sent = connection.sock.send(connection.unsent)
        except NOTHING_YET:
            sent = 0
        except OSError:
            self._close(connection)
            return
        connection.unsent = connection.unsent[sent:]
        if connection.unsent:
            self._watch(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        elif had:
            self._watch(connection, selectors.EVENT_READ)

    def _close(self, connection: Connection) -> None:
        self._open.discard(connection)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(connection.sock)
        connection.sock.close()
