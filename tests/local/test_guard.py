import http.client
import json

import pytest
from starlette.requests import Request
from starlette.responses import Response

from perdure_local.guard import LARGEST_BODY, Guard, is_loopback
from support.local_service import served


async def echo(scope, receive, send):
    body = await Request(scope, receive).body()
    await Response(body)(scope, receive, send)


@pytest.fixture(scope="module")
def address():
    with served(lambda: Guard(echo, largest_body=1000)) as (host, port, _):
        yield host, port


@pytest.fixture(scope="module")
def programs():
    """The address of a service that no page has any business with."""
    with served(lambda: Guard(echo, serves_pages=False)) as (host, port, _):
        yield host, port


def ask(address, headers=(), body=b"hello"):
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.putrequest("POST", "/", skip_host=True)
        for name, value in headers:
            connection.putheader(name, value)
        if isinstance(body, bytes):
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(body, encode_chunked=True)
        response = connection.getresponse()
        return response.status, response.headers["x-amzn-errortype"], response.read()
    finally:
        connection.close()


def own(address):
    return f"{address[0]}:{address[1]}"


def test_a_local_request_passes(address):
    assert ask(address, [("Host", own(address))]) == (200, None, b"hello")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost", "LOCALHOST:9000", "[::1]", "[::1]:8080"])
def test_loopback_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com",
        "example.com:80",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "127.0.0.1:x",
        "127.0.0.1:",
        "0.0.0.0",  # noqa: S104 - a Host header, bound to by nobody
        "127.0.0.2",
        "[::2]",
        "localhost:80:80",
        "::1",
    ],
)
def test_names_that_are_not(host):
    assert not is_loopback(host)


def test_a_name_that_was_pointed_at_this_machine_is_refused(address):
    status, code, body = ask(address, [("Host", "rebound.example.com")])
    assert (status, code) == (403, "AccessDeniedException")
    assert json.loads(body)["Type"] == "User"


def test_a_request_names_one_host(address):
    assert ask(address, [("Host", own(address)), ("Host", "localhost")], b"")[0] in {400, 403}
    assert ask(address, body=b"")[0] in {400, 403}


@pytest.mark.parametrize("origin", ["http://example.com", "null", "https://127.0.0.1", "http://localhost:1"])
def test_a_page_of_another_origin_is_refused(address, origin):
    status, code, _ = ask(address, [("Host", own(address)), ("Origin", origin)])
    assert (status, code) == (403, "AccessDeniedException")


def test_a_page_of_ours_passes(address):
    assert ask(address, [("Host", own(address)), ("Origin", f"http://{own(address)}")])[0] == 200


def test_a_body_has_a_size(address):
    host = [("Host", own(address))]
    assert ask(address, host, b"x" * 1000)[0] == 200
    assert ask(address, host, b"x" * 1001)[:2] == (413, "RequestTooLargeException")
    assert ask(address, host, iter([b"x" * 600, b"x" * 600]))[:2] == (413, "RequestTooLargeException")
    assert ask(address, host, iter([b"x" * 500, b"x" * 500]))[0] == 200


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_a_browser_says_where_a_request_comes_from(address, site, status):
    assert ask(address, [("Host", own(address)), ("Sec-Fetch-Site", site)])[0] == status


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sec-Fetch-Site", "none"),
        ("Sec-Fetch-Mode", "no-cors"),
        ("Referer", "http://127.0.0.1/"),
        ("Origin", "http://{}"),
    ],
)
def test_where_only_programs_ask_no_browser_is_answered(programs, name, value):
    assert ask(programs, [("Host", own(programs))])[0] == 200
    status, code, _ = ask(programs, [("Host", own(programs)), (name, value.format(own(programs)))])
    assert (status, code) == (403, "AccessDeniedException")


def test_a_body_may_be_left_to_the_application():
    with served(lambda: Guard(echo, largest_body=None)) as (host, port, _):
        assert ask((host, port), [("Host", f"{host}:{port}")], b"x" * (LARGEST_BODY + 1))[0] == 200
