"""What is read is on disk: no answer tells what a crash could still undo."""

import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from perdure_local.store import Store
from support.api_calls import raw
from support.local_service import InProcessService


class Gate:
    """Lets the writes of a store pass one by one."""

    def __init__(self, write):
        self._write = write
        self.is_shut = False
        self._asks, self._lets = threading.Semaphore(0), threading.Semaphore(0)

    def write(self, store, changes):
        changes = list(changes)
        if self.is_shut:
            self._asks.release()
            assert self._lets.acquire(timeout=10)
        self._write(store, changes)

    def arrived(self):
        """Wait until a write is at the gate."""
        assert self._asks.acquire(timeout=10)

    def let(self):
        self._lets.release()

    @contextlib.contextmanager
    def shut(self):
        self.is_shut = True
        try:
            yield
        finally:
            self.is_shut = False
            for _ in range(8):
                self.let()


@pytest.fixture
def gate(monkeypatch):
    gate = Gate(Store.write)

    def write(store, changes):
        gate.write(store, changes)

    monkeypatch.setattr(Store, "write", write)
    return gate


@pytest.fixture
def service(gate):
    """A service whose functions f and g have one execution each, with an invocation that is held."""
    release, arrived = threading.Event(), threading.Semaphore(0)

    def hold(envelope):
        arrived.release()
        release.wait(10)
        return {"Status": "SUCCEEDED"}

    with InProcessService() as opened:
        for name in ("f", "g"):
            opened.host(name, hold)
            opened.start(name, b"{}")
            assert arrived.acquire(timeout=10)
        yield opened
        release.set()


def arn(service, function):
    (summary,) = [one.spec for one in service._running.executions.of_function(function)]
    return summary.arn


def ask(service, path):
    status, _, body = raw(service, "GET", f"/2025-12-01/{path}?IncludeExecutionData=false")
    assert status == 200
    return str(body)


def address(service):
    return quote(arn(service, "f"), safe="")


@pytest.mark.parametrize(
    "read",
    [
        lambda service: str(service.executions("f")),
        lambda service: str(service.history(arn(service, "f"))),
        lambda service: str(service.notices(arn(service, "f"))),
        lambda service: ask(service, f"durable-executions/{address(service)}"),
        lambda service: ask(service, f"durable-executions/{address(service)}/history"),
        lambda service: ask(service, "functions/f/durable-executions"),
    ],
    ids=["executions", "history", "notices", "GET execution", "GET history", "GET list"],
)
def test_a_read_does_not_tell_of_a_write_that_came_after_it(service, gate, read):
    journal = service._running.executions._host.journal

    def until_waiting(count):
        deadline = time.monotonic() + 10
        while journal._waiting != count:
            assert time.monotonic() < deadline
            os.sched_yield()

    with ThreadPoolExecutor(3) as pool, gate.shut():
        before = pool.submit(service.stop, arn(service, "g"))
        gate.arrived()
        reading = pool.submit(read, service)
        until_waiting(2)
        gate.let()
        gate.arrived()  # the read's place among the writes
        after = pool.submit(service.stop, arn(service, "f"))
        until_waiting(2)
        gate.let()
        answer = reading.result(10)
        before.result(10)
        assert not after.done()
    assert "stopped" not in answer.lower()
    assert "stopped" in read(service).lower()
