"""Who may talk to a service that trusts everyone on this machine.

A page in a browser can send requests to 127.0.0.1, and a name under a stranger's control can resolve to it. So the Host
must be a loopback name, and a request that carries an Origin must carry ours. Nothing else is asked: signatures are not
verified, as whoever can run a program here could read the journal as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_local.ledger.faults import Fault
from perdure_local.replies import reply_fault

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
LARGEST_BODY = 32 * 1024 * 1024


class Guard:
    """ASGI middleware that lets only local callers through, and only bodies of a sane size."""

    def __init__(self, app: ASGIApp, *, largest_body: int = LARGEST_BODY) -> None:
        self._app = app
        self._largest_body = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 403 or 413."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await reply_fault(refusal)(scope, receive, send)
            return
        limited = _LimitedBody(receive, self._largest_body)
        try:
            await self._app(scope, limited, send)
        except _BodyTooLarge:
            await reply_fault(self._too_large())(scope, receive, send)

    def _refusal(self, scope: Scope) -> Fault | None:
        headers = scope["headers"]
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(hosts) != 1 or not is_loopback(hosts[0]):
            return Fault("AccessDeniedException", "This service answers only requests for a loopback host name.")
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
            return Fault("AccessDeniedException", "Requests of other origins are refused.")
        lengths = [value for name, value in headers if name == b"content-length"]
        if any(length.isdigit() and int(length) > self._largest_body for length in lengths):
            return self._too_large()
        return None

    def _too_large(self) -> Fault:
        return Fault("RequestTooLargeException", f"The request's body is larger than {self._largest_body} bytes.")


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine: a loopback name, with or without a port."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, "0"
    return name.lower() in LOOPBACK_NAMES and port.isascii() and port.isdigit()


class _BodyTooLarge(Exception):
    pass


class _LimitedBody:
    """Counts a body whose length was not announced."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _BodyTooLarge
        return message
