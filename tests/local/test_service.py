"""The whole service: journal, timers, workers, notices."""

import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from perdure_local import Fault, Function, JournalRefused, LocalService, ServiceStopped
from support.desk import update
from support.local_service import InProcessService, Script, closed_in_flight, lambda_client

WAIT = 7200


def kinds(notices):
    return [type(notice).__name__ for notice in notices]


@pytest.fixture
def service():
    with InProcessService(skip_time=True) as opened:
        yield opened


def test_skipped_time_has_passed_for_the_execution(service):
    service.host("f", Script(service, [update("WAIT START", seconds=WAIT)], [update("STEP RETRY", "B", delay=60)]))
    summary = service.wait(service.start("f", b"{}"), 20)
    assert (summary.status, summary.result, summary.invocations) == ("SUCCEEDED", "3", 3)
    assert WAIT + 60 <= summary.ended_at - summary.started_at < WAIT + 120


def test_one_execution_s_jump_ages_no_other(service):
    service.host("f", Script(service, [update("WAIT START", seconds=WAIT)]))
    service.host("g", Script(service))
    long = service.wait(service.start("f", b"{}"), 20)
    short = service.wait(service.start("g", b"{}"), 20)
    assert short.ended_at < long.ended_at


def test_an_execution_timeout_counts_skipped_time(service):
    service.host("f", Script(service, [update("WAIT START", seconds=WAIT)]), execution_timeout=60)
    summary = service.wait(service.start("f", b"{}"), 20)
    assert (summary.status, summary.error) == ("TIMED_OUT", {"ErrorMessage": "Execution timed out after 60 seconds."})
    assert summary.ended_at - summary.started_at == pytest.approx(60)


def test_time_does_not_jump_while_something_runs(service):
    waits = []

    def handler(envelope):
        if len(envelope["InitialExecutionState"]["Operations"]) > 1:
            return {"Status": "SUCCEEDED"}
        with lambda_client(service.endpoint) as client:
            call = {"DurableExecutionArn": envelope["DurableExecutionArn"]}
            first = client.checkpoint_durable_execution(
                CheckpointToken=envelope["CheckpointToken"], Updates=[update("WAIT START", seconds=WAIT)], **call
            )
            second = client.checkpoint_durable_execution(CheckpointToken=first["CheckpointToken"], Updates=[], **call)
            waits.extend(second["NewExecutionState"]["Operations"])
        return {"Status": "PENDING"}

    service.host("f", handler)
    assert service.wait(service.start("f", b"{}"), 20).status == "SUCCEEDED"
    assert waits == []


def test_failed_invocations_are_repeated_without_a_pause_when_time_is_skipped(service):
    calls = []

    def handler(envelope):
        calls.append(envelope["CheckpointToken"])
        raise RuntimeError("no")

    service.host("f", handler)
    summary = service.wait(service.start("f", b"{}"), 20)
    assert (summary.status, summary.error) == ("FAILED", {"ErrorType": "RuntimeError", "ErrorMessage": "no"})
    assert len(set(calls)) == 5


@pytest.mark.slow
def test_real_time_passes_without_skipping():
    with InProcessService() as service:
        service.host("f", Script(service, [update("WAIT START", seconds=1)]))
        summary = service.wait(service.start("f", b"{}"), 20)
    assert 1 <= summary.ended_at - summary.started_at < 20


def test_notices_tell_the_run_in_order(service):
    notices = []
    service.subscribe(notices.append)
    service.host("f", Script(service, [update("WAIT START", seconds=WAIT, Name="pickup")]))
    service.wait(service.start("f", b"{}", "one"), 20)
    assert kinds(notices) == [
        "ExecutionStarted",
        "InvocationStarted",
        "OperationWaiting",
        "InvocationFinished",
        "OperationSucceeded",
        "InvocationStarted",
        "InvocationFinished",
        "ExecutionFinished",
    ]
    assert [notice.number for notice in notices if type(notice).__name__ == "InvocationStarted"] == [1, 2]
    assert notices[2].until - notices[2].at == WAIT
    assert [notice.at for notice in notices] == sorted(notice.at for notice in notices)


def test_a_listener_that_fails_is_dropped_and_the_others_go_on(service, caplog):
    first, second = [], []

    def broken(notice):
        first.append(notice)
        raise ValueError

    service.subscribe(broken)
    service.subscribe(second.append)()
    last = []
    service.subscribe(last.append)
    service.host("f", Script(service))
    service.wait(service.start("f", b"{}"), 20)
    assert (len(first), second, kinds(last)[-1]) == (1, [], "ExecutionFinished")
    assert "a listener failed" in caplog.text


def test_waiting_ends_with_patience_or_with_the_service():
    service, release = InProcessService(skip_time=True), threading.Event()
    service.open()
    service.host("f", lambda envelope: release.wait(10) and {"Status": "SUCCEEDED"})
    arn = service.start("f", b"{}")
    with pytest.raises(TimeoutError, match=r"not over after 0\.01 seconds"):
        service.wait(arn, 0.01)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(service.wait, arn)
        while not service._running.executions._entry(arn).ended._waiters:
            os.sched_yield()
        closed_in_flight(service, release)
        with pytest.raises(ServiceStopped, match="the service stopped while"):
            waiting.result(10)


def test_a_service_that_is_not_up_says_so():
    service = LocalService()
    with pytest.raises(RuntimeError, match="the service is not up"):
        service.endpoint  # noqa: B018
    service.close()


def test_refusals_reach_the_caller(service):
    with pytest.raises(Fault, match="Function not found"):
        service.start("absent", b"{}")
    service.add_function("f", "app.f")
    with pytest.raises(ValueError, match="is hosted already"):
        service.add_function("f", "app.f")
    with pytest.raises(TypeError, match="colour"):
        service.add_function("g", "app.g", colour="red")


@pytest.mark.slow
def test_a_journal_in_use_is_refused_at_once(tmp_path):
    with LocalService(tmp_path / "j.db"), pytest.raises(JournalRefused, match="in use"):
        LocalService(tmp_path / "j.db").open()


@pytest.mark.parametrize("name", ["", "a/b", "a b", "ä", "x" * 65, 'a"b', "a\n"])
def test_a_name_has_no_character_that_would_break_an_arn(service, name):
    service.host("f", Script(service))
    with pytest.raises(Fault, match="DurableExecutionName must be 1 to 64 characters"):
        service.start("f", b"{}", name)
    assert service.executions("f") == []


def test_a_bug_that_one_execution_meets_is_not_the_others(service, caplog):
    release = threading.Event()
    service.host("good", lambda envelope: release.wait(10) and {"Status": "SUCCEEDED"})

    class Broken:
        function = Function(name="bad", handler="in.process")

        async def acquire(self):
            raise ZeroDivisionError

    async def serve():
        service._running.executions.serve(Broken())

    service._call(serve())
    good, bad = service.start("good", b"{}"), service.start("bad", b"{}")
    with pytest.raises(ServiceStopped, match=f"{re.escape(bad)} cannot go on: ZeroDivisionError"):
        service.wait(bad, 10)
    release.set()
    assert service.wait(good, 10).status == "SUCCEEDED"
    assert "ZeroDivisionError" in caplog.text
