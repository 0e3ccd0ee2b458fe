"""The connection that is opened before it is needed."""

import ssl
from pathlib import Path

import pytest

from perdure import ServiceError
from perdure_runtime.host import Host
from perdure_runtime.service.ahead import Ahead, lend, lent
from perdure_runtime.service.selection import Effects, service_from_environment
from support.loopback import Loopback, Move, answer
from support.service_values import ARN

CERTS = Path(__file__).parent / "certs"
PAGE = answer(b'{"Operations":[]}')
KEYS = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
TRUST = {"AWS_CA_BUNDLE": str(CERTS / "authority.pem")}


@pytest.fixture
def identity():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem")
    return context


def environ_of(server, **more):
    return {**KEYS, **TRUST, "AWS_ENDPOINT_URL": f"https://localhost:{server.port}", **more}


def at_once(run, arguments):
    """In place of a thread."""
    run(*arguments)


def no_thread(run, arguments):
    raise RuntimeError("can't start new thread")


class Caller:
    """A client of the service that uses what was opened ahead."""

    def __init__(self, environ, ahead):
        self.slept = []
        self.service = service_from_environment(
            environ, Effects(lambda: 1_700_000_000.0, self.slept.append, lambda: 1.0, print), ahead
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.service.close()

    def read(self):
        return self.service.get_state(ARN, "t", "m").operations


def test_connection_is_open_before_anything_is_asked(identity):
    with Loopback([PAGE, PAGE], tls=identity) as server:
        ahead = Ahead(environ_of(server), at_once)
        ahead.begin()
        assert server.accepted == 1
        with Caller(environ_of(server), ahead) as caller:
            assert caller.read() == caller.read() == []
        assert server.accepted == 1


def test_first_call_waits_for_the_connection_that_is_being_opened(identity):
    with Loopback([PAGE], tls=identity) as server:
        ahead = Ahead(environ_of(server))
        ahead.begin()
        ahead.begin()
        with Caller(environ_of(server), ahead) as caller:
            assert caller.read() == []
        assert server.accepted == 1


def test_connection_that_ended_meanwhile_is_replaced_at_once(identity):
    with Loopback([Move.HANG_UP], [PAGE], tls=identity) as server:
        ahead = Ahead(environ_of(server), at_once)
        ahead.begin()
        with Caller(environ_of(server), ahead) as caller:
            assert caller.read() == []
            assert caller.slept == []


def test_failure_is_left_to_the_first_call(capfd):
    with Loopback() as server:
        environ = environ_of(server)
    ahead = Ahead(environ, at_once)
    ahead.begin()
    with Caller(environ, ahead) as caller:
        assert capfd.readouterr() == ("", "")
        with pytest.raises(ServiceError, match="ConnectionFailed"):
            caller.read()


@pytest.mark.parametrize(
    "change",
    [
        *({"PERDURE_CONNECT_AHEAD": no} for no in ("0", "false", "No", " off ")),
        {"AWS_ENDPOINT_URL": "http://localhost:1"},
        {"AWS_ENDPOINT_URL": "nowhere"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_REGION": ""},
        {"AWS_ACCESS_KEY_ID": ""},
        {"HTTPS_PROXY": "http://proxy:3128", "AWS_ENDPOINT_URL": "https://elsewhere.example"},
    ],
)
def test_nothing_is_opened_where_it_is_not_wanted_or_not_of_use(change):
    ahead = Ahead({**KEYS, **TRUST, "AWS_ENDPOINT_URL": "https://localhost:1", **change}, no_thread)
    ahead.begin()
    assert ahead.take() is None


def test_where_no_thread_can_be_started_the_first_call_connects(identity):
    with Loopback([PAGE], tls=identity) as server:
        ahead = Ahead(environ_of(server), no_thread)
        ahead.begin()
        with Caller(environ_of(server), ahead) as caller:
            assert caller.read() == []


def test_connection_to_another_place_is_closed_and_not_used(identity):
    with Loopback([], tls=identity) as before, Loopback([PAGE], tls=identity) as after:
        ahead = Ahead(environ_of(before), at_once)
        ahead.begin()
        with Caller(environ_of(after), ahead) as caller:  # the handler's module changed the environment
            before.await_end(1)
            assert caller.read() == []


def test_connection_that_nobody_wants_any_more_is_closed_when_it_is_open(identity):
    with Loopback([], tls=identity) as server:
        begun = []
        ahead = Ahead(environ_of(server), lambda *thread: begun.append(thread))
        ahead.begin()
        ahead.close()
        at_once(*begun[0])
        server.await_end(1)
        assert ahead.take() is None


def test_host_closes_what_nobody_took_and_uses_what_is_opened_after_a_restore(identity):
    with Loopback([], [PAGE], tls=identity) as server:
        ahead = Ahead(environ_of(server), at_once)
        host = Host.from_environment(environ_of(server), ahead=ahead)
        ahead.begin()
        host.renew()
        server.await_end(1)
        ahead.begin()
        assert host.service().get_state(ARN, "t", "m").operations == []
        host.end()
        assert server.accepted == 2


def test_what_is_lent_last_counts():
    one, other = Ahead({}), Ahead({})
    lend(one)
    lend(other)
    assert lent() is other
