"""Who may talk to a service that trusts everyone on this machine.

A page in a browser can send requests to 127.0.0.1, and a name under a stranger's control can resolve to it. So the Host
must be a loopback name, an Origin must be ours, and what the browser says another site asked for, even if only as a
picture, is refused. Where nothing is meant for pages, whatever a browser marks is refused.

Nothing else is asked, and signatures are not verified: every program on this machine is let through, another user's
too. The journal's mode keeps those from the file, but not from what the ports tell and do. Where people who must not
see or change the executions can run programs, the service is not to be used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_local.ledger.faults import Fault
from perdure_local.replies import reply_fault

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
LARGEST_BODY = 32 * 1024 * 1024

_OWN_SITES = frozenset({b"none", b"same-origin"})
"""`Sec-Fetch-Site` of an address that the user typed, and of a page of ours."""
_MARKS_OF_A_BROWSER = (b"sec-fetch-", b"referer", b"origin")
"""Headers that programs do not send."""


class Guard:
    """ASGI middleware that lets only local callers through, and only bodies of a sane size."""

    def __init__(self, app: ASGIApp, *, largest_body: int | None = LARGEST_BODY, serves_pages: bool = True) -> None:
        """Guard `app`; without `largest_body` it has to see to the size of bodies itself."""
        self._app = app
        self._largest_body = largest_body
        self._serves_pages = serves_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 403 or 413."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await reply_fault(refusal)(scope, receive, send)
            return
        if self._largest_body is not None:
            receive = _LimitedBody(receive, self._largest_body)
        try:
            await self._app(scope, receive, send)
        except _BodyTooLarge as fault:
            await reply_fault(fault)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Fault | None:
        headers = scope["headers"]
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(hosts) != 1 or not is_loopback(hosts[0]):
            return Fault("AccessDeniedException", "This service answers only requests for a loopback host name.")
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
            return Fault("AccessDeniedException", "Requests of other origins are refused.")
        if any(name == b"sec-fetch-site" and value not in _OWN_SITES for name, value in headers):
            return Fault("AccessDeniedException", "Requests of other sites are refused.")
        if not self._serves_pages and any(name.startswith(_MARKS_OF_A_BROWSER) for name, _ in headers):
            return Fault("AccessDeniedException", "Requests of browsers are refused.")
        lengths = [value for name, value in headers if name == b"content-length"]
        most = self._largest_body
        if most is not None and any(length.isdigit() and int(length) > most for length in lengths):
            return _BodyTooLarge(most)
        return None


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine: a loopback name, with or without a port."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, "0"
    return name.lower() in LOOPBACK_NAMES and port.isascii() and port.isdigit()


class _BodyTooLarge(Fault):
    """Raised from within the application, which may answer it as any other fault, or not at all."""

    def __init__(self, most: int) -> None:
        super().__init__("RequestTooLargeException", f"The request's body is larger than {most} bytes.")


class _LimitedBody:
    """Counts a body whose length was not announced."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = self._left = most

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _BodyTooLarge(self._most)
        return message
