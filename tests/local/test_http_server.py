"""The server's end: what is open is finished, within a grace, and nothing is left."""

import asyncio
import socket

import pytest

from perdure_local.http_server import HttpServer

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class App:
    """Answers once it is let."""

    def __init__(self):
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.asked.set()
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


async def serve():
    app = App()
    server = HttpServer(app)
    server.start()
    host, port = server.address.split(":")
    return app, server, await asyncio.open_connection(host, int(port))


def test_a_connection_at_rest_is_closed():
    async def run():
        app, server, (reader, writer) = await serve()
        app.may_answer.set()
        writer.write(REQUEST)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        await server.stop()
        assert await reader.read() == b""
        writer.close()

    asyncio.run(run())


def test_an_answer_under_way_is_finished():
    async def run():
        app, server, (reader, writer) = await serve()
        writer.write(REQUEST)
        await app.asked.wait()
        stopping = asyncio.ensure_future(server.stop())
        await asyncio.sleep(0)
        app.may_answer.set()
        await stopping
        assert (await reader.read()).endswith(b"ok")
        writer.close()

    asyncio.run(run())


def test_a_head_of_a_mebibyte_is_taken():
    async def run():
        app, server, (reader, writer) = await serve()
        app.may_answer.set()
        cause = b"Lambda-Runtime-Function-XRay-Error-Cause: " + b"x" * 1024 * 1024
        writer.write(REQUEST.replace(b"Host", cause + b"\r\nHost"))
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        await server.stop()
        writer.close()

    asyncio.run(run())


@pytest.mark.slow
def test_an_answer_that_does_not_come_is_given_up():
    async def run():
        app, server, (reader, writer) = await serve()
        writer.write(REQUEST)
        await app.asked.wait()
        await server.stop()
        assert await reader.read() == b""
        writer.close()

    asyncio.run(run())


def test_the_port_is_free_afterwards():
    async def run():
        _, server, (_, writer) = await serve()
        address = server.address
        await server.stop()
        writer.close()
        with pytest.raises(ConnectionRefusedError), socket.create_connection(address.split(":")):
            pass

    asyncio.run(run())
