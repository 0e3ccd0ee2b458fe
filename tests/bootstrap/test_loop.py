from __future__ import annotations

import io
import signal
from typing import TYPE_CHECKING, NoReturn

import pytest

from perdure_bootstrap.loop import Loop
from perdure_bootstrap.runtime_api import Invocation, RuntimeApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure_bootstrap.context import LambdaContext
    from perdure_bootstrap.reports import Report

NOW = 1_795_260_452.0


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


class Ended(BaseException):
    """Stands in for the end of the process."""


def end(status: int) -> NoReturn:
    raise Ended(status)


def loop_of(
    api: Script, *, log: Memory | None = None, environ: dict[str, str] | None = None, output: io.StringIO | None = None
) -> Loop:
    where = {} if environ is None else environ
    return Loop(api, log or Memory(), where, output or io.StringIO(), clock=lambda: NOW, end=end)


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

    api = Script(invocation(1), invocation(2))
    loop = loop_of(api)
    with pytest.raises(SystemExit) as caught:
        loop.serve(stop_meanwhile)
    assert caught.value.code == 0
    assert api.calls == [("response", "rid-1", b"1", "text/plain")]


def test_stop_between_invocations_ends_the_wait() -> None:
    class Waiting(Script):
        def next(self) -> Invocation:
            loop.stop()
            raise AssertionError("stop goes through the wait")

    loop = loop_of(Waiting())
    with pytest.raises(SystemExit) as caught:
        loop.serve(echo)
    assert caught.value.code == 0


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
