"""TLS by what is behind Python's `ssl`: `_ssl`, which takes a fifth of the time to import.

Python's `ssl` gives names to the constants of `_ssl`, and makes sockets of its connections. A context here is of the
class that those of `ssl` are derived from, with the same settings, and a connection is what is inside the sockets of
`ssl`: certificates, host names, limits of time and errors are the work of `_ssl` in both.

But it is private, and nobody promises that it stays as it is. So `new_context` looks at it first; where it is not as
this module knows it, `publictls` takes its place (ADR 0011).
"""

from __future__ import annotations

import sys
from _socket import socket
from _ssl import CERT_REQUIRED, PROTOCOL_TLS_CLIENT, PROTO_TLSv1_2, SSLCertVerificationError, SSLEOFError, _SSLContext
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from perdure_runtime.service.connection import Transport

    class Speaker(Protocol):
        """A connection of `_ssl`: what is encrypted, over a socket that it does not keep alive."""

        server_hostname: str | None

        def do_handshake(self) -> None: ...
        def read(self, size: int, /) -> bytes: ...
        def write(self, data: memoryview, /) -> int: ...


FIRST_KNOWN, LAST_KNOWN = (3, 11), (3, 13)
"""The versions of CPython whose `ssl` leaves to `_ssl` all that matters here. Read `ssl.py` before one is added."""
_HOST = "host.example"


class Unfit(Exception):
    """The `_ssl` of this Python is not the one that this module was written for."""


class Context(_SSLContext):
    """What connections have in common: whom they trust, and TLS 1.2 at least."""

    unverified = SSLCertVerificationError
    """What `opened` raises for a server that nobody vouches for, or that is another one."""

    def __new__(cls) -> Self:
        self = super().__new__(cls, PROTOCOL_TLS_CLIENT)
        self.minimum_version = PROTO_TLSv1_2
        return self

    def opened(self, plain: socket, host: str, timeout: float) -> Transport:
        """Shake hands over a connected socket, which is taken over, and verify the other side. Raises OSError."""
        wire = _Wire(fileno=plain.detach())
        try:
            wire.settimeout(timeout)
            speaker = _speaker(self, wire, host)
            speaker.do_handshake()
        except BaseException:
            wire.close()
            raise
        return Secured(wire, speaker)


class Secured:
    """A connection by TLS: a `Transport`."""

    __slots__ = ("_speaker", "_wire")

    def __init__(self, wire: _Wire, speaker: Speaker) -> None:
        self._wire = wire
        self._speaker: Speaker | None = speaker

    def recv(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end, be it a farewell or, as with `ssl`, a mere hanging up."""
        try:
            return self._open().read(size)
        except SSLEOFError:
            return b""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""
        speaker, left = self._open(), memoryview(data)
        while left:
            left = left[speaker.write(left) :]

    def settimeout(self, seconds: float | None, /) -> None:
        """Limit the time of each reading and writing from now on; with 0 they never wait."""
        self._wire.settimeout(seconds)

    def fileno(self) -> int:
        """The descriptor of the socket."""
        return self._wire.fileno()

    def close(self) -> None:
        """Close the socket."""
        # What speaks knows the descriptor by its number, which may soon be another connection's.
        self._speaker = None
        self._wire.close()

    def _open(self) -> Speaker:
        if self._speaker is None:
            raise ConnectionError("the connection is closed")
        return self._speaker


class _Wire(socket):
    """A socket that can be referred to weakly, which is how `_ssl` refers to it."""

    __slots__ = ("__weakref__",)


def new_context() -> Context:
    """A context, if `_ssl` is as it is known here; raises an exception of any kind if it is not."""
    if sys.implementation.name != "cpython" or not FIRST_KNOWN <= sys.version_info[:2] <= LAST_KNOWN:
        raise Unfit(sys.version)
    context, wire = Context(), _Wire()
    try:
        speaker = _speaker(context, wire, _HOST)
    finally:
        wire.close()
    found = (context.verify_mode, context.check_hostname, context.minimum_version, speaker.server_hostname)
    if found != (CERT_REQUIRED, True, PROTO_TLSv1_2, _HOST):
        raise Unfit(repr(found))
    if not all(callable(method) for method in (speaker.do_handshake, speaker.read, speaker.write)):
        raise Unfit(repr(speaker))
    return context


def _speaker(context: Any, wire: _Wire, host: str) -> Speaker:  # noqa: ANN401  type checkers are not told what it has
    speaker: Speaker = context._wrap_socket(wire, False, host)  # noqa: FBT003, SLF001  this is not the server's side
    return speaker
