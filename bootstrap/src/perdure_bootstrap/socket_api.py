"""Perdure's own client of the Runtime API: one kept-alive connection, never through a proxy, no time limit on `next`.

`next` waits on the thread that called it, which is the main one, and needs no polling thread: given a `Wakeup`, it lets
Python's signal handlers run while it waits. Reading and writing both leave the interpreter to other threads.

A kept-alive connection may have died while the sandbox was frozen. The exchange that finds it dead is made once more on
a new one; an answer that did arrive the first time is then refused by its id, which the loop takes in its stride.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from perdure_bootstrap.address import opener
from perdure_bootstrap.runtime_api import Invocation, RuntimeApiError
from perdure_runtime.service.connection import Connection, Stale

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_bootstrap.reports import Report
    from perdure_bootstrap.wakeup import Wakeup
    from perdure_runtime.service.connection import Transport
    from perdure_runtime.service.reply import Reply

__all__ = ["SocketRuntimeApi"]

PREFIX = "/2018-06-01/runtime"
INVOCATION_ID = "Lambda-Runtime-Invocation-Id"
LONGEST_CAUSE = 1 << 20
"""An X-Ray cause must be shorter than this, in bytes; a longer one is left out."""


class SocketRuntimeApi:
    """The Runtime API over a plain socket."""

    def __init__(
        self, address: str, wakeup: Wakeup | None = None, open_transport: Callable[[], Transport] | None = None
    ) -> None:
        """`open_transport` opens connections in another way than to `address`."""
        # No time limit: `next` lasts until there is something to do, and the sandbox may be frozen meanwhile.
        self._connection = Connection(open_transport or opener(address), read_timeout=None)
        self._wakeup = wakeup
        agent = f"perdure-bootstrap python/{'.'.join(map(str, sys.version_info[:3]))}"
        self._common = f" HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {agent}\r\n"

    def next(self) -> Invocation:
        """Wait for the next invocation."""
        reply = self._waited_for("next", "/invocation/next")
        try:
            return _invocation(reply)
        except (KeyError, ValueError) as error:
            raise RuntimeApiError("next", reply.status, message=f"no usable invocation: {error!r}") from error

    def respond(self, invocation: Invocation, body: bytes, content_type: str) -> None:
        """Answer with a result."""
        lines = f"Content-Type: {content_type}\r\n{_line(INVOCATION_ID, invocation.invocation_id)}"
        self._post("response", f"/invocation/{invocation.request_id}/response", lines, body)

    def fail(self, invocation: Invocation, report: Report) -> None:
        """Answer with an error."""
        cause = report.cause()
        lines = (
            _line(INVOCATION_ID, invocation.invocation_id),
            _described(report),
            _line("Lambda-Runtime-Function-XRay-Error-Cause", cause if len(cause) < LONGEST_CAUSE else None),
        )
        self._post("error", f"/invocation/{invocation.request_id}/error", "".join(lines), report.body())

    def init_error(self, report: Report) -> None:
        """Say that no invocation can be served."""
        self._post("init error", "/init/error", _described(report), report.body())

    def restore_next(self) -> None:
        """Wait for the restore."""
        self._waited_for("restore next", "/restore/next")

    def restore_error(self, report: Report) -> None:
        """Say that the restored process is of no use."""
        self._post("restore error", "/restore/error", _described(report), report.body())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, call: str, path: str, lines: str, body: bytes) -> None:
        head = f"POST {PREFIX}{path}{self._common}{lines}Content-Length: {len(body)}\r\n\r\n"
        self._exchange(call, head.encode() + body)

    def _waited_for(self, call: str, path: str) -> Reply:
        request = f"GET {PREFIX}{path}{self._common}\r\n".encode()
        if self._wakeup is None:
            return self._exchange(call, request)
        with self._wakeup:
            return self._exchange(call, request, self._wakeup.wait_for)

    def _exchange(self, call: str, request: bytes, wait: Callable[[int], object] | None = None) -> Reply:
        try:
            try:
                reply = self._connection.exchange(request, b"", wait)
            except Stale:
                reply = self._connection.exchange(request, b"", wait)
        except OSError as error:
            raise RuntimeApiError(call, message=f"{type(error).__name__}: {error}") from error
        if not 200 <= reply.status < 300:  # noqa: PLR2004
            raise RuntimeApiError(call, reply.status, *_refusal(reply.body))
        return reply


def _described(report: Report) -> str:
    """The header lines of any report."""
    return f"Content-Type: application/json\r\n{_line('Lambda-Runtime-Function-Error-Type', report.accepted_type)}"


def _line(name: str, value: str | None) -> str:
    return "" if value is None else f"{name}: {value}\r\n"


def _invocation(reply: Reply) -> Invocation:
    headers = reply.headers
    if not "".join(headers.values()).isascii():
        # UTF-8, as awslambdaric reads them: a client context is JSON text in a header.
        headers = {name: value.encode("latin-1").decode("utf-8", "replace") for name, value in headers.items()}
    find = headers.get
    return Invocation(
        headers["lambda-runtime-aws-request-id"],
        int(headers["lambda-runtime-deadline-ms"]),
        reply.body,
        find("lambda-runtime-invoked-function-arn", ""),
        find("lambda-runtime-invocation-id"),
        find("lambda-runtime-trace-id"),
        find("lambda-runtime-client-context"),
        find("lambda-runtime-cognito-identity"),
        find("lambda-runtime-aws-tenant-id"),
        find("content-type"),
    )


def _refusal(body: bytes) -> tuple[str, str]:
    """The error type and message of a refusal, as far as its body tells."""
    import json

    try:
        fields = json.loads(body)
        return str(fields.get("errorType", "")), str(fields.get("errorMessage", ""))
    except (ValueError, AttributeError):
        return "", body[:200].decode("utf-8", "replace")
