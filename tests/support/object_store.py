"""A stand-in for S3 on 127.0.0.1: PUT and GET of whole objects, with checksums, for a real boto3 client.

What is stored stands in `objects` by `bucket/key`, where a test may damage it. `refuse` is what to answer instead, to
as many requests as it has entries: a status and S3's code.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import boto3
from botocore.config import Config


class ObjectStandIn:
    """Serves while the `with` block lasts."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.refuse: list[tuple[int, str]] = []
        self.cut = False
        """Whether bodies break off in the middle."""
        self.proofs: dict[str, str] = {}
        """The checksums that objects were stored with, which are told with them; a test may remove them."""
        kind = type("Handler", (Handler,), {"stand_in": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        self._server.daemon_threads = False  # they are waited for when it closes
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.client: Any = boto3.client(
            "s3",
            region_name="eu-west-1",
            endpoint_url=f"http://127.0.0.1:{self._server.server_port}",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={}),
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    stand_in: ObjectStandIn
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_PUT(self) -> None:
        name = self.named()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if self.stand_in.refuse:
            self.refuse(*self.stand_in.refuse.pop(0))
        elif self.headers["x-amz-checksum-sha256"] != digest:
            self.refuse(400, "BadDigest")
        else:
            self.stand_in.objects[name] = body
            self.stand_in.proofs[name] = digest
            self.reply(200, b"")

    def do_GET(self) -> None:
        name = self.named()
        if self.stand_in.refuse:
            self.refuse(*self.stand_in.refuse.pop(0))
        elif name not in self.stand_in.objects:
            self.refuse(404, "NoSuchKey")
        else:
            self.reply(200, self.stand_in.objects[name], self.stand_in.proofs.get(name))

    def named(self) -> str:
        name = unquote(urlsplit(self.path).path).lstrip("/")
        self.stand_in.requests.append((self.command, name))
        return name

    def refuse(self, status: int, code: str) -> None:
        self.reply(status, f"<Error><Code>{code}</Code><Message>as told</Message></Error>".encode())

    def reply(self, status: int, body: bytes, proof: str | None = None) -> None:
        self.send_response(status)
        if proof is not None:
            self.send_header("x-amz-checksum-sha256", proof)
        self.send_header("Content-Length", str(len(body)))
        # One request for each connection: botocore lets go of the others when the collector likes, and not on `close`.
        self.send_header("Connection", "close")
        self.end_headers()
        if self.stand_in.cut and status == 200:
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name it has there
        pass
