"""Callers of a synchronous Invoke that do not stay to its end, and a service that does not either."""

import http.client
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from support.api_calls import SUCCEED, invoke, raw
from support.local_service import InProcessService, closed_in_flight, lambda_client

INVOKE = "/2015-03-31/functions/f/invocations?Qualifier=$LATEST"


@pytest.fixture
def release():
    """What the handler waits for."""
    return threading.Event()


@pytest.fixture
def service(release):
    with InProcessService() as opened:
        opened.host("f", lambda envelope: release.wait(10) and SUCCEED)
        yield opened
        release.set()


def until_waited_for(service, count):
    """Wait until the service holds open `count` calls that wait for the end of an execution."""
    executions, deadline = service._running.executions, time.monotonic() + 10
    while sum(len(entry.ended._waiters) for entry in executions._entries.values()) != count:
        assert time.monotonic() < deadline
        os.sched_yield()


def test_a_caller_that_hangs_up_leaves_nothing_that_waits(service, release):
    address = urlsplit(service.endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("POST", INVOKE, b"{}")
    until_waited_for(service, 1)
    connection.close()
    until_waited_for(service, 0)
    release.set()
    (summary,) = service.executions("f")
    assert service.wait(summary.arn, 10).status == "SUCCEEDED"


def test_a_caller_that_stays_is_answered_on_the_connection_it_has(service, release):
    release.set()
    with lambda_client(service.endpoint) as client:
        for _ in range(3):
            assert invoke(client, "f")[1] == b'"done"'


def test_a_service_that_is_closed_says_so_to_those_who_wait(service, release, caplog):
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(raw, service, "POST", INVOKE, b"{}")
        until_waited_for(service, 1)
        closed_in_flight(service, release)
        status, code, body = waiting.result(10)
    assert (status, code) == (500, "ServiceException")
    assert "the service stopped while" in body["Message"]
    assert "Traceback" not in caplog.text
