import pytest

from perdure_runtime.service.connection import Connection, Stale, open_plain
from perdure_runtime.service.reply import BadReply
from support.loopback import Last, Loopback, Move, Refusal, answer

REQUEST = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"


def connected(server, **options):
    return Connection(lambda: open_plain("127.0.0.1", server.port), **options)


@pytest.fixture
def opened():
    """Closes what a test opened, whatever became of it."""
    connections = []
    yield lambda server, **options: connections.append(connected(server, **options)) or connections[-1]
    for connection in connections:
        connection.close()


def test_requests_share_one_connection(opened):
    with Loopback([answer(b"1"), answer(b"2"), answer(b"3")]) as server:
        connection = opened(server)
        assert repr(connection) == "<Connection closed>"
        assert [connection.exchange(REQUEST).body for _ in range(3)] == [b"1", b"2", b"3"]
        assert repr(connection) == "<Connection open, 3 served>"
        assert server.accepted == 1
        assert {request.body for request in server.requests} == {b"body"}


def test_a_chunked_answer_is_read_and_the_connection_kept(opened):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with Loopback([chunked, answer()]) as server:
        connection = opened(server)
        assert connection.exchange(REQUEST).body == b"abcde"
        assert connection.exchange(REQUEST).status == 200
        assert server.accepted == 1


def test_a_large_answer_is_read_whole(opened):
    body = bytes(range(256)) * 20_000
    with Loopback([answer(body)]) as server:
        assert opened(server).exchange(REQUEST).body == body


@pytest.mark.parametrize("status", ["301 Moved", "413 Too Large", "429 Slow Down", "500 Oops"])
def test_every_status_is_an_answer(opened, status):
    with Loopback([answer(b"{}", status, Location="http://elsewhere/")]) as server:
        connection = opened(server)
        assert connection.exchange(REQUEST).status == int(status[:3])
        assert len(server.requests) == 1


def test_connecting_ahead_opens_the_one_connection(opened):
    with Loopback([answer()]) as server:
        connection = opened(server)
        connection.connect()
        connection.connect()
        connection.exchange(REQUEST)
        assert server.accepted == 1


def test_a_connection_that_the_server_closed_is_replaced_before_it_is_used(opened):
    with Loopback([Last(answer())], [answer(b"again")]) as server:
        connection = opened(server)
        connection.exchange(REQUEST)
        server.await_end(1)
        assert connection.exchange(REQUEST).body == b"again"
        assert [request.connection for request in server.requests] == [0, 1]


def test_a_connection_that_was_reset_while_idle_is_replaced_before_it_is_used(opened):
    with Loopback([Last(answer(), Move.RESET)], [answer(b"again")]) as server:
        connection = opened(server)
        connection.exchange(REQUEST)
        server.await_end(1)
        assert connection.exchange(REQUEST).body == b"again"


def test_an_answer_nobody_asked_for_is_not_taken_for_the_next_one(opened):
    with Loopback([answer(b"1") + answer(b"unasked", "408 Timeout")], [answer(b"2")]) as server:
        connection = opened(server)
        assert connection.exchange(REQUEST).body == b"1"
        assert connection.exchange(REQUEST).body == b"2"


@pytest.mark.parametrize("end", [Move.HANG_UP, Move.RESET])
def test_a_used_connection_that_dies_before_an_answer_is_stale(opened, end):
    with Loopback([answer(), end]) as server:
        connection = opened(server)
        connection.exchange(REQUEST)
        with pytest.raises(Stale):
            connection.exchange(REQUEST)
        assert repr(connection) == "<Connection closed>"


def test_a_connection_opened_ahead_can_be_stale_as_well(opened):
    with Loopback([Move.HANG_UP]) as server:
        connection = opened(server)
        connection.connect()
        with pytest.raises(Stale):
            connection.exchange(REQUEST)


@pytest.mark.parametrize("end", [Move.HANG_UP, Move.RESET])
def test_a_connection_opened_for_the_request_is_never_stale(opened, end):
    with Loopback([end]) as server:
        with pytest.raises(ConnectionError) as caught:
            opened(server).exchange(REQUEST)
        assert not isinstance(caught.value, Stale)


def test_an_answer_cut_short_is_not_stale_and_ends_the_connection(opened):
    with Loopback([answer(), Last(answer(b"whole")[:-2])]) as server:
        connection = opened(server)
        connection.exchange(REQUEST)
        with pytest.raises(BadReply, match="in the middle"):
            connection.exchange(REQUEST)
        assert repr(connection) == "<Connection closed>"


def test_silence_is_a_timeout_even_on_a_used_connection(opened):
    with Loopback([answer(), Move.STAY_SILENT]) as server:
        connection = opened(server)
        connection.exchange(REQUEST)
        connection._transport.settimeout(0.05)
        with pytest.raises(TimeoutError):
            connection.exchange(REQUEST)
        assert repr(connection) == "<Connection closed>"


def test_a_body_beyond_the_limit_is_refused(opened):
    with Loopback([answer(b"12345")]) as server, pytest.raises(BadReply, match="limit"):
        opened(server, body_limit=4).exchange(REQUEST)


def test_a_refusal_sent_before_the_body_was_read_is_heard(opened):
    size = 32 * 1024 * 1024
    request = f"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n".encode() + bytes(size)
    with Loopback([Refusal(answer(b"too large", "413 Too Large"))]) as server:
        connection = opened(server)
        try:
            assert connection.exchange(request).status == 413
        except ConnectionResetError:
            pytest.skip("the operating system dropped the answer together with the connection")
        assert repr(connection) == "<Connection closed>"


def test_an_interrupted_exchange_leaves_no_answer_behind():
    class Interrupted(BaseException):
        pass

    with Loopback([answer(b"late")], [answer(b"asked")]) as server:
        first = True

        class Interrupting:
            """A transport whose first answer is never read, as when a signal handler raises."""

            def __init__(self, sock):
                self._sock = sock

            def __getattr__(self, name):
                return getattr(self._sock, name)

            def recv(self, size):
                nonlocal first
                if first:
                    first = False
                    raise Interrupted
                return self._sock.recv(size)

        connection = Connection(lambda: Interrupting(open_plain("127.0.0.1", server.port)))
        with pytest.raises(Interrupted):
            connection.exchange(REQUEST)
        assert connection.exchange(REQUEST).body == b"asked"
        connection.close()


def test_where_nobody_listens_the_connection_is_refused():
    with Loopback() as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        open_plain("127.0.0.1", port)


def test_the_next_address_is_tried_when_one_does_not_answer(opened):
    # Where localhost is ::1 as well, nobody listens there.
    with Loopback([answer()]) as server:
        open_plain("localhost", server.port).close()


def test_a_name_that_does_not_resolve_is_an_error_of_the_connection():
    with pytest.raises(OSError, match=r"\S"):
        open_plain("x" * 300, 80)


def test_a_large_body_goes_out_whole(opened):
    body = bytes(range(256)) * 1_000
    with Loopback([answer(b"1")]) as server:
        head = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert opened(server).exchange(head, body).body == b"1"
        assert server.requests[0].body == body


def test_a_transport_opened_ahead_is_used_first_and_may_be_stale():
    with Loopback([answer(b"1"), Move.HANG_UP], [answer(b"2")]) as server:
        early = [open_plain("127.0.0.1", server.port)]
        connection = Connection(
            lambda: open_plain("127.0.0.1", server.port), early=lambda: early.pop() if early else None
        )
        assert connection.exchange(REQUEST).body == b"1"
        assert server.accepted == 1
        with pytest.raises(Stale):
            connection.exchange(REQUEST)
        assert connection.exchange(REQUEST).body == b"2"
        connection.close()


def test_a_transport_opened_ahead_that_ended_meanwhile_is_replaced():
    with Loopback([Move.HANG_UP], [answer(b"2")]) as server:
        early = [open_plain("127.0.0.1", server.port)]
        early[0].sendall(REQUEST)  # the server hangs up on it
        server.await_end(1)
        connection = Connection(
            lambda: open_plain("127.0.0.1", server.port), early=lambda: early.pop() if early else None
        )
        assert connection.exchange(REQUEST).body == b"2"
        connection.close()


def test_nothing_is_read_that_was_not_asked_for(opened):
    with Loopback([]) as server, pytest.raises(Stale, match="closed before"):
        opened(server).receive()
