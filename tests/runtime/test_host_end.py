"""What a host does when its process is about to end, and when it was restored from a snapshot."""

import json
import threading

import pytest

from perdure import durable
from perdure_runtime import plain
from perdure_runtime.host import Host
from support.colours import both
from support.hosting import LambdaContext, NoTicker
from support.ledger_service import Harness, LedgerService, succeeded
from support.loopback import Loopback, answer
from support.scripted_service import Scripted, refused
from support.service_values import ARN

PENDING = b'{"Status":"PENDING"}'


class Hosted:
    """A workflow on a host that a test can end."""

    def __init__(self, workflow, service=None):
        self.service = service or LedgerService()
        self.host = Host(
            lambda: self.service,
            task_root="/",
            clock=lambda: self.service.clock.now,
            ticker=NoTicker(),
            randomness=lambda: 1.0,
        )
        prepared = self.host.prepare(durable(workflow))
        self.harness = Harness(lambda event: prepared.answer(event, LambdaContext()), self.service)

    @property
    def moves(self):
        return [request.moves for request in self.service.requests]

    def end(self):
        """End the host as a loop does: from another thread, while user code is in the middle of something."""
        thread = threading.Thread(target=self.host.end)
        thread.start()
        thread.join()


@both
def test_what_is_queued_is_sent(colour):
    sent = []

    def body():
        hosted.end()
        sent.extend(hosted.moves)
        return 1

    @colour
    def workflow(event, ctx):
        return (yield ctx.step(body))

    hosted = Hosted(workflow)
    hosted.harness.run()
    assert sent == [["STEP START"]]
    assert succeeded(hosted.harness.execution) == 1


@both
def test_no_body_begins_any_more(colour):
    ran = []

    def body(number):
        ran.append(number)
        hosted.end()

    @colour
    def workflow(event, ctx):
        yield ctx.step(body, 1)
        yield ctx.step(body, 2)

    hosted = Hosted(workflow)
    hosted.harness.invoke()
    assert ran == [1]
    assert hosted.harness.outputs == [PENDING]
    assert hosted.moves[-1] == ["STEP RETRY"]


def test_first_body_of_an_invocation_does_not_begin_either():
    ran = []

    def workflow(event, ctx):
        hosted.end()
        ctx.step("late", lambda: ran.append(1))

    hosted = Hosted(workflow)
    hosted.harness.invoke()
    assert (ran, hosted.harness.outputs) == ([], [PENDING])


def test_request_on_its_way_is_waited_for_and_does_not_wait_itself():
    class Ending(LedgerService):
        def checkpoint(self, *request):
            if not threads:
                threads.append(threading.Thread(target=hosted.host.end))
                threads[0].start()
            return super().checkpoint(*request)

    threads = []
    hosted = Hosted(lambda event, ctx: ctx.step("one", lambda: 1), Ending())
    hosted.harness.invoke()
    threads[0].join()
    assert succeeded(hosted.harness.execution) == 1


def test_service_that_refuses_is_told_to_the_workflow_not_to_who_ends():
    def body():
        hosted.host.end()

    service = Scripted(1, refused("Throttled", retryable=True))
    hosted = Hosted(lambda event, ctx: ctx.step(body), service)
    hosted.harness.invoke()
    assert "Throttled" in str(hosted.harness.outputs[0])


def test_host_keeps_nothing_of_an_invocation_that_is_over():
    hosted = Hosted(lambda event, ctx: seen.append(hosted.host.committer))
    seen = []
    hosted.harness.run()
    assert seen[0] is not None
    assert hosted.host.committer is None
    hosted.end()
    assert [request.call for request in hosted.service.requests] == []


def environ(port, **more):
    return {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{port}", **more}


@pytest.mark.parametrize("ends", [Host.end, Host.renew])
def test_connection_is_closed(ends):
    with Loopback([]) as server:
        host = Host.from_environment(environ(server.port, AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s"))
        ends(host)  # with none chosen yet
        service = host.service()
        service.connect()
        assert "open" in repr(service)
        ends(host)
        assert "closed" in repr(service)
        server.await_end(1)


def test_credentials_of_a_container_are_asked_for_anew_after_a_restore():
    def given(key):
        credentials = {"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": "2100-01-01T00:00:00Z"}
        return [answer(json.dumps(credentials).encode(), Connection="close")]

    page = answer(b'{"Operations":[]}')
    with Loopback([page, page], [page]) as server, Loopback(given("BEFORE"), given("AFTER")) as provider:
        surroundings = environ(
            server.port,
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://127.0.0.1:{provider.port}/credentials",
            AWS_CONTAINER_AUTHORIZATION_TOKEN="before",
        )
        host = Host.from_environment(surroundings)
        for _ in range(2):
            host.service().get_state(ARN, "token", "marker")
        host.renew()
        surroundings["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "after"
        host.service().get_state(ARN, "token", "marker")
        host.end()
        signed = [request.headers["Authorization"].partition("Credential=")[2] for request in server.requests]
        asked = [request.headers["Authorization"] for request in provider.requests]
    assert [name.partition("/")[0] for name in signed] == ["BEFORE", "BEFORE", "AFTER"]
    assert [request.connection for request in server.requests] == [0, 0, 1]
    assert asked == ["before", "after"]


def test_client_that_the_user_gave_stays():
    client = LedgerService()
    host = Host.from_environment({}, client=client)
    assert host.service() is client
    host.renew()
    host.end()
    assert host.service() is client


def test_functions_called_as_plain_handlers_have_hosts_that_can_be_found(monkeypatch):
    monkeypatch.setattr(plain, "_prepared", {})
    assert plain.hosts() == ()
    service = LedgerService()
    seen = []
    workflow = durable(client=service)(lambda event, ctx: seen.extend(plain.hosts()))
    Harness(lambda event: json.dumps(workflow(json.loads(event), LambdaContext())).encode(), service).run()
    assert seen == list(plain.hosts())
    assert len(seen) == 1
