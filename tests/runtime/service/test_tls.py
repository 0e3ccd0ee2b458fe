"""TLS to the service, by what is behind Python's `ssl` and by `ssl` itself: what holds for one holds for the other."""

import select
import socket
import ssl
import sys
import threading
import types
from contextlib import contextmanager, suppress
from pathlib import Path

import certifi
import pytest
from benchmarks.certificates import written
from cryptography import x509

from perdure_runtime.service import leantls, publictls, tls
from perdure_runtime.service.connection import Connection, open_plain
from perdure_runtime.service.tls import ROOTS, Trust, trust_in
from perdure_runtime.service.way import named_bundle
from support.loopback import Last, Loopback, Move, answer

CERTS = Path(__file__).parent / "certs"
AUTHORITY = str(CERTS / "authority.pem")
STRANGER = str(CERTS / "stranger.pem")
REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def unfit():
    raise leantls.Unfit


@pytest.fixture(params=["leantls", "publictls"], autouse=True)
def way(request, monkeypatch):
    """By which of the two."""
    if request.param == "publictls":
        monkeypatch.setattr(leantls, "new_context", unfit)
    return request.param


@pytest.fixture
def identity():
    return identity_of("server")


def identity_of(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / f"{name}.pem")
    return context


def trusting(path):
    return lambda context: context.load_verify_locations(cafile=path)


def trusted(port, host="localhost", **options):
    return Trust(trusting(AUTHORITY)).open(host, port, **options)


def exchanged(trust, server, host="localhost", times=1):
    connection = Connection(lambda: trust.open(host, server.port))
    try:
        return [connection.exchange(REQUEST).body for _ in range(times)]
    finally:
        connection.close()


@contextmanager
def speaking(identity, talk):
    """A server that takes one connection, shakes hands and talks; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            sock, _ = listener.accept()
            with identity.wrap_socket(sock, server_side=True) as speaker, suppress(OSError):
                talk(speaker)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


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


@pytest.mark.parametrize(
    ("name", "host", "reason"),
    [
        ("elsewhere", "localhost", "Hostname mismatch.*'localhost'"),
        ("elsewhere", "127.0.0.1", "IP address mismatch.*'127.0.0.1'"),
        ("expired", "localhost", "certificate has expired"),
    ],
)
def test_a_certificate_that_does_not_hold_here_is_refused(name, host, reason):
    with Loopback([], tls=identity_of(name)) as server:
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            trusted(server.port, host)
        server.await_end(1)
        assert server.requests == []


@pytest.mark.parametrize(("host", "asked"), [("localhost", "localhost"), ("127.0.0.1", None)])
def test_the_server_is_told_by_which_name_it_was_called(identity, host, asked):
    names = []
    identity.sni_callback = lambda _connection, name, _context: names.append(name)
    with Loopback([], tls=identity) as server:
        trusted(server.port, host).close()
        server.await_end(1)
    assert names == [asked]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_it_speaks_the_versions_that_are_good(identity, version):
    identity.maximum_version = identity.minimum_version = ssl.TLSVersion[version]
    with Loopback([answer(b"1"), answer(b"2")], tls=identity) as server:
        assert exchanged(Trust(trusting(AUTHORITY)), server, times=2) == [b"1", b"2"]


def test_large_bodies_go_both_ways(identity):
    body = bytes(range(256)) * 1200
    head = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Loopback([answer(body[::-1])], tls=identity) as server:
        connection = Connection(lambda: trusted(server.port))
        assert connection.exchange(head, body).body == body[::-1]
        assert server.requests[0].body == body
        connection.close()


def test_a_connection_may_be_opened_on_another_thread(identity):
    opened = []
    with Loopback([answer(b"1")], tls=identity) as server:
        thread = threading.Thread(target=lambda: opened.append(trusted(server.port)))
        thread.start()
        thread.join()
        connection = Connection(opened.pop)
        assert connection.exchange(REQUEST).body == b"1"
        connection.close()


def test_a_server_that_does_not_shake_hands_is_waited_for_no_longer_than_allowed():
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TimeoutError, match="handshake operation"):
        trusted(listener.getsockname()[1], timeout=0.05)


def test_a_server_that_does_not_speak_tls_is_refused_and_its_connection_closed():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        plain = open_plain(*listener.getsockname())
        sock, _ = listener.accept()
        with sock:
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            with pytest.raises(ssl.SSLError):
                tls._new_context().opened(plain, "localhost", 5.0)
            sock.settimeout(5.0)
            with suppress(ConnectionResetError):
                while sock.recv(65536):
                    pass


def test_an_answer_is_waited_for_no_longer_than_allowed(identity):
    with Loopback([Move.STAY_SILENT], tls=identity) as server:
        connection = Connection(lambda: trusted(server.port), read_timeout=0.05)
        with pytest.raises(TimeoutError, match="read operation"):
            connection.exchange(REQUEST)


@pytest.mark.parametrize("says_farewell", [True, False])
def test_the_end_is_the_end_with_a_farewell_and_without(identity, says_farewell):
    def talk(speaker):
        speaker.sendall(b"all")
        if says_farewell:
            speaker.unwrap()

    with speaking(identity, talk) as port:
        transport = trusted(port)
        assert [transport.recv(10), transport.recv(10), transport.recv(10)] == [b"all", b"", b""]
        transport.close()


def test_an_answer_cut_short_is_an_error(identity):
    with Loopback([Last(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123")], tls=identity) as server:
        connection = Connection(lambda: trusted(server.port))
        with pytest.raises(ConnectionError):
            connection.exchange(REQUEST)


def test_nothing_is_sent_or_read_when_it_is_closed(identity):
    with Loopback([], tls=identity) as server:
        transport = trusted(server.port)
        transport.close()
        # What its descriptor was may be another connection's now.
        with socket.create_connection(("127.0.0.1", server.port)):
            for use in (lambda: transport.recv(1), lambda: transport.sendall(b"x")):
                with pytest.raises(OSError):  # noqa: PT011  `ssl` has the system's words for it
                    use()
        transport.close()


def test_contexts_are_set_as_those_of_ssl_are(way):
    original = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    original.minimum_version = ssl.TLSVersion.TLSv1_2
    attributes = vars(ssl.SSLContext.__base__).items()
    settings = {name for name, attribute in attributes if isinstance(attribute, types.GetSetDescriptorType)}
    assert settings >= {"check_hostname", "minimum_version", "options", "verify_flags", "verify_mode", "_host_flags"}
    context = tls._new_context()
    assert type(context).__module__.endswith(f".{way}")
    assert {name: getattr(context, name) for name in settings} == {name: getattr(original, name) for name in settings}
    assert context.get_ciphers() == original.get_ciphers()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def missing(*_):
    raise AttributeError("_wrap_socket")


def lenient(cls):
    context = ssl.SSLContext.__base__.__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    return context


ODDITIES = {
    "a later version": (leantls, "LAST_KNOWN", (3, 10)),
    "another implementation": (sys, "implementation", types.SimpleNamespace(name="another")),
    "nothing to call": (leantls, "_speaker", missing),
    "a host not understood": (leantls, "_speaker", lambda *_: types.SimpleNamespace(server_hostname=None)),
    "a connection of another kind": (
        leantls,
        "_speaker",
        lambda *_: types.SimpleNamespace(server_hostname=leantls._HOST),
    ),
    "a name not checked": (leantls.Context, "__new__", lenient),
    "a module not there": (sys.modules, "perdure_runtime.service.leantls", None),
}


@pytest.mark.parametrize("way", ["leantls"], indirect=True)
@pytest.mark.parametrize("oddity", ODDITIES)
def test_ssl_takes_its_place_where_what_is_behind_it_is_not_as_it_is_known(way, identity, monkeypatch, oddity):
    place, name, value = ODDITIES[oddity]
    if place is sys.modules:
        monkeypatch.delattr(leantls.__name__)
        monkeypatch.setitem(place, name, value)
    else:
        monkeypatch.setattr(place, name, value)
    assert isinstance(tls._new_context(), publictls.Context)
    with Loopback([answer(b"1")], tls=identity) as server:
        assert exchanged(Trust(trusting(AUTHORITY)), server) == [b"1"]


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
    pems = [path.read_text(encoding="ascii") for path in Path(ROOTS).iterdir()]
    known = Path(certifi.where()).read_text(encoding="ascii")
    assert {dict(part[0] for part in subject_of(pem))["commonName"] for pem in pems} == {
        *(f"Amazon Root CA {number}" for number in (1, 2, 3, 4)),
        "Starfield Services Root Certificate Authority - G2",
    }
    for pem in pems:
        assert pem.partition("-----BEGIN CERTIFICATE-----")[2].strip() in known


@pytest.mark.parametrize("root", sorted(path.name for path in Path(ROOTS).iterdir()))
def test_a_root_is_found_by_its_name(tmp_path, root):
    # Another authority under the same name, in a folder with a file of the same name.
    subject = subject_of((Path(ROOTS) / root).read_text(encoding="ascii"))
    name = x509.Name([x509.NameAttribute(NAMES[kind], value) for ((kind, value),) in subject])
    identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity.load_cert_chain(*written(tmp_path, name))
    store = tmp_path / "store"
    store.mkdir()
    (tmp_path / "authority.pem").rename(store / root)
    with Loopback([answer(b"1")], tls=identity) as server:
        assert exchanged(trust_in(str(store)), server, host="127.0.0.1") == [b"1"]


NAMES = {
    "commonName": x509.NameOID.COMMON_NAME,
    "countryName": x509.NameOID.COUNTRY_NAME,
    "localityName": x509.NameOID.LOCALITY_NAME,
    "organizationName": x509.NameOID.ORGANIZATION_NAME,
    "stateOrProvinceName": x509.NameOID.STATE_OR_PROVINCE_NAME,
}


def subject_of(pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    (root,) = context.get_ca_certs()
    return root["subject"]
