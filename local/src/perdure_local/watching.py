"""An execution's history as whoever waits for it sees it: asked again and again, until it says what it should.

Works with any boto3 Lambda client, so the same lines watch an execution on this machine and one on AWS. An event is a
dictionary, as `GetDurableExecutionHistory` has it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Event: TypeAlias = "dict[str, Any]"

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 2.0
_GROWTH = 1.5
_PAGE = 1_000
_SHOWN = 200
"""Characters of a payload or message that a line shows."""

_ENDS = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionStopped"})
"""Types of the last event of a history."""


class Time(NamedTuple):
    """What waiting is done with."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


class NeverHappened(Exception):
    """The execution is over, or time is up, and its history never said what was waited for."""


class History:
    """The history of one execution: `history = History(boto3.client("lambda"), arn)`."""

    def __init__(self, client: Any, arn: str, *, time: Time | None = None) -> None:  # noqa: ANN401 - a boto3 client
        self._client = client
        self._time = time or Time()
        self.arn = arn

    def events(self) -> list[Event]:
        """Return all events so far, oldest first, with their payloads."""
        events: list[Event] = []
        asked: dict[str, Any] = {
            "DurableExecutionArn": self.arn,
            "IncludeExecutionData": True,
            "MaxItems": _PAGE,
        }
        while True:
            page = self._client.get_durable_execution_history(**asked)
            events += page["Events"]
            marker = page.get("NextMarker")
            if not marker:
                return events
            asked["Marker"] = marker

    def wait_for(self, predicate: Callable[[Sequence[Event]], object], timeout: float = 60.0) -> list[Event]:
        """Wait until `predicate(events)` is true, and return the events.

        Asks at once, then with pauses that grow to two seconds. Raises `NeverHappened`, with the history as it stands,
        after `timeout` real seconds, or as soon as the execution has ended without it.
        """
        deadline = self._time.clock() + timeout
        pause = _FIRST_PAUSE
        while True:
            events = self.events()
            if predicate(events):
                return events
            if has_ended(events):
                raise NeverHappened(f"{self.arn} has ended without what was waited for:\n{dump(events)}")
            left = deadline - self._time.clock()
            if left <= 0:
                raise NeverHappened(f"{self.arn}: not within {timeout:g} seconds:\n{dump(events)}")
            self._time.sleep(min(pause, left))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)

    def wait_for_end(self, timeout: float = 60.0) -> list[Event]:
        """Wait until the execution is over."""
        return self.wait_for(has_ended, timeout)

    def dump(self) -> str:
        """Return the history as lines to read."""
        return dump(self.events())


def has_ended(events: Sequence[Event]) -> bool:
    """Return whether the last event is the execution's end."""
    return bool(events) and events[-1]["EventType"] in _ENDS


def dump(events: Sequence[Event]) -> str:
    """Return events as lines: number, seconds since the first, operation, and what happened."""
    if not events:
        return "no events"
    began = events[0]["EventTimestamp"]
    return "\n".join(
        f"{event['EventId']:>4} {(event['EventTimestamp'] - began).total_seconds():>+12.3f} s"
        f"  {'' if event['EventType'].startswith('Execution') else event.get('Id', '')[:8]:8}  {describe(event)}"
        for event in events
    )


def describe(event: Event) -> str:
    """Return an event as one line without numbers, times and ids: what two runs of the same workflow share."""
    kind = str(event["EventType"])
    details = event.get(f"{kind}Details", {})
    name = None if kind.startswith("Execution") else event.get("Name")
    head = kind if name is None else f"{kind} {name!r}"
    said = _data(details)
    line = ", ".join([head, *_facts(details)])
    return line if said is None else f"{line}: {said}"


def _facts(details: dict[str, Any]) -> list[str]:
    retry = details.get("RetryDetails", {})
    facts = (
        ("attempt {}", retry.get("CurrentAttempt")),
        ("again in {} s", retry.get("NextAttemptDelaySeconds")),
        ("{} s", details.get("Duration")),
        ("calls {}", details.get("FunctionName")),
        ("within {} s", details.get("Timeout")),
        ("heartbeat every {} s", details.get("HeartbeatTimeout")),
    )
    return [text.format(value) for text, value in facts if value is not None]


def _data(details: dict[str, Any]) -> str | None:
    for member in ("Input", "Result"):
        if "Payload" in details.get(member, {}):
            return _cut(details[member]["Payload"])
    error = details.get("Error", {}).get("Payload")
    if error is None:
        return None
    parts = (error.get("ErrorType"), error.get("ErrorMessage"))
    return _cut(": ".join(part for part in parts if part) or "no reason given")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
