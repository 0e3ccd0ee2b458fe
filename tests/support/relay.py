"""A relay on 127.0.0.1 between an HTTP client and a server, for what goes wrong on the way.

It takes one message at a time off each connection and passes it on, by way of a `Meddler`, who may change it, do
something at that very moment, or let it get lost.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 65_536


class Message(NamedTuple):
    """A request or an answer; bodies are framed by their length."""

    start: str
    headers: dict[str, str]
    """By names in lower case."""
    body: bytes

    @property
    def wire(self) -> bytes:
        fields = {**self.headers, "content-length": str(len(self.body))}
        lines = [self.start, *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


class Meddler(Protocol):
    """Who sees what passes; what a method returns goes on, None ends the connection there and then."""

    def asked(self, request: Message) -> Message | None: ...

    def answered(self, request: Message, answer: Message) -> Message | None: ...


class Honest:
    """Changes nothing."""

    def asked(self, request: Message) -> Message | None:
        return request

    def answered(self, request: Message, answer: Message) -> Message | None:
        return answer


class Relay:
    """Passes messages on to the server at `target`, a URL, while the `with` block lasts."""

    def __init__(self, target: str, meddler: Meddler) -> None:
        parts = urlsplit(target)
        assert parts.hostname
        assert parts.port
        self._target = (parts.hostname, parts.port)
        self._meddler = meddler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        listener, self._listener = self._listener, None
        with suppress(OSError):  # ends a pending accept
            socket.create_connection(listener.getsockname()).close()
        for open_socket in tuple(self._open):
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        listener.close()
        if self._failure is not None and error is None:
            raise self._failure

    def _start(self, work, *arguments) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        listener = self._listener
        while True:
            client, _ = listener.accept()
            if self._listener is None:
                client.close()
                return
            self._start(self._pass_on, client)

    def _pass_on(self, client: socket.socket) -> None:
        server = socket.create_connection(self._target)
        self._open |= {client, server}
        try:
            while self._exchange(client, server):
                pass
        except OSError:
            pass  # one side is gone, so the other side goes too
        except BaseException as error:  # noqa: BLE001  raised again by the test's own thread
            self._failure = self._failure or error
        finally:
            self._open -= {client, server}
            client.close()
            server.close()

    def _exchange(self, client: socket.socket, server: socket.socket) -> bool:
        request = _read(client)
        if request is None or (passed := self._meddler.asked(request)) is None:
            return False
        server.sendall(passed.wire)
        answer = _read(server)
        if answer is None or (answer := self._meddler.answered(passed, answer)) is None:
            return False
        client.sendall(answer.wire)
        return True


def _read(source: socket.socket) -> Message | None:
    """One whole message; None where the connection ends."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = source.recv(_CHUNK)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        piece = source.recv(_CHUNK)
        if not piece:
            return None
        body += piece
    return Message(start, headers, body)
