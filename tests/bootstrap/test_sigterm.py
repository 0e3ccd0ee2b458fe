"""What SIGTERM does to a process that is in the middle of an invocation: real processes, real signals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.loopback import Loopback, Move, answer
from support.runtime_api import ARN, Delivery, ScriptedRuntimeApi
from support.runtime_process import RuntimeProcess

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from support.loopback import Step

    Write = Callable[..., Path]

EXECUTION = "7d6c5d2c-0000-4000-8000-000000000000"
OPERATION = {
    "Id": EXECUTION,
    "Type": "EXECUTION",
    "Status": "STARTED",
    "StartTimestamp": 1_795_260_452_000,
    "ExecutionDetails": {"InputPayload": "{}"},
}
ENVELOPE = {
    "DurableExecutionArn": f"{ARN}/durable-execution/order-1/{EXECUTION}",
    "CheckpointToken": "token-1",
    "InitialExecutionState": {"Operations": [OPERATION]},
}
RECORDED = answer(b'{"CheckpointToken":"token-2","NewExecutionState":{"Operations":[]}}')
WORKFLOW = """
import os, signal, threading, time
from functools import wraps
from pathlib import Path
from perdure import AsyncContext, Context, durable
from perdure_bootstrap import run
from perdure_bootstrap.loop import Loop
from perdure_runtime.drivers.ticker import Ticker

def body():
    print("partial", end="")
    os.kill(os.getpid(), signal.SIGTERM)
    while not Path("recorded").exists():
        time.sleep(0.005)

@durable
def handler(event: dict, ctx: Context) -> None:
    ctx.step(body)

@durable
async def asynchronous(event: dict, ctx: AsyncContext) -> None:
    await ctx.step(body)

@wraps(handler)
def instrumented(event, context):
    return handler(event, context)

if __name__ == "__main__":
    # What is sent, is sent because of the signal; and as much time as it takes, on whatever machine.
    Ticker.watch = lambda self, committer: None
    Loop.__init__.__kwdefaults__["patience"] = 60.0
    run(globals()[os.environ["_HANDLER"]])
"""


class Recording(Loopback):
    """Creates a file when the first request has arrived, for user code in another process to see."""

    def __init__(self, *connections: Sequence[Step], told: Path) -> None:
        super().__init__(*connections)
        self._told = told

    def _read(self, number: int, sock: socket.socket, move: Step) -> bool:
        arrived = super()._read(number, sock, move)
        self._told.touch()
        return arrived


def environ(server: Loopback) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.port}",
    }


@pytest.mark.slow
@pytest.mark.parametrize("handler", ["handler", "instrumented", "asynchronous"])
def test_what_is_queued_is_sent_while_user_code_goes_on(
    api: ScriptedRuntimeApi, write_app: Write, handler: str
) -> None:
    api.push(Delivery(json.dumps(ENVELOPE).encode()))
    root = write_app(WORKFLOW)
    # The second request comes on the first connection where it is made before that is closed.
    with (
        Recording([RECORDED, RECORDED], [RECORDED], told=root / "recorded") as server,
        RuntimeProcess(api.address, root, handler, environ=environ(server), command=["app.py"]) as runtime,
    ):
        api.take("next")
        assert json.loads(api.take("response").body)["Status"] == "SUCCEEDED"
        ended = runtime.wait()
        updates = [json.loads(request.body)["Updates"] for request in server.requests]
    assert [[update["Action"] for update in batch] for batch in updates] == [["START"], ["SUCCEED"]]
    assert ended == (0, "partial", "")


@pytest.mark.slow
def test_service_that_does_not_answer_does_not_hold_the_process(api: ScriptedRuntimeApi, write_app: Write) -> None:
    api.push(Delivery(json.dumps(ENVELOPE).encode()))
    root = write_app(WORKFLOW)
    with (
        Loopback([Move.STAY_SILENT]) as server,
        RuntimeProcess(api.address, root, environ=environ(server)) as runtime,
    ):
        api.take("next")
        ended = runtime.wait()
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout.startswith("partial")
    assert "SIGTERM: the process ends in the middle of an invocation, which stays without an answer." in ended.stdout
    assert "Not all that was queued could be sent." in ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["socket", "native"])
def test_plain_handler_that_goes_on_is_ended(api: ScriptedRuntimeApi, write_app: Write, choice: str) -> None:
    root = write_app("""
        import os, signal, threading

        def handler(event, context):
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait()
    """)
    api.push(Delivery())
    with RuntimeProcess(api.address, root, environ={"PERDURE_RUNTIME_API": choice}) as runtime:
        api.take("next")
        ended = runtime.wait()
    assert (ended.status, ended.stderr) == (0, "")
    assert "SIGTERM: the process ends in the middle of an invocation" in ended.stdout


@pytest.mark.slow
def test_signal_from_outside_ends_an_invocation_that_waits(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("""
        import socket
        import time

        def handler(event, context):
            with socket.create_connection(("127.0.0.1", event)) as here:
                here.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
                here.recv(1000)
            time.sleep(3600)
    """)
    with Loopback([answer()]) as elsewhere:
        api.push(Delivery(str(elsewhere.port).encode()))
        with RuntimeProcess(api.address, root) as runtime:
            api.take("next")
            elsewhere.await_end(1)
            assert runtime.terminate().status == 0


@pytest.mark.slow
def test_users_own_handler_of_the_signal_is_reached_in_an_invocation(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("""
        import os, signal, threading

        signal.signal(signal.SIGTERM, lambda *_: os._exit(9))

        def handler(event, context):
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait()
    """)
    api.push(Delivery())
    with RuntimeProcess(api.address, root) as runtime:
        api.take("next")
        assert runtime.wait() == (9, "", "")
