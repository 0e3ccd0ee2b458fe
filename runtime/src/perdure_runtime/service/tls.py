"""TLS to the service: which roots vouch for it, and the opening of a connection.

Loading all the roots of a system takes longer than the whole handshake, and AWS uses a handful. So `roots.pem` (made
by tools/extract_roots.py) is tried first, and the system's store when the certificate does not lead to one of them:
behind a private endpoint, say, or after AWS moved on. Whoever names a bundle (AWS_CA_BUNDLE, SSL_CERT_FILE) gets that
one only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perdure_runtime.service.connection import CONNECT_TIMEOUT, open_plain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

ROOTS = os.path.join(os.path.dirname(__file__), "roots.pem")  # noqa: PTH118, PTH120  pathlib is not on the cold path
# Where Amazon Linux keeps its store; an interpreter built elsewhere does not look there.
_AMAZON_LINUX_STORE = "/etc/pki/tls/certs/ca-bundle.crt"


class Trust:
    """Opens TLS connections, trusting each of its stores in turn until one knows the server."""

    __slots__ = ("_context", "_stores")

    def __init__(self, *stores: Callable[[ssl.SSLContext], object]) -> None:
        self._stores = stores
        self._context: ssl.SSLContext | None = None

    def open(self, host: str, port: int, timeout: float = CONNECT_TIMEOUT) -> ssl.SSLSocket:
        """Connect to `host` and verify that it is the one. Raises OSError, of which ssl.SSLError is one kind."""
        import ssl

        if self._context is None:
            self._context = _context(self._stores[0])
        while True:
            try:
                return _handshake(self._context, host, port, timeout)
            except ssl.SSLCertVerificationError:
                if len(self._stores) == 1:
                    raise
                # What the first store does not know today it will not know at the next connection either.
                self._stores = self._stores[1:]
                self._context = _context(self._stores[0])


def trust_in(bundle: str | None) -> Trust:
    """Trust in a bundle that somebody named; without one, in AWS's roots and then in the system's store."""
    return Trust(_named(ROOTS), _system) if bundle is None else Trust(_named(bundle))


def _named(path: str) -> Callable[[ssl.SSLContext], object]:
    def load(context: ssl.SSLContext) -> None:
        try:
            if os.path.isdir(path):  # noqa: PTH112  as above
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except OSError as error:
            # OpenSSL's own error does not say which file it is about.
            raise ConnectionError(f"cannot load the certificates of {path}: {error}") from error

    return load


def _system(context: ssl.SSLContext) -> None:
    context.load_default_certs()
    if os.path.isfile(_AMAZON_LINUX_STORE):  # noqa: PTH113  as above
        context.load_verify_locations(cafile=_AMAZON_LINUX_STORE)


def _context(load: Callable[[ssl.SSLContext], object]) -> ssl.SSLContext:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load(context)
    return context


def _handshake(context: ssl.SSLContext, host: str, port: int, timeout: float) -> ssl.SSLSocket:
    import socket

    plain = socket.socket(fileno=open_plain(host, port, timeout).detach())
    try:
        plain.settimeout(timeout)
        return context.wrap_socket(plain, server_hostname=host.encode())
    except BaseException:
        plain.close()
        raise
