import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.service.reply import HEAD_LIMIT, BadReply, Incoming, read_reply


def incoming(data, sizes=()):
    """`data` arriving in pieces of those sizes, the rest at once, and then the end."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    pieces = [piece for piece in (*pieces, data) if piece]

    def receive(most):
        if not pieces:
            return b""
        piece = pieces.pop(0)
        if len(piece) > most:
            pieces.insert(0, piece[most:])
        return piece[:most]

    return Incoming(receive)


def read(data, **limits):
    return read_reply(incoming(data), **limits)


header_names = st.text(st.sampled_from("abcXYZ-0_"), min_size=1, max_size=10).map(lambda name: f"X-{name}")
header_values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
cuts = st.lists(st.integers(1, 40), max_size=30)


@pytest.mark.slow
@given(
    st.integers(200, 599).filter(lambda status: status not in {204, 205, 304}),
    st.lists(st.tuples(header_names, header_values), max_size=4),
    st.lists(st.binary(min_size=1, max_size=60), max_size=4),
    st.booleans(),
    cuts,
)
def test_what_h11_writes_is_read_whole_however_it_is_cut(status, headers, parts, chunked, sizes):
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    server.next_event()
    body = b"".join(parts)
    framing = [] if chunked else [("Content-Length", str(len(body)))]
    events = [
        h11.Response(status_code=status, headers=[*headers, *framing], reason=b"Because of it"),
        *(h11.Data(data=part) for part in parts),
        h11.EndOfMessage(),
    ]
    data = b"".join(server.send(event) for event in events)
    reply = read_reply(incoming(data, sizes))
    assert (reply.status, reply.body, reply.reusable) == (status, body, True)
    for name in {name.lower() for name, _ in headers}:
        assert reply.headers[name] == ",".join(value for other, value in headers if other.lower() == name)


@given(st.binary(max_size=200), cuts)
def test_hostile_bytes_are_refused_and_nothing_else_happens(data, sizes):
    with pytest.raises(BadReply):
        read_reply(incoming(b"HTTP/1.1 2" + data, sizes), body_limit=5)


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        (OK + b"content-length:\t2 \r\n\r\nab", b"ab"),
        (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", b"ab"),
        (OK + b"Transfer-Encoding: Chunked\r\n\r\n2\r\nab\r\n0001 ; x=y\r\nc\r\n0\r\nTrailer: t\r\n\r\n", b"abc"),
        (b"HTTP/1.1 204\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b""),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\na",
            b"a",
        ),
    ],
)
def test_both_framings_are_read(data, body):
    reply = read(data)
    assert reply.body == body
    assert reply.reusable


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no answer came"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "in the middle"),
        (OK + b"Content-Length: 3\r\n\r\nab", "in the middle"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "in the middle"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not a status line"),
        (b"HTTP/2 200 OK\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 20\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 099 X\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 2x0 X\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 200 X\nA: b\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 200 \0\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "switched"),
        (OK + b"no colon\r\n\r\n", "not a header"),
        (OK + b": no name\r\n\r\n", "not a header"),
        (OK + b"A: b\r\n folded\r\n\r\n", "not a header"),
        (OK + b"A : b\r\n\r\n", "not a header"),
        (OK + b"A: b\nB: c\r\n\r\n", "not a header"),
        (OK + b"A: b\rB: c\r\n\r\n", "not a header"),
        (OK + b"A: \0\r\n\r\n", "not a header"),
        (OK + b"\r\n", "without a length"),
        (OK + b"Content-Length: -1\r\n\r\n", "a Content-Length of"),
        (OK + b"Content-Length: +1\r\n\r\na", "a Content-Length of"),
        (OK + b"Content-Length: \r\n\r\n", "a Content-Length of"),
        (OK + b"Content-Length: 1, 2\r\n\r\nab", "a Content-Length of"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "a Content-Length of"),
        (OK + b"Content-Length: \xb2\r\n\r\nab", "a Content-Length of"),
        (OK + b"Content-Length: 11\r\n\r\n", "11 bytes, where 10"),
        (OK + b"Content-Length: 99999999999999999999999\r\n\r\n", "where 10 are the limit"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding 'gzip, chunked'"),
        (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "and Content-Length '5'"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n\r\n", "not the size of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n", "not the size of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n", "not the size of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n000000002\r\nab\r\n0\r\n\r\n", "not the size of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "longer than it says"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nabcde\r\n0\r\n\r\n", "more than 10 bytes"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * HEAD_LIMIT, "more than 65536"),
        (b"x" * (HEAD_LIMIT + 1), "more than 65536"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * HEAD_LIMIT, "a line or head of more than"),
    ],
)
def test_what_could_be_read_in_two_ways_or_has_no_end_is_refused(data, complaint):
    with pytest.raises(BadReply, match=complaint):
        read(data, body_limit=10)


@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: foo, Close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 408", False),
    ],
)
def test_a_connection_is_reusable_when_both_sides_agree_and_nothing_is_left(data, reusable):
    assert read(data).reusable is reusable


def test_the_next_answer_is_read_from_where_the_last_one_ended():
    arriving = incoming((OK + b"Content-Length: 1\r\n\r\n" + b"a") + (OK + b"Content-Length: 1\r\n\r\n" + b"b"))
    assert [read_reply(arriving).body, read_reply(arriving).body] == [b"a", b"b"]


def test_whether_anything_was_heard_is_known_after_a_failure():
    for data, heard in ((b"", False), (b"H", True)):
        arriving = incoming(data)
        with pytest.raises(BadReply):
            read_reply(arriving)
        assert arriving.heard is heard
