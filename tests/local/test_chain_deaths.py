"""A service that is killed at every write of a workflow that invokes functions and waits for a callback.

Whatever was written stands, whatever was wanted comes to pass, and there is one child, however often it was begun.
"""

import json
import signal
import subprocess
import sys
import textwrap

import pytest

from perdure_local import LocalService
from support.local_service import TINY_RUNTIME

pytestmark = pytest.mark.slow

APP = """
    import json, os, urllib.parse, urllib.request

    def checkpoint(event, *updates):
        arn = urllib.parse.quote(event["DurableExecutionArn"], safe="")
        url = f"{os.environ['AWS_ENDPOINT_URL_LAMBDA']}/2025-12-01/durable-executions/{arn}/checkpoint"
        body = json.dumps({"CheckpointToken": event["CheckpointToken"], "Updates": updates}).encode()
        with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
            return json.load(answer)

    def invoke(name, function, payload):
        target = {"FunctionName": function}
        what = {"Id": name, "Type": "CHAINED_INVOKE", "Action": "START"}
        return {**what, "ChainedInvokeOptions": target, "Payload": payload}

    def parent(event, headers):
        have = {one["Id"]: one for one in event["InitialExecutionState"]["Operations"]}
        if "A" not in have:
            checkpoint(event, invoke("A", "child:$LATEST", "20"), invoke("B", "plain", "1"))
        if {have.get(name, {}).get("Status") for name in "AB"} != {"SUCCEEDED"}:
            return {"Status": "PENDING"}
        total = sum(int(have[name]["ChainedInvokeDetails"]["Result"]) for name in "AB")
        return {"Status": "SUCCEEDED", "Result": str(total)}

    def child(event, headers):
        operations = event["InitialExecutionState"]["Operations"]
        if len(operations) == 1:
            checkpoint(event, {"Id": "C", "Type": "CALLBACK", "Action": "START"})
            return {"Status": "PENDING"}
        if operations[1]["Status"] != "SUCCEEDED":
            return {"Status": "PENDING"}
        added = int(operations[1]["CallbackDetails"]["Result"])
        return {"Status": "SUCCEEDED", "Result": str(int(operations[0]["ExecutionDetails"]["InputPayload"]) + added)}

    def plain(event, headers):
        with open("calls", "a") as calls:
            print(event, file=calls)
        return event + 1
"""

SERVICE = """
    import json, os, signal, sys, threading, urllib.parse, urllib.request
    from perdure_local import CallbackCreated, LocalService
    from perdure_local.store import Store

    path, root, runtime, moment, last = sys.argv[1:]
    writes = 0

    def write_and_die(store, changes, write=Store.write):
        global writes
        writes += 1
        if moment == "before" and writes == int(last):
            os.kill(os.getpid(), signal.SIGKILL)
        write(store, changes)
        if moment == "after" and writes == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    def answer():
        with urllib.request.urlopen(f"{service.endpoint}/perdure/callbacks") as listed:
            waiting = json.load(listed)["Callbacks"]
        for one in waiting:
            name = urllib.parse.quote(one["CallbackId"], safe="")
            url = f"{service.endpoint}/2025-12-01/durable-execution-callbacks/{name}/succeed"
            urllib.request.urlopen(urllib.request.Request(url, b"300", method="POST")).close()

    Store.write = write_and_die
    with LocalService(path) as service:
        arrived = threading.Event()
        service.subscribe(lambda notice: isinstance(notice, CallbackCreated) and arrived.set())
        for name in ("parent", "child", "plain"):
            service.add_function(
                name, f"app.{name}", task_root=root, command=(sys.executable, runtime), is_durable=name != "plain"
            )
        arn = service.start("parent", "{}", "one")
        if not any(event["EventType"] == "CallbackStarted" for one in service.executions("child")
                   for event in service.history(one.arn)):
            arrived.wait(30)
        answer()
        print(service.wait(arn, 30).result, flush=True)
"""


@pytest.mark.parametrize("moment", [pytest.param("before", marks=pytest.mark.long), "after"])
def test_a_service_may_be_killed_at_any_write(tmp_path, moment):
    (tmp_path / "serve.py").write_text(textwrap.dedent(SERVICE))
    deaths = 0
    while True:
        deaths += 1
        folder = tmp_path / str(deaths)
        folder.mkdir()
        (folder / "app.py").write_text(textwrap.dedent(APP))
        has_died = serve(folder, moment, deaths) is None
        if has_died:
            assert serve(folder, "never", 0) == "322"
        check_the_end(folder)
        if not has_died:
            break
    assert deaths > 8, "there are more writes than that"


def serve(folder, moment, last):
    """Run the service; what it came to, None for one that was killed."""
    command = [sys.executable, "../serve.py", str(folder / "j.db"), str(folder), str(TINY_RUNTIME), moment, str(last)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.stdout.strip() if done.returncode == 0 else None


def check_the_end(folder):
    with LocalService(folder / "j.db") as service:
        (parent,) = service.executions("parent")
        (child,) = service.executions("child")
        history = service.history(parent.arn)
    assert (parent.result, child.result, child.parent) == ("322", "320", parent.arn)
    kinds = [event["EventType"] for event in history]
    for kind in ("ChainedInvokeStarted", "ChainedInvokeSucceeded"):
        assert kinds.count(kind) == 2
    assert json.loads(parent.result) == 322
    assert set((folder / "calls").read_text().split()) == {"1"}
