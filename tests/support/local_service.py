"""The local service for tests: workers that are plain functions of this process, or a runtime of a few lines."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import orjson
from botocore.config import Config

from perdure_local import Fault, Function, LocalService
from perdure_local.deliveries import Answered, Delivery, Ending
from perdure_local.http_server import HttpServer
from perdure_local.ledger import ErrorObject, Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    Handler = Callable[[dict[str, Any]], Any]

PATIENCE = 30.0
TINY_RUNTIME = Path(__file__).with_name("tiny_runtime.py")
"""A Lambda runtime of a few lines, to be started as a worker: `(sys.executable, TINY_RUNTIME)`."""


class InProcessWorker:
    """Runs a delivery by calling a function on a thread."""

    def __init__(self, handler: Handler, deliveries: list[Delivery]) -> None:
        self._handler = handler
        self._deliveries = deliveries

    async def run(self, delivery: Delivery) -> Ending:
        self._deliveries.append(delivery)
        try:
            output = await asyncio.to_thread(self._handler, orjson.loads(delivery.body))
        except Exception as error:  # noqa: BLE001 - a function error, whatever it is
            return Failed(ErrorObject(ErrorType=type(error).__name__, ErrorMessage=str(error)))
        return Answered(output if isinstance(output, bytes) else orjson.dumps(output))


class InProcessPool:
    """As many such workers as are asked for."""

    def __init__(self, function: Function, handler: Handler, deliveries: list[Delivery]) -> None:
        self.function = function
        self._worker = InProcessWorker(handler, deliveries)

    async def acquire(self) -> InProcessWorker:
        return self._worker

    def release(self, worker: InProcessWorker) -> None:
        pass


class InProcessService(LocalService):
    """A local service whose functions are callables `handler(envelope) -> output`."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.deliveries: list[Delivery] = []
        """What its workers were handed, in order."""

    def host(self, name: str, handler: Handler, *, take_up: bool = True, **options: Any) -> Function:
        function = Function(name=name, handler="in.process", **options)

        async def serve() -> None:
            pool = InProcessPool(function, handler, self.deliveries)
            self._running.executions.serve(pool, take_up=take_up)  # type: ignore[arg-type]

        self._call(serve())
        return function


class Script:
    """A handler that makes the given checkpoints, one for each invocation, and then succeeds."""

    def __init__(self, service: LocalService, *batches: list[dict[str, Any]]) -> None:
        self.service, self.batches = service, list(batches)
        self.calls: list[dict[str, Any]] = []

    def __call__(self, envelope: dict[str, Any]) -> dict[str, Any]:
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


def operation(envelope: dict[str, Any], name: str = "A") -> dict[str, Any]:
    """An operation as an invocation is shown it."""
    found: dict[str, Any] = next(one for one in envelope["InitialExecutionState"]["Operations"] if one["Id"] == name)
    return found


def kinds_of(service: LocalService, arn: str) -> list[str]:
    """The types of an execution's events."""
    return [event["EventType"] for event in service.history(arn)]


def await_execution(service: LocalService, arn: str) -> None:
    """Wait until there is such an execution."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            service.history(arn)
        except Fault:
            assert time.monotonic() < end, f"{arn} is not there"
            time.sleep(0.002)
        else:
            return


def await_kind(service: LocalService, arn: str, kind: str) -> None:
    """Wait until an event of this type is in the history of an execution."""
    end = time.monotonic() + PATIENCE
    while kind not in kinds_of(service, arn):
        assert time.monotonic() < end, kinds_of(service, arn)
        time.sleep(0.002)


def closed_in_flight(service: InProcessService, release: threading.Event) -> None:
    """Close a service whose handler is held, then let the handler go."""
    executions = service._running.executions
    closing = threading.Thread(target=service.close)
    closing.start()
    while executions._is_open:
        os.sched_yield()
    release.set()
    closing.join(10)
    assert not closing.is_alive()


@contextlib.contextmanager
def lambda_client(endpoint: str, user_agent: str | None = None) -> Iterator[Any]:
    """A boto3 client of the service, without retries; closed at the end."""
    client = boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30, user_agent_extra=user_agent),
    )
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def served(make: Callable[[], ASGIApp]) -> Iterator[tuple[str, int, asyncio.AbstractEventLoop]]:
    """Serve the application that `make` returns, made on the loop it is served on: host, port, loop."""
    up: list[Any] = []
    is_up = threading.Event()

    async def serve() -> None:
        server, stopping = HttpServer(make()), asyncio.Event()
        server.start()
        up.extend([server.address, asyncio.get_running_loop(), stopping])
        is_up.set()
        await stopping.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert is_up.wait(10)
    address, loop, stopping = up
    host, port = address.split(":")
    try:
        yield host, int(port), loop
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)
