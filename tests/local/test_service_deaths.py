"""Workers and services that die, as processes of their own: what was acknowledged is kept, and is not run again."""

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from perdure_local import ExecutionFinished, LocalService, LogLine
from support.local_service import TINY_RUNTIME

pytestmark = pytest.mark.slow


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
    import os, signal, sys
    from perdure_local import LocalService
    from perdure_local.store import Store

    path, root, runtime, *dies = sys.argv[1:]

    def write_and_die(store, changes, write=Store.write):
        changes = list(changes)
        has_come = any(operation.id == "S3" for change in changes for operation in change.operations)
        if has_come and dies == ["before"]:
            os.kill(os.getpid(), signal.SIGKILL)
        write(store, changes)
        if has_come and dies == ["after"]:
            os.kill(os.getpid(), signal.SIGKILL)

    Store.write = write_and_die
    with LocalService(path, skip_time=True) as service:
        service.add_function("f", "app.workflow", task_root=root, command=(sys.executable, runtime))
        service.subscribe(lambda notice: print(type(notice).__name__, flush=True))
        arn = service.start("f", "{}", "one")
        print(service.wait(arn, 30).result, flush=True)
"""


@pytest.mark.parametrize("when", ["ExecutionStarted", "InvocationStarted", "OperationSucceeded"])
def test_a_service_that_is_killed_loses_nothing_it_acknowledged(folder, when):
    serve(folder, until=when)
    assert serve(folder)[-1] == "15"
    noted = journal_of(folder)
    assert {number for _, number in noted} == set("12345")
    for place, (what, number) in enumerate(noted):
        assert what != "acknowledged" or ("ran", number) not in noted[place:]
    check_the_end(folder)


@pytest.mark.parametrize(("moment", "runs"), [("before", 2), ("after", 1)])
def test_a_kill_between_the_write_and_its_answer_costs_no_step(folder, moment, runs):
    serve(folder, moment)
    assert ("acknowledged", "3") not in journal_of(folder)
    assert serve(folder)[-1] == "15"
    assert [journal_of(folder).count(("ran", number)) for number in "12345"] == [1, 1, runs, 1, 1]
    check_the_end(folder)


@pytest.fixture
def folder(tmp_path):
    """A folder with the workflow, which is not to die by itself, and the service that is."""
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    (tmp_path / "died").touch()
    (tmp_path / "serve.py").write_text(textwrap.dedent(SERVICE))
    return tmp_path


def serve(folder, *dies, until="never"):
    """Run the service to its end, and return what it said."""
    command = [sys.executable, "serve.py", str(folder / "j.db"), str(folder), str(TINY_RUNTIME), *dies]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        told = []
        for line in process.stdout:
            told.append(line.strip())
            if line.strip() == until:
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.read()
    return told


def check_the_end(folder):
    with LocalService(folder / "j.db") as service:
        (summary,) = service.executions("f")
        steps = [event for event in service.history(summary.arn) if event["EventType"] == "StepSucceeded"]
    assert [event["Id"] for event in steps] == ["S1", "S2", "S3", "S4", "S5"]
    assert json.loads(summary.result) == 15
    assert Path(folder / "j.db").stat().st_mode & 0o777 == 0o600
