"""The Runtime API as the loop sees it: one invocation out, one answer back.

`RuntimeApi` has two implementations. `socket_api` is Perdure's own and the default: it reads the status of every
answer, sends the function error type, lets signal handlers run while it waits and other threads while it posts.
`native_api` wraps the client of awslambdaric, the library in Lambda's own Python runtime. Both pass one test suite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from perdure_bootstrap.reports import Report

__all__ = ["Invocation", "RuntimeApi", "RuntimeApiError"]


class Invocation(NamedTuple):
    """One invocation as Lambda hands it over."""

    request_id: str
    deadline_ms: int
    """When Lambda ends it, in milliseconds since the epoch."""
    body: bytes
    function_arn: str = ""
    invocation_id: str | None = None
    """Never used twice, unlike the request id, which Lambda's own retries of one event share."""
    trace_id: str | None = None
    client_context: str | None = None
    cognito: str | None = None
    tenant_id: str | None = None
    content_type: str | None = None


if TYPE_CHECKING:

    class RuntimeApi(Protocol):
        """Lambda's Runtime API. Every call raises `RuntimeApiError` when it is refused or cannot be made."""

        def next(self) -> Invocation:
            """Wait, for as long as it takes, for the next invocation; this also ends the one before."""
            ...

        def respond(self, invocation: Invocation, body: bytes, content_type: str) -> None:
            """Answer `invocation` with a result."""
            ...

        def fail(self, invocation: Invocation, report: Report) -> None:
            """Answer `invocation` with an error."""
            ...

        def init_error(self, report: Report) -> None:
            """Say that no invocation can be served."""
            ...

        def restore_next(self) -> None:
            """Under SnapStart: let the snapshot be taken, and return in a process restored from it."""
            ...

        def restore_error(self, report: Report) -> None:
            """Say that the restored process cannot serve."""
            ...

        def close(self) -> None:
            """Let go of what was opened."""
            ...


class RuntimeApiError(Exception):
    """The Runtime API refused a call, or could not be reached."""

    def __init__(self, call: str, status: int | None = None, error_type: str = "", message: str = "") -> None:
        super().__init__(call, status, error_type, message)
        self.call = call
        self.status = status
        """The HTTP status; None where there was no answer, or where the client in use hides it."""
        self.error_type = error_type
        self.message = message

    def __str__(self) -> str:
        facts = [f"HTTP {self.status}" if self.status else "", self.error_type, self.message]
        return f"the Runtime API's {self.call} failed: " + ", ".join(fact for fact in facts if fact)
