"""The durable service as the benchmark plays it: one execution in memory, with neither quota nor clock.

It knows what a run that goes well needs: steps, contexts and waits, tokens, pages. What is not in its table, or comes
in a wrong order or with a stale token, is `Refused`, and the run does not count. A wait is over as soon as the
invocation has ended that it suspended.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import orjson

__all__ = ["FUNCTION", "Execution", "Refused"]

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:bench"
STATUS = {
    ("STEP", "START"): "STARTED",
    ("STEP", "SUCCEED"): "SUCCEEDED",
    ("CONTEXT", "START"): "STARTED",
    ("CONTEXT", "SUCCEED"): "SUCCEEDED",
    ("WAIT", "START"): "STARTED",
}
"""What becomes of an operation by an update; nothing else happens in a workload."""
DETAILS = {"STEP": "StepDetails", "CONTEXT": "ContextDetails", "WAIT": "WaitDetails"}
TOKEN = "benchmark-token-" * 11
"""Tokens are opaque and long: about two hundred characters."""
INLINE_BYTES = 5 * 1024 * 1024
MOST_UPDATES = 250

Operation = dict[str, Any]


class Refused(Exception):
    """The service does not take a request."""


class Execution:
    """What the service holds of one execution."""

    def __init__(self, event: object, *, inline: int | None = None, page: int = 1000) -> None:
        """`inline` operations travel with an invocation, all of them if None, and `page` with each read after that."""
        identity = str(uuid.uuid4())
        self.arn = f"{FUNCTION}:1/durable-execution/{uuid.uuid4().hex}/{identity}"
        self.status: str | None = None
        self.result: str | None = None
        self.moves: dict[str, int] = {}
        """How many updates of each kind were taken: `STEP.SUCCEED`, …"""
        self._inline = inline
        self._page = page
        self._number = 0
        self._shown: list[Operation] = []
        self._news: dict[str, Operation] = {}
        self._woken: list[str] = []
        root = {"Id": identity, "Type": "EXECUTION", "StartTimestamp": time.time(), "Status": "STARTED"}
        root["ExecutionDetails"] = {"InputPayload": orjson.dumps(event).decode()}
        self._operations: dict[str, Operation] = {identity: root}

    @property
    def recorded(self) -> int:
        """How many operations there are, that of the execution itself left out."""
        return len(self._operations) - 1

    @property
    def _token(self) -> str:
        return f"{TOKEN}{self._number:024}"

    def invocation(self) -> bytes:
        """The event of the next invocation."""
        self._number += 1
        self._news = {}
        self._shown = self._visible()
        first: list[bytes] = []
        size = 0
        for operation in self._shown[: self._inline]:
            text = orjson.dumps(in_milliseconds(operation))
            size += len(text)
            if first and size > INLINE_BYTES:
                break
            first.append(text)
        marker = str(len(first)) if len(first) < len(self._shown) else ""
        envelope = {
            "DurableExecutionArn": self.arn,
            "CheckpointToken": self._token,
            "UpdatedOperationIds": self._woken,
            "InitialExecutionState": {
                "Operations": [orjson.Fragment(text) for text in first],
                "NextMarker": marker,
            },
        }
        return orjson.dumps(envelope)

    def checkpoint(self, body: bytes) -> bytes:
        """Take updates; the answer tells what is new, and the next token."""
        request = orjson.loads(body)
        if request["CheckpointToken"] != self._token:
            raise Refused("a token that is not the latest")
        updates = request.get("Updates") or []
        if len(updates) > MOST_UPDATES:
            raise Refused(f"{len(updates)} updates in one request")
        now = time.time()
        for update in updates:
            self._take(update, now)
        news, self._news = list(self._news.values()), {}
        answer: dict[str, Any] = {"NewExecutionState": {"Operations": news}}
        if self.status is None:
            self._number += 1
            answer["CheckpointToken"] = self._token
        return orjson.dumps(answer)

    def state(self, token: str, marker: str, most: int) -> bytes:
        """A page of the operations that did not travel with the invocation."""
        if token != self._token:
            raise Refused("a token that is not the latest")
        begin = int(marker)
        end = begin + min(most or self._page, self._page)
        page: dict[str, Any] = {"Operations": self._shown[begin:end]}
        if end < len(self._shown):
            page["NextMarker"] = str(end)
        return orjson.dumps(page)

    def wake(self) -> bool:
        """Let all waits be over, as the invocation has ended; whether there were any."""
        now = time.time()
        self._woken = []
        for operation in self._operations.values():
            if operation["Type"] == "WAIT" and operation["Status"] == "STARTED":
                operation["Status"] = "SUCCEEDED"
                operation["EndTimestamp"] = now
                self._woken.append(operation["Id"])
        return bool(self._woken)

    def _take(self, update: dict[str, Any], now: float) -> None:
        kind, action = update["Type"], update["Action"]
        move = f"{kind}.{action}"
        self.moves[move] = self.moves.get(move, 0) + 1
        if kind == "EXECUTION":
            self.status = "SUCCEEDED" if action == "SUCCEED" else "FAILED"
            self.result = update.get("Payload")
            return
        status = STATUS.get((kind, action))
        if status is None:
            raise Refused(f"{move}, which no workload does")
        operation = self._operations.get(update["Id"])
        if operation is None:
            operation = self._open(update, now)
        elif action == "START" or operation["Status"] != "STARTED":
            raise Refused(f"{move} of an operation that is {operation['Status']}")
        operation["Status"] = status
        details = operation[DETAILS[kind]]
        if status == "SUCCEEDED":
            operation["EndTimestamp"] = now
            details["Result"] = update.get("Payload")
            if (update.get("ContextOptions") or {}).get("ReplayChildren"):
                details["ReplayChildren"] = True
            if kind == "STEP":
                details["Attempt"] = 1
        self._news[update["Id"]] = operation

    def _open(self, update: dict[str, Any], now: float) -> Operation:
        parent = update.get("ParentId")
        if parent is not None and self._operations.get(parent, {}).get("Type") != "CONTEXT":
            raise Refused("a parent that is not there")
        kind = update["Type"]
        operation = {"Id": update["Id"], "Type": kind, "StartTimestamp": now, "Status": "STARTED"}
        operation |= {key: update[key] for key in ("ParentId", "Name", "SubType") if update.get(key) is not None}
        operation[DETAILS[kind]] = {}
        if kind == "WAIT":
            operation["WaitDetails"]["ScheduledEndTimestamp"] = now + update["WaitOptions"]["WaitSeconds"]
        self._operations[update["Id"]] = operation
        return operation

    def _visible(self) -> list[Operation]:
        """All operations but those below a context that has ended and needs no replay."""
        hidden: set[str] = set()
        seen: list[Operation] = []
        for operation in self._operations.values():
            within = operation.get("ParentId") in hidden
            if not within:
                seen.append(operation)
            if operation["Type"] != "CONTEXT":
                continue
            ended = operation["Status"] != "STARTED" and not operation["ContextDetails"].get("ReplayChildren")
            if within or ended:
                hidden.add(operation["Id"])
        return seen


def in_milliseconds(operation: Operation) -> Operation:
    """An operation as it travels with an invocation, where times are whole milliseconds."""
    shown = operation | {
        key: int(operation[key] * 1000) for key in ("StartTimestamp", "EndTimestamp") if key in operation
    }
    if wait := operation.get("WaitDetails"):
        shown["WaitDetails"] = {"ScheduledEndTimestamp": int(wait["ScheduledEndTimestamp"] * 1000)}
    return shown
