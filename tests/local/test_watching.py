from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from perdure_local import History, NeverHappened
from perdure_local.watching import Time, describe, dump, has_ended

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST/durable-execution/order-7/0b1c"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def event(number: int, kind: str, **members: Any) -> dict[str, Any]:
    details = members.pop("details", {})
    at = BEGAN + timedelta(seconds=number - 1)
    return {"EventId": number, "EventType": kind, "EventTimestamp": at, f"{kind}Details": details, **members}


STORY = [
    event(1, "ExecutionStarted", Id="0b1c", Name="order-7", details={"Input": {"Payload": '{"n":1}'}}),
    event(2, "StepStarted", Id="1ced8f5be2db", Name="pay"),
    event(
        3,
        "StepFailed",
        Id="1ced8f5be2db",
        Name="pay",
        details={
            "Error": {"Payload": {"ErrorType": "OSError", "ErrorMessage": "gone"}},
            "RetryDetails": {"CurrentAttempt": 1, "NextAttemptDelaySeconds": 5},
        },
    ),
    event(4, "WaitStarted", Id="c5faca15ac2f", details={"Duration": 60}),
    event(5, "InvocationCompleted", details={"RequestId": "r"}),
    event(6, "ExecutionSucceeded", Id="0b1c", Name="order-7", details={"Result": {"Payload": "[1]"}}),
]


class Client:
    """Answers like a boto3 client whose execution goes on by one event with each question, in pages of two events."""

    def __init__(self, *, first: int = 1, last: int = len(STORY)) -> None:
        self.known = first - 1
        self.last = last
        self.asked: list[dict[str, Any]] = []

    def get_durable_execution_history(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        start = int(asked.get("Marker", 0))
        if start == 0:
            self.known = min(self.known + 1, self.last)
        page = {"Events": STORY[start : min(start + 2, self.known)]}
        return {**page, "NextMarker": str(start + 2)} if start + 2 < self.known else page


class HandTime:
    """A clock that runs only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    @property
    def effects(self) -> Time:
        return Time(lambda: self.now, self.sleep)


def watched(client: Client) -> tuple[History, HandTime]:
    hand = HandTime()
    return History(client, ARN, time=hand.effects), hand


def test_a_history_is_read_to_its_last_page():
    client = Client(first=len(STORY))
    assert watched(client)[0].events() == STORY
    assert [asked.get("Marker") for asked in client.asked] == [None, "2", "4"]
    assert all(asked["DurableExecutionArn"] == ARN and asked["IncludeExecutionData"] for asked in client.asked)


def test_what_has_happened_is_not_waited_for():
    history, hand = watched(Client(first=3))
    assert history.wait_for(lambda events: len(events) == 3) == STORY[:3]
    assert hand.pauses == []


def test_pauses_grow_up_to_two_seconds():
    history, hand = watched(Client())
    assert history.wait_for(lambda events: len(events) == 4) == STORY[:4]
    assert hand.pauses == pytest.approx([0.02, 0.03, 0.045])
    history, hand = watched(Client(last=5))
    with pytest.raises(NeverHappened):
        history.wait_for(lambda _: False, timeout=30)
    assert max(hand.pauses) == 2.0
    assert sum(hand.pauses) == pytest.approx(30)


def test_time_that_is_up_is_told_with_the_history():
    history, _ = watched(Client())
    with pytest.raises(NeverHappened, match=r"(?s)not within 0 seconds:\n.*ExecutionStarted: \{\"n\":1\}"):
        history.wait_for(lambda _: False, timeout=0)


def test_an_execution_that_ends_without_it_is_not_waited_for_any_longer():
    history, hand = watched(Client(first=len(STORY) - 1))
    with pytest.raises(NeverHappened, match="has ended without"):
        history.wait_for(lambda _: False)
    assert len(hand.pauses) == 1


def test_the_end_can_be_waited_for():
    history, _ = watched(Client())
    assert history.wait_for_end() == STORY
    assert has_ended(STORY)
    assert not has_ended(STORY[:-1])
    assert not has_ended([])


def test_a_dump_is_made_to_be_read():
    assert watched(Client(first=len(STORY)))[0].dump().splitlines() == [
        '   1       +0.000 s            ExecutionStarted: {"n":1}',
        "   2       +1.000 s  1ced8f5b  StepStarted 'pay'",
        "   3       +2.000 s  1ced8f5b  StepFailed 'pay', attempt 1, again in 5 s: OSError: gone",
        "   4       +3.000 s  c5faca15  WaitStarted, 60 s",
        "   5       +4.000 s            InvocationCompleted",
        "   6       +5.000 s            ExecutionSucceeded: [1]",
    ]
    assert dump([]) == "no events"


@pytest.mark.parametrize(
    ("kind", "details", "line"),
    [
        ("ExecutionStopped", {"Error": {"Payload": {"ErrorMessage": "by hand"}}}, "ExecutionStopped: by hand"),
        ("ExecutionFailed", {"Error": {"Payload": {}}}, "ExecutionFailed: no reason given"),
        ("ExecutionSucceeded", {"Result": {"Truncated": True}}, "ExecutionSucceeded"),
        ("CallbackStarted", {"CallbackId": "aWQ="}, "CallbackStarted"),
        (
            "CallbackStarted",
            {"CallbackId": "aWQ=", "Timeout": 60, "HeartbeatTimeout": 5},
            "CallbackStarted, within 60 s, heartbeat every 5 s",
        ),
        (
            "ChainedInvokeStarted",
            {"FunctionName": "ship", "DurableExecutionArn": "arn:…", "Input": {"Payload": "{}"}},
            "ChainedInvokeStarted, calls ship: {}",
        ),
        ("ExecutionSucceeded", {"Result": {"Payload": "x" * 201}}, f"ExecutionSucceeded: {'x' * 200}…"),
    ],
)
def test_an_event_is_described_by_what_it_has(kind, details, line):
    assert describe(event(1, kind, details=details)) == line
