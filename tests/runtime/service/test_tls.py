import select
import ssl
from pathlib import Path

import certifi
import pytest

from perdure_runtime.service import tls
from perdure_runtime.service.connection import Connection
from perdure_runtime.service.tls import ROOTS, Trust, trust_in
from perdure_runtime.service.way import named_bundle
from support.loopback import Last, Loopback, answer

CERTS = Path(__file__).parent / "certs"
AUTHORITY = str(CERTS / "authority.pem")
STRANGER = str(CERTS / "stranger.pem")
REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


@pytest.fixture
def identity():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem")
    return context


def trusting(path):
    return lambda context: context.load_verify_locations(cafile=path)


def exchanged(trust, server, host="localhost", times=1):
    connection = Connection(lambda: trust.open(host, server.port))
    try:
        return [connection.exchange(REQUEST).body for _ in range(times)]
    finally:
        connection.close()


def test_a_server_that_the_store_vouches_for_is_spoken_to_over_one_connection(identity):
    with Loopback([answer(b"1"), answer(b"2")], tls=identity) as server:
        assert exchanged(Trust(trusting(AUTHORITY)), server, times=2) == [b"1", b"2"]
        assert server.accepted == 1


def test_a_server_is_known_by_its_address_too(identity):
    with Loopback([answer(b"1")], tls=identity) as server:
        assert exchanged(Trust(trusting(AUTHORITY)), server, host="127.0.0.1") == [b"1"]


def test_session_tickets_on_an_idle_connection_are_no_reason_to_replace_it(identity):
    with Loopback([answer(b"1")], tls=identity) as server:
        connection = Connection(lambda: Trust(trusting(AUTHORITY)).open("localhost", server.port))
        connection.connect()
        readable, _, _ = select.select([connection._transport], [], [], 10)
        assert readable
        assert connection.exchange(REQUEST).body == b"1"
        assert server.accepted == 1
        connection.close()


def test_a_connection_closed_with_a_farewell_is_replaced(identity):
    with Loopback([Last(answer(b"1"))], [answer(b"2")], tls=identity) as server:
        connection = Connection(lambda: Trust(trusting(AUTHORITY)).open("localhost", server.port))
        assert connection.exchange(REQUEST).body == b"1"
        server.await_end(1)
        assert connection.exchange(REQUEST).body == b"2"
        connection.close()


def test_a_server_that_no_store_knows_is_refused(identity):
    with Loopback([], [], tls=identity) as server:
        trust = Trust(trusting(STRANGER), trusting(STRANGER))
        with pytest.raises(ssl.SSLCertVerificationError):
            trust.open("localhost", server.port)
        server.await_end(2)
        assert server.requests == []


def test_a_certificate_for_another_name_is_refused():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "elsewhere.pem")
    with Loopback([], tls=context) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
            Trust(trusting(AUTHORITY)).open("localhost", server.port)
        server.await_end(1)


def test_the_second_store_is_tried_when_the_first_does_not_know_the_server_and_stays(identity):
    loaded = []

    def first(context):
        loaded.append("first")
        context.load_verify_locations(cafile=STRANGER)

    def second(context):
        loaded.append("second")
        context.load_verify_locations(cafile=AUTHORITY)

    trust = Trust(first, second)
    with Loopback([], [answer(b"1")], [answer(b"2")], tls=identity) as server:
        assert exchanged(trust, server) == [b"1"]
        assert exchanged(trust, server) == [b"2"]
        assert server.accepted == 3
    assert loaded == ["first", "second"]


def test_the_roots_in_the_package_are_tried_before_the_systems(identity, monkeypatch):
    # What the system trusts is not ours to say, except through OpenSSL's own variable.
    monkeypatch.setenv("SSL_CERT_FILE", AUTHORITY)
    with Loopback([], [answer(b"1")], tls=identity) as server:
        assert exchanged(trust_in(None), server) == [b"1"]


def test_the_store_of_amazon_linux_is_the_systems_wherever_the_interpreter_was_built(identity, monkeypatch):
    monkeypatch.setattr(tls, "_AMAZON_LINUX_STORE", AUTHORITY)
    with Loopback([], [answer(b"1")], tls=identity) as server:
        assert exchanged(trust_in(None), server) == [b"1"]


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_named_bundle_is_the_only_one(identity, name):
    with Loopback([answer(b"1")], tls=identity) as server:
        assert exchanged(trust_in(named_bundle({name: AUTHORITY})), server) == [b"1"]
    with Loopback([], tls=identity) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            trust_in(named_bundle({name: STRANGER})).open("localhost", server.port)
        server.await_end(1)


def test_the_bundle_for_aws_wins_over_the_general_one(identity):
    environ = {"SSL_CERT_FILE": STRANGER, "AWS_CA_BUNDLE": AUTHORITY}
    with Loopback([answer(b"1")], tls=identity) as server:
        assert exchanged(trust_in(named_bundle(environ)), server) == [b"1"]


def test_a_bundle_may_be_a_directory(identity, tmp_path):
    with Loopback([], tls=identity) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            trust_in(named_bundle({"AWS_CA_BUNDLE": str(tmp_path)})).open("localhost", server.port)
        server.await_end(1)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_cannot_be_loaded_is_named(tmp_path, content):
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(ConnectionError, match=r"cannot load the certificates of .*bundle\.pem"):
        trust_in(named_bundle({"AWS_CA_BUNDLE": str(bundle)})).open("localhost", 1)


def test_the_packages_roots_are_those_of_certifi():
    assert Path(ROOTS).read_text(encoding="ascii").count("BEGIN CERTIFICATE") == 5
    known = Path(certifi.where()).read_text(encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=ROOTS)
    names = {dict(part[0] for part in root["subject"])["commonName"] for root in context.get_ca_certs()}
    assert names == {
        *(f"Amazon Root CA {number}" for number in (1, 2, 3, 4)),
        "Starfield Services Root Certificate Authority - G2",
    }
    for pem in Path(ROOTS).read_text(encoding="ascii").split("-----END CERTIFICATE-----")[:-1]:
        assert pem.partition("-----BEGIN CERTIFICATE-----")[2] in known
