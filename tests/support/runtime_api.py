"""A scripted Lambda Runtime API in a process of its own, which records every request it gets.

It has to be another process: awslambdaric's native client holds the interpreter while it posts, so a server beside it
would never get to answer. It serves a queue of `Delivery`s; when the queue is empty `next` waits, as Lambda's does.

    with ScriptedRuntimeApi([Delivery(b'{"n": 1}')]) as api:
        start_runtime(api.address)
        api.take("next")
        assert api.take("response").body == b"2"
        api.push(Delivery(b"..."))              # may come at any time

It is the Extensions API, too, as `extension` has it, and keeps those requests apart, since they come at the same time
as the others: `take_extension`. An event that is pushed goes to whichever extension asks first.
"""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

PATIENCE = 60.0
"""Seconds to wait for a request that should come; far more than any machine needs."""

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:orders:live"
ALWAYS = {
    "Lambda-Runtime-Deadline-Ms": "4102444800000",
    "Lambda-Runtime-Invoked-Function-Arn": ARN,
    "Content-Type": "application/json",
}
ACCEPTED = b'{"status":"OK"}'
TAILS = {
    "next": "/invocation/next",
    "response": "/response",
    "restore": "/restore/next",
    "restore error": "/restore/error",
    "init": "/init/error",
    "register": "/extension/register",
    "event": "/extension/event/next",
    "error": "/error",
}
"""How the path of each call ends; `error`, the last to be tried, is that of an invocation."""
EXTENSION = ("register", "event")
IDENTIFIER = "6e1a9b1e-0000-4000-8000-000000000000"


class Delivery(NamedTuple):
    """One answer to `next`, and the answer to what is posted for it."""

    body: bytes = b"{}"
    request_id: str = "rid-1"
    headers: Mapping[str, str | None] = {}
    """Added to those that Lambda always sends; None takes one of them away."""
    status: int = 200
    framing: str = "length"
    """How the body's end is marked: `length`, `chunked`, or `cut`, a connection that ends half way."""
    answer_status: int = 202
    answer_body: bytes = ACCEPTED
    answer_close: bool = False
    """Close the connection, unannounced, once the answer is acknowledged: it dies as it may during a freeze."""


class Record(NamedTuple):
    """One request as it came in; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """1 for the first connection made, and so on."""

    @property
    def call(self) -> str:
        """One of `TAILS`."""
        return call_of(self.path)


class Served(NamedTuple):
    """How the server answers what is no part of an invocation."""

    init_status: int = 202
    restore_status: int = 200
    """Of `restore/next`, which is answered at the first `restore()`."""
    register_status: int = 200
    register_delay: float = 0.0
    """Seconds until the registration is answered."""
    identifies: bool = True
    """Whether a registered extension is given its name."""


class ScriptedRuntimeApi:
    """The server's process, its script and its records."""

    def __init__(self, deliveries: Sequence[Delivery] = (), **served: Any) -> None:
        """`served` are the fields of `Served`."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, json.dumps(Served(**served))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._records: queue.SimpleQueue[Record] = queue.SimpleQueue()
        self._extension: queue.SimpleQueue[Record] = queue.SimpleQueue()
        self.address = self._stdout.readline().strip()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        for delivery in deliveries:
            self.push(delivery)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def push(self, delivery: Delivery) -> None:
        """Add one delivery to the script."""
        fields = delivery._asdict() | {
            "body": delivery.body.decode("latin-1"),
            "answer_body": delivery.answer_body.decode("latin-1"),
        }
        self._tell(fields)

    def restore(self) -> None:
        """Restore the process that waits in `restore/next`, or will."""
        self._tell({"restore": True})

    def push_event(self, status: int = 200, **event: object) -> None:
        """Answer an extension's `event/next` with this event; without a `status`, by hanging up."""
        self._tell({"event": [status, json.dumps(event)]})

    def take(self, call: str | None = None) -> Record:
        """The next request that came in; it has to be the `call`, where one is named."""
        record = self._records.get(timeout=PATIENCE)
        assert call is None or record.call == call, f"expected {call}, got {record}"
        return record

    def take_extension(self, call: str) -> Record:
        """The extension's next request, which has to be the `call`."""
        record = self._extension.get(timeout=PATIENCE)
        assert record.call == call, f"expected {call}, got {record}"
        return record

    @property
    def has_extension(self) -> bool:
        """Whether an extension has asked for something that is not taken yet."""
        return not self._extension.empty()

    def close(self) -> None:
        """End the server."""
        self._stdin.close()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self._stdout.close()

    @property
    def _stdin(self) -> TextIO:
        assert self._process.stdin is not None
        return self._process.stdin  # type: ignore[return-value]

    @property
    def _stdout(self) -> TextIO:
        assert self._process.stdout is not None
        return self._process.stdout  # type: ignore[return-value]

    def _tell(self, fields: dict[str, Any]) -> None:
        self._stdin.write(json.dumps(fields) + "\n")
        self._stdin.flush()

    def _read(self) -> None:
        for line in self._stdout:
            method, path, headers, body, connection = json.loads(line)
            record = Record(method, path, headers, body.encode("latin-1"), connection)
            (self._extension if record.call in EXTENSION else self._records).put(record)


class _Server:
    """What runs in the server's process."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._script: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self._restores = threading.Semaphore(0)
        self._current = Delivery()
        self._connections = 0

    def run(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        sys.stdout.write(f"127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        for line in sys.stdin:
            fields = json.loads(line)
            if "restore" in fields:
                self._restores.release()
                continue
            if "event" in fields:
                self._events.put(tuple(fields["event"]))
                continue
            bodies = {name: fields[name].encode("latin-1") for name in ("body", "answer_body")}
            self._script.put(Delivery(**(fields | bodies)))

    def _accept(self, listener: socket.socket) -> None:
        while True:
            peer, _ = listener.accept()
            self._connections += 1
            threading.Thread(target=self._serve, args=(peer, self._connections), daemon=True).start()

    def _serve(self, peer: socket.socket, connection: int) -> None:
        with peer, peer.makefile("rb") as stream:
            while start := stream.readline():
                method, path, _ = start.decode().split(" ")
                headers = {}
                while (line := stream.readline().decode().strip()) != "":
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                record = [method, path, headers, body.decode("latin-1"), connection]
                # One write, so that records of two connections do not mix.
                sys.stdout.write(json.dumps(record) + "\n")
                sys.stdout.flush()
                if not self._answer(peer, path):
                    return

    def _answer(self, peer: socket.socket, path: str) -> bool:
        """Answer one request; False to close the connection."""
        served, call = self._served, call_of(path)
        if call == "next":
            self._current = self._script.get()
            return self._deliver(peer, self._current)
        if call == "event":
            status, event = self._events.get()
            if status:
                peer.sendall(_http(status, {}, event.encode()))
            return bool(status)
        if call == "restore":
            self._restores.acquire()
            peer.sendall(_http(served.restore_status, {}, b""))
        elif call == "register":
            time.sleep(served.register_delay)
            named = {"Lambda-Extension-Identifier": IDENTIFIER} if served.identifies else {}
            peer.sendall(_http(served.register_status, named, b'{"functionName":"orders"}'))
        elif call in {"init", "restore error"}:
            peer.sendall(_http(served.init_status, {}, ACCEPTED))
        else:
            current = self._current
            peer.sendall(_http(current.answer_status, {}, current.answer_body))
            return not current.answer_close
        return True

    def _deliver(self, peer: socket.socket, delivery: Delivery) -> bool:
        headers = {**ALWAYS, "Lambda-Runtime-Aws-Request-Id": delivery.request_id, **delivery.headers}
        present = {name: value for name, value in headers.items() if value is not None}
        if delivery.framing == "chunked":
            middle = len(delivery.body) // 2
            parts = (part for part in (delivery.body[:middle], delivery.body[middle:]) if part)
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            peer.sendall(_http(delivery.status, present | {"Transfer-Encoding": "chunked"}, chunks, length=False))
            return True
        answer = _http(delivery.status, present, delivery.body)
        if delivery.framing == "cut":
            peer.sendall(answer[:-1])
            return False
        peer.sendall(answer)
        return True


def call_of(path: str) -> str:
    return next(call for call, tail in TAILS.items() if path.endswith(tail))


def _http(status: int, headers: dict[str, str], body: bytes, *, length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


if __name__ == "__main__":
    _Server(Served(*json.loads(sys.argv[1]))).run()
