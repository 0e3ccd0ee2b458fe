"""The invocation loop: next, decode, run, respond.

Whatever user code raises becomes a report, and the loop goes on. Only what is no `Exception` (`sys.exit`, most of all)
ends the process, after its report. A response that Lambda refuses is one line in the log: Lambda has already settled
that invocation, so the loop asks for the next one, where the stock runtime would take the whole sandbox down with it.

SIGTERM means that Lambda is about to end the sandbox. Between invocations the process ends at once, with status 0.
During one, two threads begin: the first lets go of what is held (what the engine has queued is sent, its connection
closed), while user code goes on; the second ends the process if the answer is not there after `PATIENCE`. They are
threads because the main one, which runs the signal's handler, may be in the middle of a request, or hold any lock.
`next` is called on the main thread; `socket_api` says why signals still arrive.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, start_new_thread
from typing import TYPE_CHECKING, Protocol, TypeVar

from perdure_bootstrap import signals
from perdure_bootstrap.context import LambdaContext, about_function
from perdure_bootstrap.runtime_api import RuntimeApiError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import NoReturn, TextIO

    from perdure_bootstrap.reports import Report
    from perdure_bootstrap.runtime_api import Invocation, RuntimeApi

    Answer = Callable[[Invocation, LambdaContext], tuple[bytes, str]]
    """What serves an invocation: gives the body of its response and the content type."""

__all__ = ["PATIENCE", "Answer", "Log", "Loop"]

T = TypeVar("T")

TRACE_ID = "_X_AMZN_TRACE_ID"
PATIENCE = 0.12
"""Seconds from SIGTERM to the end of the process: Lambda grants some 0.15 s where ours is the only extension."""
SETTLED = (None, 400, 403, 413)
"""Statuses of a refused answer after which `next` is still worth a call; None is no answer, and `next` will tell."""
JSON = "application/json"


if TYPE_CHECKING:

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
        patience: float = PATIENCE,
        start: Callable[..., object] = start_new_thread,
    ) -> None:
        self._api = api
        self._log = log
        self._environ = environ
        self._about = about_function(environ)
        self._output = output
        self._clock = clock
        self._end = end
        self._patience = patience
        self._start = start
        self._current: Invocation | None = None
        self._idle = False
        self._stopping = False
        self._leaving = allocate_lock()
        self._leaving.acquire()
        """Let go of when the loop ends for a signal."""
        self._letting_go = allocate_lock()
        """Held from SIGTERM until everything is let go of."""
        self.let_go: Callable[[], object] = _nothing
        """Called once, at SIGTERM, on a thread of its own; it should not raise, and may take as long as it takes."""

    def serve(self, answer: Answer) -> NoReturn:
        """Serve invocations until the process ends."""
        try:
            while True:
                # Handed over, not named: an event of megabytes should not be kept while the loop waits for the next.
                self._serve(self._wait(self._api.next), answer)
        finally:
            if self._stopping:
                self._letting_go.acquire(timeout=self._patience)

    def wait_for_restore(self) -> None:
        """Return in a process that was restored from a snapshot of this one."""
        self._wait(self._api.restore_next)

    def _serve(self, invocation: Invocation, answer: Answer) -> None:
        self._current = invocation
        self._set_trace(invocation.trace_id)
        self._log.begin(invocation)
        try:
            body, content_type = answer(invocation, LambdaContext(invocation, self._about, self._clock))
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

    def report_init(self, error: BaseException, phase: str | None = None) -> None:
        """Report what kept the handler from being loaded; `phase` is what Lambda calls it, if it has a word for it."""
        self._report(error, phase, self._api.init_error)

    def report_restore(self, error: BaseException, phase: str) -> None:
        """Report what kept the process from being used after it was restored from a snapshot."""
        self._report(error, phase, self._api.restore_error)

    def _report(self, error: BaseException, phase: str | None, post: Callable[[Report], object]) -> None:
        from perdure_bootstrap.reports import report_of

        report = report_of(error)._replace(phase=phase)
        self._log.error(report)
        post(report)

    def stop_on_sigterm(self) -> None:
        """Have SIGTERM end the loop, unless user code has its own plans for the signal."""
        if signals.getsignal(signals.SIGTERM) == signals.SIG_DFL:
            signals.signal(signals.SIGTERM, self.stop)

    def stop(self, *_signal: object) -> None:
        """End the process: at once between invocations, else after the answer, for which it does not wait long."""
        if self._stopping:
            return
        self._stopping = True
        self._letting_go.acquire()
        try:
            self._start(self._let_go, ())
            if not self._idle:
                self._start(self._end_unanswered, ())
        except RuntimeError:  # no more threads: what is queued is lost, as in a crash
            pass
        if self._idle:
            raise SystemExit(0)

    def _let_go(self) -> None:
        try:
            self.let_go()
        finally:
            self._letting_go.release()

    def _end_unanswered(self) -> None:
        if self._leaving.acquire(timeout=self._patience):
            return
        place = "the init phase" if self._current is None else "an invocation, which stays without an answer"
        lost = "" if self._letting_go.acquire(blocking=False) else " Not all that was queued could be sent."
        self._log.warning(f"SIGTERM: the process ends in the middle of {place}.{lost}")
        self._flush()
        self._end(0)

    def _wait(self, call: Callable[[], T]) -> T:
        # Idle first, the question second: a signal in between ends the process from its handler.
        self._idle = True
        if self._stopping:
            self._leaving.release()
            raise SystemExit(0)
        arrived = call()
        self._idle = False
        return arrived

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


def _nothing() -> None:
    """Where nothing is held."""
