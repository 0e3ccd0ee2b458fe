from __future__ import annotations

import io
import signal
import threading
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from perdure_bootstrap.loop import Loop
from perdure_bootstrap.runtime_api import Invocation, RuntimeApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perdure_bootstrap.context import LambdaContext
    from perdure_bootstrap.reports import Report

NOW = 1_795_260_452.0
PATIENCE = 60.0
"""Seconds to wait for what should happen; far more than any machine needs."""


class Script:
    """A Runtime API in memory: gives the invocations it was made of, then refuses, which ends the loop."""

    def __init__(self, *invocations: Invocation, refusal: RuntimeApiError | None = None) -> None:
        self._left = list(invocations)
        self._refusal = refusal
        self.calls: list[tuple[object, ...]] = []

    def next(self) -> Invocation:
        if not self._left:
            raise RuntimeApiError("next", message="the script is over")
        return self._left.pop(0)

    def respond(self, invocation: Invocation, body: bytes, content_type: str) -> None:
        self._note("response", invocation.request_id, body, content_type)

    def fail(self, invocation: Invocation, report: Report) -> None:
        self._note("error", invocation.request_id, report.kind, report.request_id)

    def init_error(self, report: Report) -> None:
        self._note("init", report.kind)

    def restore_next(self) -> None:
        self._note("restored")

    def restore_error(self, report: Report) -> None:
        self._note("restore error", report.kind, report.accepted_type)

    def close(self) -> None: ...

    def _note(self, *call: object) -> None:
        self.calls.append(call)
        if self._refusal is not None:
            raise self._refusal


def invocation(number: int, trace_id: str | None = None) -> Invocation:
    return Invocation(f"rid-{number}", 0, b"%d" % number, trace_id=trace_id)


def echo(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
    return given.body, "text/plain"


class Memory:
    """A log in memory."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.errors: list[Report] = []
        self.warnings: list[str] = []

    def begin(self, invocation: Invocation) -> None:
        self.begun.append(invocation.request_id)

    def error(self, report: Report) -> None:
        self.errors.append(report)

    def warning(self, message: str) -> None:
        self.warnings.append(message)


class Flushed(io.StringIO):
    """Counts how often it was flushed."""

    flushes = 0

    def flush(self) -> None:
        self.flushes += 1
        super().flush()


class Ended(BaseException):
    """Stands in for the end of the process."""


def end(status: int) -> NoReturn:
    raise Ended(status)


def loop_of(
    api: Script,
    *,
    log: Memory | None = None,
    environ: dict[str, str] | None = None,
    output: io.StringIO | None = None,
    **options: Any,
) -> Loop:
    where = {} if environ is None else environ
    given = {"clock": lambda: NOW, "end": end, "patience": PATIENCE, **options}
    return Loop(api, log or Memory(), where, output or io.StringIO(), **given)


class Threads:
    """Starts threads that can be waited for, and keeps what they raised."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self.raised: list[BaseException] = []

    def start(self, run: Callable[[], object], arguments: tuple[()]) -> None:
        thread = threading.Thread(target=self._run, args=(run,))
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)

    def _run(self, run: Callable[[], object]) -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001  the end of the process, for the test to look at
            self.raised.append(error)


def test_each_invocation_is_answered_in_turn() -> None:
    api = Script(invocation(1), invocation(2))
    with pytest.raises(RuntimeApiError, match="the script is over"):
        loop_of(api).serve(echo)
    assert api.calls == [("response", "rid-1", b"1", "text/plain"), ("response", "rid-2", b"2", "text/plain")]


def test_error_is_reported_and_the_loop_goes_on() -> None:
    def fail_first(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        if given.request_id == "rid-1":
            raise ValueError("boom")
        return echo(given, context)

    api, log = Script(invocation(1), invocation(2)), Memory()
    with pytest.raises(RuntimeApiError):
        loop_of(api, log=log).serve(fail_first)
    assert api.calls == [("error", "rid-1", "ValueError", "rid-1"), ("response", "rid-2", b"2", "text/plain")]
    assert [report.message for report in log.errors] == ["boom"]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_is_no_exception_ends_the_process_after_its_report(error: BaseException) -> None:
    def leave(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        raise error

    api = Script(invocation(1))
    with pytest.raises(type(error)):
        loop_of(api).serve(leave)
    assert api.calls == [("error", "rid-1", "Runtime.ExitError", "rid-1")]


@pytest.mark.parametrize("status", [None, 400, 403, 413])
@pytest.mark.parametrize("answer", ["response", "error"])
def test_refused_answer_is_one_line_in_the_log(status: int | None, answer: str) -> None:
    def fail(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        raise ValueError("boom")

    refusal = RuntimeApiError(answer, status, "Some.Type")
    api, log = Script(invocation(1), invocation(2), refusal=refusal), Memory()
    with pytest.raises(RuntimeApiError, match="the script is over"):
        loop_of(api, log=log).serve(echo if answer == "response" else fail)
    fact = "the response of 1 bytes was not taken" if answer == "response" else "the error report was not taken"
    assert log.warnings == [f"{fact}: {refusal}. Going on to the next invocation."] * 2
    assert len(api.calls) == 2


def test_runtime_api_that_is_broken_ends_the_process() -> None:
    api = Script(invocation(1), refusal=RuntimeApiError("response", 500))
    with pytest.raises(RuntimeApiError, match="HTTP 500"):
        loop_of(api).serve(echo)


def test_trace_id_is_set_for_its_invocation_only() -> None:
    seen: list[str | None] = []

    def look(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        seen.append(environ.get("_X_AMZN_TRACE_ID"))
        return b"", ""

    environ = {"_X_AMZN_TRACE_ID": "stale"}
    api = Script(invocation(1), invocation(2, "Root=2"), invocation(3))
    with pytest.raises(RuntimeApiError):
        loop_of(api, environ=environ).serve(look)
    assert seen == [None, "Root=2", None]


def test_log_is_told_of_each_invocation() -> None:
    api, log = Script(invocation(1), invocation(2)), Memory()
    with pytest.raises(RuntimeApiError):
        loop_of(api, log=log).serve(echo)
    assert log.begun == ["rid-1", "rid-2"]


def test_abandoned_invocation_is_answered_before_the_process_ends() -> None:
    def swallow(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        loop.abandon(b'{"Status":"PENDING"}')

    api = Script(invocation(1))
    loop = loop_of(api)
    with pytest.raises(Ended) as caught:
        loop.serve(swallow)
    assert api.calls[0] == ("response", "rid-1", b'{"Status":"PENDING"}', "application/json")
    assert caught.value.args == (0,)


def test_stop_during_an_invocation_waits_for_its_answer() -> None:
    def stop_meanwhile(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        loop.stop()
        return echo(given, context)

    api, threads, let_go = Script(invocation(1), invocation(2)), Threads(), threading.Event()
    loop = loop_of(api, start=threads.start)
    loop.let_go = let_go.set
    with pytest.raises(SystemExit) as caught:
        loop.serve(stop_meanwhile)
    threads.join()
    assert caught.value.code == 0
    assert api.calls == [("response", "rid-1", b"1", "text/plain")]
    assert let_go.is_set()
    assert threads.raised == []


@pytest.mark.parametrize("sent", [True, False])
def test_stop_ends_the_process_where_no_answer_comes(*, sent: bool) -> None:
    gone, given_up = threading.Event(), threading.Event()

    def stop_and_stay(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        loop.stop()
        loop.stop()  # a second signal changes nothing
        assert ended.wait(PATIENCE)
        return echo(given, context)

    def let_go() -> None:
        gone.set()
        if not sent:
            given_up.wait(PATIENCE)

    def end_here(status: int) -> NoReturn:
        ended.set()
        raise Ended(status)

    ended, log, threads, output = threading.Event(), Memory(), Threads(), Flushed()
    loop = loop_of(Script(invocation(1)), log=log, output=output, end=end_here, start=threads.start, patience=0.05)
    loop.let_go = let_go
    with pytest.raises(SystemExit):
        loop.serve(stop_and_stay)
    given_up.set()
    threads.join()
    assert [type(error) for error in threads.raised] == [Ended]
    assert threads.raised[0].args == (0,)
    assert gone.is_set()
    assert output.flushes
    [line] = log.warnings
    assert line.startswith("SIGTERM: the process ends in the middle of an invocation, which stays without an answer.")
    assert ("Not all that was queued could be sent." in line) == (not sent)


def test_stop_between_invocations_ends_the_wait_and_lets_go() -> None:
    class Waiting(Script):
        def next(self) -> Invocation:
            loop.stop()
            raise AssertionError("stop goes through the wait")

    threads, let_go = Threads(), threading.Event()
    loop = loop_of(Waiting(), start=threads.start)
    loop.let_go = let_go.set
    with pytest.raises(SystemExit) as caught:
        loop.serve(echo)
    # Not after the threads are joined: the loop itself waits for that.
    assert let_go.is_set()
    threads.join()
    assert caught.value.code == 0


def test_stop_in_the_init_phase_ends_it_before_the_first_invocation() -> None:
    threads = Threads()
    api = Script(invocation(1))
    loop = loop_of(api, start=threads.start)
    loop.stop()
    with pytest.raises(SystemExit):
        loop.serve(echo)
    threads.join()
    assert api.calls == []
    assert threads.raised == []


def test_init_phase_that_does_not_end_is_ended() -> None:
    threads, log = Threads(), Memory()
    loop = loop_of(Script(), log=log, start=threads.start, patience=0.01)
    loop.stop()
    threads.join()
    assert [type(error) for error in threads.raised] == [Ended]
    assert log.warnings == ["SIGTERM: the process ends in the middle of the init phase."]


def test_stop_without_a_thread_to_be_had_waits_for_the_answer() -> None:
    def refuse(run: Callable[[], object], arguments: tuple[()]) -> NoReturn:
        raise RuntimeError("can't start new thread")

    def stop_meanwhile(given: Invocation, context: LambdaContext) -> tuple[bytes, str]:
        loop.stop()
        return echo(given, context)

    api = Script(invocation(1))
    loop = loop_of(api, start=refuse, patience=0.01)
    with pytest.raises(SystemExit):
        loop.serve(stop_meanwhile)
    assert api.calls == [("response", "rid-1", b"1", "text/plain")]


def test_error_after_a_restore_is_reported_by_its_phase() -> None:
    api, log = Script(), Memory()
    loop = loop_of(api, log=log)
    loop.wait_for_restore()
    loop.report_restore(ValueError("boom"), "Runtime.AfterRestoreError")
    assert api.calls == [("restored",), ("restore error", "ValueError", "Runtime.AfterRestoreError")]
    assert [report.message for report in log.errors] == ["boom"]


@pytest.fixture
def _same_signal_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_same_signal_handler")
def test_users_own_signal_handler_is_left_alone() -> None:
    loop = loop_of(Script())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    loop.stop_on_sigterm()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    loop.stop_on_sigterm()
    assert signal.getsignal(signal.SIGTERM) == loop.stop


def test_closed_output_does_not_end_the_loop() -> None:
    output = io.StringIO()
    output.close()
    api = Script(invocation(1))
    with pytest.raises(RuntimeApiError, match="the script is over"):
        loop_of(api, output=output).serve(echo)
    assert len(api.calls) == 1


def test_init_error_is_logged_and_reported() -> None:
    api, log = Script(), Memory()
    loop_of(api, log=log).report_init(ValueError("boom"))
    assert api.calls == [("init", "ValueError")]
    assert [(report.message, report.request_id) for report in log.errors] == [("boom", "")]
