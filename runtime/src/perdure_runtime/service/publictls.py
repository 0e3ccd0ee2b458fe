"""TLS by Python's `ssl`: what takes the place of `leantls` where that cannot be relied on."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import _socket

    from perdure_runtime.service.connection import Transport


class Context(ssl.SSLContext):
    """What connections have in common: whom they trust, and TLS 1.2 at least."""

    unverified = ssl.SSLCertVerificationError
    """As in `leantls`, like the rest."""

    def __new__(cls) -> Self:
        self = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        self.minimum_version = ssl.TLSVersion.TLSv1_2
        return self

    def opened(self, plain: _socket.socket, host: str, timeout: float) -> Transport:
        """Shake hands over a connected socket, which is taken over, and verify the other side. Raises OSError."""
        wire = socket.socket(fileno=plain.detach())
        try:
            wire.settimeout(timeout)
            # As bytes: text would go through the idna codec.
            return self.wrap_socket(wire, server_hostname=host.encode())
        except BaseException:
            wire.close()
            raise
