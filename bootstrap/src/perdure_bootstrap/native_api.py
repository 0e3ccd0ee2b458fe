"""awslambdaric's client of the Runtime API, behind our Protocol.

Its native part reads AWS_LAMBDA_RUNTIME_API once, when it is imported, and so serves one address in a process. What it
cannot do, whoever calls it: tell the status of an answer, send a function error type with an invocation's error,
survive an event without a Content-Type, or let other threads run while it posts.

It waits in C, where no Python signal handler can run; so it waits on one thread of its own, for as long as the process
lives, while the caller waits for a byte from that thread.
"""

from __future__ import annotations

import os
import queue
import threading
from typing import TYPE_CHECKING

from perdure_bootstrap.runtime_api import Invocation, RuntimeApiError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from perdure_bootstrap.reports import Report
    from perdure_bootstrap.wakeup import Wakeup

__all__ = ["NativeRuntimeApi"]

ADDRESS = "AWS_LAMBDA_RUNTIME_API"


class NativeRuntimeApi:
    """The Runtime API through awslambdaric."""

    def __init__(self, address: str, wakeup: Wakeup) -> None:
        if os.environ.get(ADDRESS) != address:
            raise ValueError(f"awslambdaric speaks to the address in {ADDRESS} only; that is not {address!r}")
        from awslambdaric import lambda_runtime_client

        if lambda_runtime_client.runtime_client is None:
            raise ImportError(
                "awslambdaric's native module runtime_client cannot be imported: unset PERDURE_RUNTIME_API"
            )
        self._refused = lambda_runtime_client.LambdaRuntimeClientError
        # Any: awslambdaric has no annotations.
        self._client: Any = lambda_runtime_client.LambdaRuntimeClient(address)
        self._wakeup = wakeup
        self._reader, self._writer = os.pipe()
        self._wanted: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._poller: threading.Thread | None = None

    def next(self) -> Invocation:
        """Wait for the next invocation."""
        if self._poller is None:
            self._poller = threading.Thread(target=self._poll, name="perdure-runtime-api", daemon=True)
            self._poller.start()
        self._wanted.put("next")
        with self._wakeup:
            self._wakeup.wait_for(self._reader)
        os.read(self._reader, 1)
        event = self._arrived.get()
        if isinstance(event, Exception):
            raise RuntimeApiError("next", message=str(event)) from event
        return _invocation(event)

    def respond(self, invocation: Invocation, body: bytes, content_type: str) -> None:
        """Answer with a result."""
        try:
            self._client.post_invocation_result(invocation.request_id, body, content_type, invocation.invocation_id)
        except RuntimeError as error:
            raise RuntimeApiError("response", message=str(error)) from error

    def fail(self, invocation: Invocation, report: Report) -> None:
        """Answer with an error."""
        body = report.body().decode()
        try:
            self._client.post_invocation_error(invocation.request_id, body, report.cause(), invocation.invocation_id)
        except RuntimeError as error:
            raise RuntimeApiError("error", message=str(error)) from error

    def init_error(self, report: Report) -> None:
        """Say that no invocation can be served."""
        # "Runtime.Unknown" is what Lambda makes of a type it does not accept; the client sends the header always.
        kind = report.accepted_type or "Runtime.Unknown"
        self._called("init error", self._client.post_init_error, report.fields(), kind)

    def restore_next(self) -> None:
        """Wait for the restore."""
        # Not in C: a socket's wait ends for signals by itself.
        self._called("restore next", self._client.restore_next)

    def restore_error(self, report: Report) -> None:
        """Say that the restored process is of no use; the client knows one type for that."""
        self._called("restore error", self._client.report_restore_error, report.fields())

    def close(self) -> None:
        """End the waiting thread, unless it waits for an invocation."""
        self._wanted.put("")

    def _called(self, call: str, function: Callable[..., object], *given: object) -> None:
        """Make one of the calls for which the client uses Python's own sockets."""
        try:
            function(*given)
        except self._refused as error:
            raise RuntimeApiError(call, error.response_code, message=str(error)) from error
        except OSError as error:
            raise RuntimeApiError(call, message=f"{type(error).__name__}: {error}") from error

    def _poll(self) -> None:
        while self._wanted.get():
            try:
                self._arrived.put(self._client.wait_next_invocation())
            except Exception as error:  # noqa: BLE001  (the thread that asked raises it)
                self._arrived.put(error)
            os.write(self._writer, b"!")


def _invocation(event: Any) -> Invocation:  # noqa: ANN401  (awslambdaric has no annotations)
    return Invocation(
        request_id=event.invoke_id,
        invocation_id=event.invocation_id,
        deadline_ms=int(event.deadline_time_in_ms),
        function_arn=event.invoked_function_arn or "",
        trace_id=event.x_amzn_trace_id,
        client_context=event.client_context,
        cognito=event.cognito_identity,
        tenant_id=event.tenant_id,
        content_type=event.content_type,
        body=event.event_body,
    )
