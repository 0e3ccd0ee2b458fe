"""The whole service: journal, timers, workers, notices, restarts."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from perdure_local import ExecutionFinished, Fault, JournalRefused, Limits, LocalService, LogLine, ServiceStopped
from support.desk import update
from support.local_service import TINY_RUNTIME, InProcessService, lambda_client

WAIT = 7200


class Script:
    """A handler that makes the given checkpoints, one for each invocation, and then succeeds."""

    def __init__(self, service, *batches):
        self.service, self.batches, self.calls = service, list(batches), []

    def __call__(self, envelope):
        self.calls.append(envelope)
        if len(self.calls) > len(self.batches):
            return {"Status": "SUCCEEDED", "Result": str(len(self.calls))}
        with lambda_client(self.service.endpoint) as client:
            client.checkpoint_durable_execution(
                DurableExecutionArn=envelope["DurableExecutionArn"],
                CheckpointToken=envelope["CheckpointToken"],
                Updates=self.batches[len(self.calls) - 1],
            )
        return {"Status": "PENDING"}


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


def closed_in_flight(service, release):
    """Close a service whose handler is held, then let the handler go."""
    executions = service._running.executions
    closing = threading.Thread(target=service.close)
    closing.start()
    while executions._is_open:
        os.sched_yield()
    release.set()
    closing.join(10)
    assert not closing.is_alive()


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


@pytest.mark.slow
def test_what_a_closed_service_left_goes_on_when_its_function_is_back(tmp_path):
    path = tmp_path / "j.db"
    with InProcessService(path) as first:
        first.host("f", Script(first, [update("WAIT START", seconds=WAIT)]))
        done = threading.Event()
        first.subscribe(lambda notice: type(notice).__name__ == "InvocationFinished" and done.set())
        arn = first.start("f", b'{"a":1}', "one")
        assert done.wait(10)
        history = first.history(arn)
    with InProcessService(path, skip_time=True) as second:
        assert second.history(arn)[: len(history)] == history
        script = Script(second)
        second.host("f", script)
        summary = second.wait(arn, 20)
        assert second.start("f", b'{"a":1}', "one") == arn
        assert [one["Id"] for one in script.calls[0]["InitialExecutionState"]["Operations"]][1:] == ["A"]
    assert summary.status == "SUCCEEDED"
    assert summary.ended_at - summary.started_at >= WAIT


@pytest.mark.slow
def test_an_invocation_cut_off_by_a_restart_is_repeated_and_not_counted(tmp_path):
    path, limits = tmp_path / "j.db", Limits(invocation_failures=1)
    arn = None
    for _ in range(3):
        arrived, release = threading.Event(), threading.Event()

        def handler(envelope, arrived=arrived, release=release):
            arrived.set()
            release.wait(10)
            return {"Status": "SUCCEEDED"}

        service = InProcessService(path, limits=limits)
        service.open()
        service.host("f", handler)
        arn = service.start("f", b"{}", "one")
        assert arrived.wait(10)
        closed_in_flight(service, release)
    with InProcessService(path, limits=limits) as service:
        events = [event["EventType"] for event in service.history(arn)]
        assert events == ["ExecutionStarted", *["InvocationCompleted"] * 3]
        service.host("f", Script(service))
        assert service.wait(arn, 20).status == "SUCCEEDED"


APP = """
    import json, os, urllib.parse, urllib.request

    def checkpoint(event, token, *updates):
        arn = urllib.parse.quote(event["DurableExecutionArn"], safe="")
        url = f"{os.environ['AWS_ENDPOINT_URL_LAMBDA']}/2025-12-01/durable-executions/{arn}/checkpoint"
        body = json.dumps({"CheckpointToken": token, "Updates": updates}).encode()
        with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
            return json.load(answer)["CheckpointToken"]

    def note(what, number):
        with open("log", "a") as log:
            print(what, number, file=log)

    def workflow(event, headers):
        print("invoked")
        have = {operation["Id"] for operation in event["InitialExecutionState"]["Operations"]}
        token = event["CheckpointToken"]
        for number in range(1, 6):
            if f"S{number}" not in have:
                done = {"Id": f"S{number}", "Type": "STEP", "Action": "SUCCEED", "Payload": str(number)}
                note("ran", number)
                token = checkpoint(event, token, done)
                note("acknowledged", number)
                if number == 3 and not os.path.exists("died"):
                    open("died", "w").close()
                    os._exit(1)
        return {"Status": "SUCCEEDED", "Result": "15"}
"""


def journal_of(folder):
    return [tuple(line.split()) for line in (folder / "log").read_text().splitlines()]


@pytest.mark.slow
def test_a_real_worker_that_dies_is_replaced_and_nothing_runs_twice(tmp_path):
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    notices = []
    with LocalService(tmp_path / "j.db", skip_time=True) as service:
        service.subscribe(notices.append)
        service.add_function("f", "app.workflow", task_root=tmp_path, command=(sys.executable, str(TINY_RUNTIME)))
        arn = service.start("f", b"{}")
        summary = service.wait(arn, 30)
        history = service.history(arn)
    assert (summary.status, summary.result, summary.invocations) == ("SUCCEEDED", "15", 2)
    assert journal_of(tmp_path) == [(what, n) for n in "12345" for what in ("ran", "acknowledged")]
    crash = next(event for event in history if event["EventType"] == "InvocationCompleted")
    assert crash["InvocationCompletedDetails"]["Error"]["Payload"]["ErrorType"] == "Runtime.ExitError"
    lines = [notice for notice in notices if isinstance(notice, LogLine)]
    assert [line.text for line in lines] == ["invoked", "invoked"]
    assert {line.arn for line in lines} == {arn}
    assert isinstance(notices[-1], ExecutionFinished)


SERVICE = """
    import sys
    from perdure_local import LocalService

    path, root, runtime = sys.argv[1:]
    with LocalService(path, skip_time=True) as service:
        service.add_function("f", "app.workflow", task_root=root, command=(sys.executable, runtime))
        service.subscribe(lambda notice: print(type(notice).__name__, flush=True))
        arn = service.start("f", "{}", "one")
        print(service.wait(arn, 30).result, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("when", ["ExecutionStarted", "InvocationStarted", "OperationSucceeded"])
def test_a_service_that_is_killed_loses_nothing_it_acknowledged(tmp_path, when):
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    (tmp_path / "died").touch()
    (tmp_path / "serve.py").write_text(textwrap.dedent(SERVICE))
    command = [sys.executable, "serve.py", str(tmp_path / "j.db"), str(tmp_path), str(TINY_RUNTIME)]

    def serve(until):
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
            told = []
            for line in process.stdout:
                told.append(line.strip())
                if line.strip() == until:
                    process.send_signal(signal.SIGKILL)
                    break
            process.stdout.read()
        return told

    serve(when)
    assert serve("never")[-1] == "15"
    noted = journal_of(tmp_path)
    assert {number for _, number in noted} == set("12345")
    for place, (what, number) in enumerate(noted):
        assert what != "acknowledged" or ("ran", number) not in noted[place:]
    with LocalService(tmp_path / "j.db") as service:
        (summary,) = service.executions("f")
        steps = [event for event in service.history(summary.arn) if event["EventType"] == "StepSucceeded"]
    assert [event["Id"] for event in steps] == ["S1", "S2", "S3", "S4", "S5"]
    assert json.loads(summary.result) == 15
    assert Path(tmp_path / "j.db").stat().st_mode & 0o777 == 0o600
