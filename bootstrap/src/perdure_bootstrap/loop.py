"""The invocation loop: next, decode, run, respond.

Whatever user code raises becomes a report, and the loop goes on. Only what is no `Exception` (`sys.exit`, most of all)
ends the process, after its report. A response that Lambda refuses is one line in the log: Lambda has already settled
that invocation, so the loop asks for the next one, where the stock runtime would take the whole sandbox down with it.

SIGTERM means that Lambda is about to end the sandbox. Between invocations the process ends at once, with status 0;
during one it ends after the answer. `next` is called on the main thread; `socket_api` says why signals still arrive.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Protocol

from perdure_bootstrap.context import LambdaContext
from perdure_bootstrap.runtime_api import RuntimeApiError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import NoReturn, TextIO

    from perdure_bootstrap.reports import Report
    from perdure_bootstrap.runtime_api import Invocation, RuntimeApi

    Answer = Callable[[Invocation, LambdaContext], tuple[bytes, str]]
    """What serves an invocation: gives the body of its response and the content type."""

__all__ = ["Answer", "Log", "Loop"]

TRACE_ID = "_X_AMZN_TRACE_ID"
SETTLED = (None, 400, 403, 413)
"""Statuses of a refused answer after which `next` is still worth a call; None is no answer, and `next` will tell."""
JSON = "application/json"


class Log(Protocol):
    """Where the loop tells what happened."""

    def begin(self, invocation: Invocation) -> None:
        """Name the invocation whose records follow."""
        ...

    def error(self, report: Report) -> None:
        """Write what ended an invocation, or the init phase."""
        ...

    def warning(self, message: str) -> None:
        """Write something that the user of the function should look into."""
        ...


class Loop:
    """Takes invocations from a Runtime API, one at a time, and gives back their answers."""

    def __init__(
        self,
        api: RuntimeApi,
        log: Log,
        environ: MutableMapping[str, str],
        output: TextIO,
        *,
        clock: Callable[[], float] = time.time,
        end: Callable[[int], NoReturn] = os._exit,
    ) -> None:
        self._api = api
        self._log = log
        self._environ = environ
        self._output = output
        self._clock = clock
        self._end = end
        self._current: Invocation | None = None
        self._idle = False
        self._stopping = False

    def serve(self, answer: Answer) -> NoReturn:
        """Serve invocations until the process ends."""
        while True:
            # Handed over, not named: an event of megabytes should not be kept while the loop waits for the next one.
            self._serve(self._next(), answer)

    def _serve(self, invocation: Invocation, answer: Answer) -> None:
        self._current = invocation
        self._set_trace(invocation.trace_id)
        self._log.begin(invocation)
        try:
            body, content_type = answer(invocation, LambdaContext(invocation, self._environ, self._clock))
        except Exception as error:  # noqa: BLE001  (user code)
            self._fail(invocation, error)
        except BaseException as error:
            self._fail(invocation, error)
            raise
        else:
            self._respond(invocation, body, content_type)
        self._current = None

    def abandon(self, output: bytes) -> NoReturn:
        """Answer the invocation in hand with `output` and end the process, past all user code that is still running."""
        if self._current is not None:
            self._respond(self._current, output, JSON)
        self._end(0)

    def report_init(self, error: BaseException) -> None:
        """Report what kept the handler from being loaded."""
        from perdure_bootstrap.reports import report_of

        report = report_of(error)
        self._log.error(report)
        self._api.init_error(report)

    def stop_on_sigterm(self) -> None:
        """Have SIGTERM end the loop, unless user code has its own plans for the signal."""
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self.stop)

    def stop(self, *_signal: object) -> None:
        """End the process: at once between invocations, else after the answer to the one in hand."""
        self._stopping = True
        if self._idle:
            raise SystemExit(0)

    def _next(self) -> Invocation:
        # Idle first, the question second: a signal in between ends the process from its handler.
        self._idle = True
        if self._stopping:
            raise SystemExit(0)
        invocation = self._api.next()
        self._idle = False
        return invocation

    def _respond(self, invocation: Invocation, body: bytes, content_type: str) -> None:
        self._flush()
        try:
            self._api.respond(invocation, body, content_type)
        except RuntimeApiError as error:
            self._go_on(error, f"the response of {len(body)} bytes was not taken")

    def _fail(self, invocation: Invocation, error: BaseException) -> None:
        from perdure_bootstrap.reports import report_of

        report = report_of(error, invocation.request_id)
        self._log.error(report)
        self._flush()
        try:
            self._api.fail(invocation, report)
        except RuntimeApiError as refused:
            self._go_on(refused, "the error report was not taken")

    def _go_on(self, error: RuntimeApiError, fact: str) -> None:
        if error.status not in SETTLED:
            raise error
        self._log.warning(f"{fact}: {error}. Going on to the next invocation.")

    def _set_trace(self, trace_id: str | None) -> None:
        if trace_id is not None:
            self._environ[TRACE_ID] = trace_id
        else:
            self._environ.pop(TRACE_ID, None)

    def _flush(self) -> None:
        # What user code printed must be out before the answer: the sandbox may be frozen right after it.
        if not self._output.closed:
            self._output.flush()
