import asyncio
import concurrent.futures
import http.client
import itertools
import json
import threading
from dataclasses import replace

import pytest

from perdure_local.deliveries import LARGEST_RESPONSE, Answered, Delivery
from perdure_local.ledger import Failed
from perdure_local.worker_api import Phase, RuntimeApi, Session
from support.local_service import served

BASE = "/2018-06-01/runtime"
DELIVERY = Delivery(
    request_id="r1",
    invocation_id="i1",
    body='{"ä": 1}'.encode(),
    function_arn="arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
    trace_id="Root=1",
)


class Bench:
    """A worker's API, with this test as the worker and as the service behind it."""

    def __init__(self, host, port, loop, api):
        self.address, self.loop, self.api = (host, port), loop, api
        self.endings = []

    def on_loop(self, work):
        async def run():
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    @property
    def session(self):
        return self.api.session

    def ask(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection(*self.address, timeout=10)
        try:
            connection.request(method, path if path.startswith("//") else BASE + path, body, dict(headers))
            response = connection.getresponse()
            read = response.read()
            assert response.headers["Content-Type"]
            return response.status, dict(response.headers), read
        finally:
            connection.close()

    def refused(self, *request):
        status, _, body = self.ask(*request)
        return status, json.loads(body)["errorType"]

    def deliver(self, delivery=DELIVERY):
        """Ask for work on a thread, wait until the API knows, and give it some."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self.ask, "GET", "/invocation/next")
            self.until(Phase.READY)
            self.ending = self.on_loop(lambda: self.session.deliver(delivery))
            return asked.result(10)

    def until(self, phase):
        reached = threading.Event()

        async def wait():
            while self.session.phase is not phase:
                self.session.changed.clear()
                await self.session.changed.wait()
            reached.set()

        asyncio.run_coroutine_threadsafe(wait(), self.loop)
        assert reached.wait(10)


@pytest.fixture(scope="module")
def server():
    made = []

    def make():
        made.append(RuntimeApi())
        return made[0]

    with served(make) as (host, port, loop):
        yield Bench(host, port, loop, made[0])


@pytest.fixture
def bench(server):
    server.api.session = server.on_loop(lambda: Session(lambda: 1234))
    return server


def test_an_invocation_with_all_its_headers(bench):
    status, headers, body = bench.deliver()
    assert (status, body) == (200, DELIVERY.body)
    lower = {name.lower(): value for name, value in headers.items()}
    assert lower["content-type"] == "application/json"
    expected = {
        "Aws-Request-Id": "r1",
        "Invocation-Id": "i1",
        "Deadline-Ms": "1234",
        "Invoked-Function-Arn": DELIVERY.function_arn,
        "Trace-Id": "Root=1",
    }
    assert {name: lower[f"lambda-runtime-{name.lower()}"] for name in expected} == expected


def test_a_tenant_travels_with_its_invocations_only(bench):
    _, headers, _ = bench.deliver(replace(DELIVERY, tenant_id="blue"))
    assert {name.lower(): value for name, value in headers.items()}["lambda-runtime-aws-tenant-id"] == "blue"
    bench.ask("POST", "/invocation/r1/response", b"1")
    _, headers, _ = bench.deliver()
    assert "lambda-runtime-aws-tenant-id" not in {name.lower() for name in headers}


def test_a_response_ends_the_invocation(bench):
    bench.deliver()
    status, _, body = bench.ask("POST", "/invocation/r1/response", b"42", [("Lambda-Runtime-Invocation-Id", "i1")])
    assert (status, json.loads(body)) == (202, {"status": "OK"})
    assert bench.ending.result() == Answered(b"42")
    assert bench.session.phase is Phase.RESPONDED
    assert bench.deliver()[0] == 200


def test_an_error_ends_the_invocation(bench):
    bench.deliver()
    report = {"errorMessage": "no", "errorType": "ValueError", "requestId": "r1", "stackTrace": ["a"]}
    assert bench.ask("POST", "/invocation/r1/error", json.dumps(report))[0] == 202
    assert bench.ending.result() == Failed({"ErrorMessage": "no", "ErrorType": "ValueError", "StackTrace": ["a"]})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", {"ErrorType": "Function.Odd", "ErrorMessage": ""}),
        (b"text", {"ErrorType": "Function.Odd", "ErrorMessage": "text"}),
        (b"{}", {"ErrorType": "Function.Odd", "ErrorMessage": "{}"}),
        (b'{"errorMessage": 1}', {"ErrorType": "Function.Odd", "ErrorMessage": '{"errorMessage": 1}'}),
        (b'{"errorMessage": "no"}', {"ErrorType": "Function.Odd", "ErrorMessage": "no"}),
    ],
)
def test_any_report_of_an_error_will_do(bench, body, expected):
    bench.deliver()
    assert (
        bench.ask("POST", "/invocation/r1/error", body, [("Lambda-Runtime-Function-Error-Type", "Function.Odd")])[0]
        == 202
    )
    assert bench.ending.result().error == expected


def test_a_response_that_is_too_large_fails_the_invocation_and_the_worker_goes_on(bench):
    bench.deliver()
    assert bench.refused("POST", "/invocation/r1/response", b"x" * (LARGEST_RESPONSE + 1)) == (
        413,
        "RequestEntityTooLarge",
    )
    assert bench.ending.result().error["ErrorType"] == "Function.ResponseSizeTooLarge"
    assert bench.deliver()[0] == 200


def test_the_largest_response_passes(bench):
    bench.deliver()
    assert bench.ask("POST", "/invocation/r1/response", b"x" * LARGEST_RESPONSE)[0] == 202


def test_ids_that_are_not_current(bench):
    bench.deliver()
    assert bench.refused("POST", "/invocation/r0/response", b"1") == (400, "InvalidRequestID")
    wrong = [("Lambda-Runtime-Invocation-Id", "i0")]
    assert bench.refused("POST", "/invocation/r1/response", b"1", wrong) == (400, "InvalidRequestID")
    assert bench.ask("POST", "/invocation/r1/response", b"1")[0] == 202
    assert bench.refused("POST", "/invocation/r1/response", b"1") == (400, "InvalidRequestID")
    assert bench.refused("POST", "/invocation/r1/error", b"1") == (400, "InvalidRequestID")


def test_calls_out_of_turn(bench):
    assert bench.refused("POST", "/invocation/r1/response", b"1") == (403, "InvalidStateTransition")
    bench.deliver()
    assert bench.refused("GET", "/invocation/next") == (403, "InvalidStateTransition")
    assert bench.refused("POST", "/init/error", b"{}") == (403, "InvalidStateTransition")


def test_an_init_error_is_kept_for_the_invocation_to_come(bench):
    report = {"errorMessage": "Unable to import module 'app'", "errorType": "Runtime.ImportModuleError"}
    assert bench.ask("POST", "/init/error", json.dumps(report))[0] == 202
    assert bench.session.init_failure.is_final
    assert bench.session.init_failure.error["ErrorType"] == "Runtime.ImportModuleError"
    assert bench.refused("GET", "/invocation/next") == (403, "InvalidStateTransition")


def test_a_worker_that_hung_up_gets_no_invocation(bench):
    connection = http.client.HTTPConnection(*bench.address)
    connection.request("GET", BASE + "/invocation/next")
    bench.until(Phase.READY)
    connection.close()
    bench.until(Phase.STARTED)
    assert bench.deliver()[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/invocation"),
        ("POST", "/invocation/next"),
        ("GET", "/invocation/r1/response"),
        ("POST", "/restore/next"),
        ("GET", "//2015-01-01/runtime/invocation/next"),
    ],
)
def test_paths_that_lead_nowhere(bench, method, path):
    assert bench.refused(method, path)[0] == 404


def test_work_is_given_only_to_a_worker_that_asked(bench):
    with pytest.raises(RuntimeError, match="in phase Started takes no invocation"):
        bench.on_loop(lambda: bench.session.deliver(DELIVERY))


def test_a_second_request_for_work_is_refused_and_the_first_is_served(bench):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(bench.ask, "GET", "/invocation/next")
        bench.until(Phase.READY)
        assert bench.refused("GET", "/invocation/next") == (403, "InvalidStateTransition")
        bench.on_loop(lambda: bench.session.deliver(DELIVERY))
        assert first.result(10)[0] == 200


@pytest.mark.parametrize("path", ["/invocation/r1/error", "/invocation/r1/response"])
def test_of_a_body_without_end_no_more_is_kept_than_is_taken(bench, path):
    bench.deliver()
    parts = itertools.repeat(b'"' + b"x" * (1024 * 1024), 8)
    assert bench.ask("POST", path, parts)[0] == (202 if path.endswith("error") else 413)
    assert len(str(bench.ending.result().error)) < 10_000
