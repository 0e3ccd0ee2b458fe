"""The floor: the workloads as a bare loop over raw sockets, with orjson and signatures, and no SDK.

It makes the calls that have to be made and nothing else: no retries, no errors, no user's API. A step is one request,
and the loop waits for it. A batch sends its updates 250 at a time; what closes a context goes with the next request,
as a replay can tell it from the steps within.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson
from payloads import records

Update = dict[str, Any]
MOST_UPDATES = 250
RUNTIME = "/2018-06-01/runtime/invocation/"
SIGNED = "host;x-amz-date;x-amz-security-token"


class Line:
    """A connection that is kept, and one exchange on it at a time."""

    def __init__(self, address: str) -> None:
        self.address = address
        host, port = address.split(":")
        self._sock = socket.create_connection((host, int(port)))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, head: str, body: bytes = b"") -> tuple[bytes, bytes]:
        """Send a request, whose head lacks its length; the answer's head and body."""
        self._sock.sendall(b"%sContent-Length: %d\r\n\r\n%s" % (head.encode(), len(body), body))
        data = self._sock.recv(1 << 18)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._sock.recv(1 << 18)
        answer = data[:end]
        if answer[9:10] != b"2":
            raise RuntimeError(data)
        parts, missing = [data[end + 4 :]], int(field(answer, b"Content-Length")) - len(data) + end + 4
        while missing > 0:
            parts.append(self._sock.recv(min(missing, 1 << 20)))
            missing -= len(parts[-1])
        return answer, b"".join(parts)


def field(head: bytes, name: bytes) -> bytes:
    """One of an answer's headers."""
    begin = head.index(name + b": ") + len(name) + 2
    end = head.find(b"\r\n", begin)
    return head[begin : end if end > 0 else None]


class Service:
    """The durable service's address, and how requests to it are signed."""

    def __init__(self) -> None:
        self.line = Line(os.environ["AWS_ENDPOINT_URL_LAMBDA"].removeprefix("http://"))
        self._session = os.environ["AWS_SESSION_TOKEN"]
        self._key = b""
        self._day = ""

    def call(self, method: str, path: str, query: str = "", body: bytes = b"") -> Any:
        """One signed request; what the answer holds."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        day, region = now[:8], os.environ["AWS_REGION"]
        if day != self._day:
            key = b"AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"].encode()
            for part in (day, region, "lambda", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key, self._day = key, day
        scope = f"{day}/{region}/lambda/aws4_request"
        canonical = (
            f"{method}\n{path.replace('%', '%25')}\n{query}\nhost:{self.line.address}\nx-amz-date:{now}\n"
            f"x-amz-security-token:{self._session}\n\n{SIGNED}\n{hashlib.sha256(body).hexdigest()}"
        )
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._key, text.encode(), "sha256").hex()
        head = (
            f"{method} {path}{query and '?'}{query} HTTP/1.1\r\nHost: {self.line.address}\r\n"
            f"Content-Type: application/json\r\nX-Amz-Date: {now}\r\nX-Amz-Security-Token: {self._session}\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
            f"SignedHeaders={SIGNED}, Signature={signature}\r\n"
        )
        return orjson.loads(self.line.exchange(head, body)[1])


class Suspended(Exception):
    """Nothing is left to do in this invocation."""


class Execution:
    """What is recorded, and the way to record more."""

    def __init__(self, service: Service, envelope: dict[str, Any]) -> None:
        arn = envelope["DurableExecutionArn"].replace(":", "%3A").replace("/", "%2F")
        self._service = service
        self._path = f"/2025-12-01/durable-executions/{arn}"
        self._token = envelope["CheckpointToken"]
        state = envelope["InitialExecutionState"]
        self.event = orjson.loads(state["Operations"][0]["ExecutionDetails"]["InputPayload"])
        self.recorded: dict[str, dict[str, Any]] = {}
        self._learn(state["Operations"])
        while marker := state.get("NextMarker"):
            query = f"CheckpointToken={self._token}&Marker={marker}&MaxItems=1000"
            state = service.call("GET", f"{self._path}/state", query)
            self._learn(state["Operations"])

    def _learn(self, operations: list[dict[str, Any]]) -> None:
        for operation in operations:
            self.recorded[operation["Id"]] = operation

    def has(self, name: str) -> bool:
        """Whether an operation has succeeded."""
        operation = self.recorded.get(name)
        return operation is not None and operation["Status"] == "SUCCEEDED"

    def record(self, updates: list[Update]) -> None:
        """Record updates, as many at a time as may be."""
        for begin in range(0, len(updates), MOST_UPDATES):
            body = orjson.dumps({"CheckpointToken": self._token, "Updates": updates[begin : begin + MOST_UPDATES]})
            answer = self._service.call("POST", f"{self._path}/checkpoint", body=body)
            self._token = answer.get("CheckpointToken")
            self._learn(answer["NewExecutionState"]["Operations"])

    def step(self, name: str, value: Any) -> Any:
        """A step that returns this value."""
        if self.has(name):
            return orjson.loads(self.recorded[name]["StepDetails"]["Result"])
        updates = step(name, value)
        self.record(updates)
        return orjson.loads(updates[1]["Payload"])

    def wait(self, name: str) -> None:
        """A wait."""
        if name not in self.recorded:
            self.record([update(name, "WAIT", "START", "w", WaitOptions={"WaitSeconds": self.event["wait"]})])
        if not self.has(name):
            raise Suspended


def update(identity: str, kind: str, action: str, name: str, parent: str | None = None, **more: Any) -> Update:
    """One update."""
    made = {"Id": identity, "Type": kind, "SubType": kind.title(), "Action": action, "Name": name}
    return made | more if parent is None else made | more | {"ParentId": parent}


def step(identity: str, value: Any, parent: str | None = None) -> list[Update]:
    """The updates of a step, which begins and succeeds at once."""
    payload = orjson.dumps(value).decode()
    return [
        update(identity, "STEP", "START", "s", parent),
        update(identity, "STEP", "SUCCEED", "s", parent, Payload=payload),
    ]


def noop(run: Execution) -> Any:
    return {"ok": True}


def steps(run: Execution) -> int:
    return sum(run.step(str(number), number) for number in range(run.event["n"]))


def lazy(run: Execution) -> int:
    values = [*range(run.event["n"]), 1]
    run.record([each for number, value in enumerate(values) for each in step(str(number), value)])
    return sum(values)


def log(run: Execution) -> int:
    sys.stdout.write('{"level":"WARN","message":"hello"}\n')
    sys.stdout.flush()
    return steps(run)


def replay(run: Execution) -> Any:
    total = steps(run)
    run.wait("w")
    return total + run.step("last", 1)


def suspend(run: Execution) -> int:
    total = 0
    for number in range(run.event["n"]):
        run.wait(f"w{number}")
        total += run.step(f"s{number}", 1)
    return total


def batch(run: Execution) -> int:
    """parallel, map and map_wait: as many items at a time as the event says."""
    count = run.event["n"]
    at_a_time = run.event.get("c") or count
    updates = [] if "m" in run.recorded else [update("m", "CONTEXT", "START", "m")]
    for begin in range(0, count, at_a_time):
        closing: list[Update] = []
        waits = False
        for number in range(begin, min(begin + at_a_time, count)):
            name = f"m-{number}"
            if run.has(name):
                continue
            if name not in run.recorded:
                updates.append(update(name, "CONTEXT", "START", f"item-{number}", "m"))
            if "wait" in run.event and not run.has(f"{name}-w"):
                options = {"WaitSeconds": run.event["wait"]}
                updates.append(update(f"{name}-w", "WAIT", "START", "w", name, WaitOptions=options))
                waits = True
                continue
            updates += step(f"{name}-s", number, name)
            payload = orjson.dumps(number).decode()
            closing.append(update(name, "CONTEXT", "SUCCEED", f"item-{number}", "m", Payload=payload))
        if waits:
            run.record(updates)
            raise Suspended
        if begin + at_a_time < count:
            run.record(updates)
            updates = []
        updates += closing
    values = list(range(count))
    updates.append(update("m", "CONTEXT", "SUCCEED", "m", Payload=orjson.dumps({"all": values}).decode()))
    run.record(updates)
    return sum(values)


def payload(run: Execution) -> int:
    return sum(len(run.step(str(number), records(run.event["kb"]))) for number in range(run.event["n"]))


def nested(run: Execution) -> int:
    names = [str(depth) for depth in range(run.event["depth"])]
    within = [None, *names]
    opening = [update(name, "CONTEXT", "START", "c", parent) for name, parent in zip(names, within, strict=False)]
    run.record(opening + step("s", 1, names[-1]))
    closing = [
        update(name, "CONTEXT", "SUCCEED", "c", parent, Payload=str(value))
        for value, (name, parent) in enumerate(reversed(list(zip(names, within, strict=False))), 1)
    ]
    run.record(closing)
    return len(names) + 1


WORKLOADS: dict[str, Callable[[Execution], Any]] = {
    "noop": noop,
    "steps": steps,
    "lazy": lazy,
    "log": log,
    "replay": replay,
    "parallel": batch,
    "map": batch,
    "map_wait": batch,
    "payload": payload,
    "nested": nested,
    "suspend": suspend,
}


def main() -> None:
    runtime = Line(os.environ["AWS_LAMBDA_RUNTIME_API"])
    service: Service | None = None
    host = f" HTTP/1.1\r\nHost: {runtime.address}\r\n"
    while True:
        head, body = runtime.exchange(f"GET {RUNTIME}next{host}")
        service = service or Service()
        run = Execution(service, orjson.loads(body))
        try:
            result = WORKLOADS[run.event["w"]](run)
            response = {"Status": "SUCCEEDED", "Result": orjson.dumps(result).decode()}
        except Suspended:
            response = {"Status": "PENDING"}
        request_id = field(head, b"Lambda-Runtime-Aws-Request-Id").decode()
        runtime.exchange(f"POST {RUNTIME}{request_id}/response{host}", orjson.dumps(response))


if __name__ == "__main__":
    main()
