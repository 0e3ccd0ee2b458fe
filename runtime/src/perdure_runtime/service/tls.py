"""TLS to the service: which roots vouch for it, and the opening of a connection.

Loading all the roots of a system takes longer than the whole handshake, and AWS uses a handful. So those in `roots`
(made by tools/extract_roots.py) are tried first, and the system's store when the certificate does not lead to one of
them: behind a private endpoint, say, or after AWS moved on. Whoever names a bundle (AWS_CA_BUNDLE, SSL_CERT_FILE) gets
that one only.

`roots` is a folder, since OpenSSL reads in one only the file that it needs. To read all five takes longer than to shake
hands.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from perdure_runtime.service.connection import CONNECT_TIMEOUT, open_plain

if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable

    from perdure_runtime.service.connection import Transport

    class Context(Protocol):
        """What a connection is opened with: `leantls` has one, and `publictls`."""

        @property
        def unverified(self) -> type[OSError]: ...

        def load_verify_locations(self, cafile: str | None = None, capath: str | None = None) -> None: ...
        def set_default_verify_paths(self) -> None: ...
        def opened(self, plain: _socket.socket, host: str, timeout: float) -> Transport: ...


ROOTS = os.path.join(os.path.dirname(__file__), "roots")  # noqa: PTH118, PTH120  pathlib is not on the cold path
# Where Amazon Linux keeps its store; an interpreter built elsewhere does not look there.
_AMAZON_LINUX_STORE = "/etc/pki/tls/certs/ca-bundle.crt"


class Trust:
    """Opens TLS connections, trusting each of its stores in turn until one knows the server."""

    __slots__ = ("_context", "_stores")

    def __init__(self, *stores: Callable[[Context], object]) -> None:
        self._stores = stores
        self._context: Context | None = None

    def open(self, host: str, port: int, timeout: float = CONNECT_TIMEOUT) -> Transport:
        """Connect to `host` and verify that it is the one. Raises OSError, of which ssl.SSLError is one kind."""
        if self._context is None:
            self._context = _trusting(self._stores[0])
        while True:
            context = self._context
            try:
                return context.opened(open_plain(host, port, timeout), host, timeout)
            except context.unverified:
                if len(self._stores) == 1:
                    raise
                # What the first store does not know today it will not know at the next connection either.
                self._stores = self._stores[1:]
                self._context = _trusting(self._stores[0])


def trust_in(bundle: str | None) -> Trust:
    """Trust in a bundle that somebody named; without one, in AWS's roots and then in the system's store."""
    return Trust(_named(ROOTS), _system) if bundle is None else Trust(_named(bundle))


def _named(path: str) -> Callable[[Context], object]:
    def load(context: Context) -> None:
        try:
            if os.path.isdir(path):  # noqa: PTH112  as above
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except OSError as error:
            # OpenSSL's own error does not say which file it is about.
            raise ConnectionError(f"cannot load the certificates of {path}: {error}") from error

    return load


def _system(context: Context) -> None:
    context.set_default_verify_paths()
    if os.path.isfile(_AMAZON_LINUX_STORE):  # noqa: PTH113  as above
        context.load_verify_locations(cafile=_AMAZON_LINUX_STORE)


def _trusting(load: Callable[[Context], object]) -> Context:
    context = _new_context()
    load(context)
    return context


def _new_context() -> Context:
    """A context of `leantls` where this Python's `_ssl` allows it, whether user code has imported `ssl` or not."""
    try:
        from perdure_runtime.service import leantls

        return leantls.new_context()
    except Exception:  # noqa: BLE001  whatever is the matter with it: `ssl` is promised to work
        from perdure_runtime.service import publictls

        return publictls.Context()
