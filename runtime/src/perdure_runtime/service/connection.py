"""One kept-alive HTTP/1.1 connection, and how it is opened.

A connection serves one request at a time and outlives invocations, so it may have died while the sandbox was frozen.
Two rules deal with that. Before it is used again it is looked at: a server that closed it, or said something nobody
asked for, is not spoken to. If it dies all the same before a byte of the answer arrived, `exchange` raises `Stale`:
the one case in which the caller repeats the request at once. A connection opened for the request never raises it, so
that happens once.

An exchange has two halves, `send` and `receive`, between which the caller may do something else: what it will need
next is then on its way. An answer that was asked for and never read is not left to the next request.

The socket is `_socket`'s own: the module `socket` around it takes 5 ms to import and adds nothing that is used here.
"""

from __future__ import annotations

import _socket
import select
from typing import TYPE_CHECKING, Any, Protocol

from perdure_runtime.service.reply import BODY_LIMIT, Incoming, Reply, read_reply

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 50.0
_LARGE = 64 * 1024
"""From so many bytes on, a body is sent by itself: a second write costs less than another copy of it."""


class Stale(ConnectionError):
    """A connection that was open before the request was found dead before any of the answer arrived."""


if TYPE_CHECKING:

    class Transport(Protocol):
        """What a connection needs of a socket, plain or TLS."""

        def sendall(self, data: bytes, /) -> None: ...
        def recv(self, size: int, /) -> bytes: ...
        def settimeout(self, seconds: float | None, /) -> None: ...
        def fileno(self) -> int: ...
        def close(self) -> None: ...


def open_plain(host: str, port: int, timeout: float = CONNECT_TIMEOUT) -> _socket.socket:
    """Open a TCP connection to the first address of `host` that answers. Raises OSError."""
    failure = OSError(f"{host} has no address")
    # As bytes, here and in `tls`: text would go through the idna codec, whose import takes longer than the connection.
    for family, kind, protocol, _, address in _socket.getaddrinfo(host.encode(), port, 0, _socket.SOCK_STREAM):
        try:
            return _dialled(_socket.socket(family, kind, protocol), address, timeout)
        except OSError as error:
            failure = error
    raise failure


def _dialled(sock: _socket.socket, address: Any, timeout: float) -> _socket.socket:  # noqa: ANN401  each family has its own
    try:
        sock.settimeout(timeout)
        sock.connect(address)
        # A request is one write: waiting to fill a segment would only add the peer's delayed acknowledgement.
        sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


class Connection:
    """A connection to one place, opened when first needed and again when it was lost."""

    __slots__ = (
        "_body_limit",
        "_early",
        "_incoming",
        "_is_new",
        "_open",
        "_poll",
        "_read_timeout",
        "_sent_whole",
        "_served",
        "_transport",
    )

    def __init__(
        self,
        open_transport: Callable[[], Transport],
        *,
        early: Callable[[], Transport | None] | None = None,
        read_timeout: float | None = READ_TIMEOUT,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._open = open_transport
        self._early = early
        """Gives a transport that was opened ahead of need, if there is one; asked before any is opened."""
        self._read_timeout = read_timeout
        self._body_limit = body_limit
        self._transport: Transport | None = None
        self._poll = select.poll()
        """Of the transport, if there is one."""
        self._served = 0
        self._incoming: Incoming | None = None
        """The answer that has been asked for and not been read."""
        self._is_new = False
        self._sent_whole = False

    def __repr__(self) -> str:
        state = "closed" if self._transport is None else f"open, {self._served} served"
        return f"<Connection {state}>"

    def connect(self) -> None:
        """Open the connection unless it is open; may be called ahead of the first request. Raises OSError."""
        if self._transport is None and self._take_early() is None:
            self._hold(self._open())

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        transport, self._transport, self._poll, self._incoming = self._transport, None, select.poll(), None
        if transport is not None:
            transport.close()

    def exchange(self, head: bytes, body: bytes = b"", wait_for: Callable[[int], object] | None = None) -> Reply:
        """Send a request and read its answer. Raises `Stale`, or any other OSError, with the connection closed.

        `wait_for` waits in between, until the socket of a descriptor can be read.
        """
        self.send(head, body)
        if wait_for is not None and self._transport is not None:
            wait_for(self._transport.fileno())
        return self.receive()

    def send(self, head: bytes, body: bytes = b"") -> None:
        """Send a request, whose answer `receive` reads. Raises as `exchange` does."""
        transport = self._take_early() if self._transport is None else self._transport
        if transport is not None and (
            self._incoming is not None or (self._poll.poll(0) and self._has_spoken(transport))
        ):
            self.close()
            transport = None
        self._is_new = transport is None
        if transport is None:
            transport = self._hold(self._open())
        # From here on: a request that was sent in part must not be followed by another.
        self._incoming = Incoming(transport.recv)
        self._served += 1
        try:
            self._sent_whole = _send(transport, head, body)
        except OSError as error:
            self.close()
            if not self._is_new and not isinstance(error, TimeoutError):
                raise Stale(str(error)) from error
            raise

    def receive(self) -> Reply:
        """Read the answer to what was sent. Raises as `exchange` does."""
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            raise Stale("the connection was closed before the answer was read")
        reusable = False
        try:
            reply = read_reply(incoming, body_limit=self._body_limit)
            reusable = reply.reusable and self._sent_whole
        except TimeoutError:
            # The server may be at work on it: not the mark of a dead connection.
            raise
        except OSError as error:
            if not self._is_new and not incoming.heard:
                raise Stale(str(error)) from error
            raise
        finally:
            # An answer cut short, by whatever, must not be read as the answer to the next request.
            if not reusable:
                self.close()
        return reply

    def _take_early(self) -> Transport | None:
        transport = None if self._early is None else self._early()
        return None if transport is None else self._hold(transport)

    def _hold(self, transport: Transport) -> Transport:
        transport.settimeout(self._read_timeout)
        self._poll = select.poll()
        self._poll.register(transport.fileno(), select.POLLIN)
        self._transport = transport
        self._served = 0
        return transport

    def _has_spoken(self, transport: Transport) -> bool:
        """Whether what there is to read means that the server closed an idle connection, or spoke unasked."""
        try:
            transport.settimeout(0)
            transport.recv(1)
        except OSError as error:
            # TLS hands out session tickets after the handshake: bytes on the wire that are no data. By its name, since
            # a plain connection has no reason to import ssl.
            heard = type(error).__name__ not in {"SSLWantReadError", "BlockingIOError"}
        else:
            heard = True
        if not heard:
            transport.settimeout(self._read_timeout)
        return heard


def _send(transport: Transport, head: bytes, body: bytes) -> bool:
    """Send a request; False if the server hung up before it had all of it, perhaps after saying why."""
    try:
        if len(body) < _LARGE:
            transport.sendall(head + body)
        else:
            transport.sendall(head)
            transport.sendall(body)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True
