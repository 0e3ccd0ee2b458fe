import base64

import pytest

from perdure_local.ledger import Fault, InvokeEnd, Resolved, Status
from perdure_local.ledger.faults import missing
from perdure_local.ledger.history import page_events
from support.desk import ARN, CRASH, START, Desk, callback, chained, update
from support.model import misfits


def shown(desk: Desk, *, include_data=True) -> list[dict]:
    return [event.wire(include_data=include_data) for event in desk.execution.events]


def unlike_the_model(desk: Desk) -> list[str]:
    """In what the history is not what AWS's model of it says, seen with data and without."""
    seen = [*shown(desk), *shown(desk, include_data=False)]
    return [misfit for event in seen for misfit in misfits("Event", event)]


def details(desk: Desk, number: int = -1) -> dict:
    event = shown(desk)[number]
    return event[f"{event['EventType']}Details"]


@pytest.fixture
def desk():
    opened = Desk(timeout=600)
    opened.resolve = resolve
    opened.begin()
    return opened


CHILD = "arn:aws:lambda:us-east-1:123456789012:function:ship:7/durable-execution/c/c"
ID = base64.b64encode(f'{{"arn":"{ARN}","op":"A"}}'.encode()).decode()


def resolve(target):
    if target.name == "nobody":
        raise missing("no nobody")
    return Resolved("7", CHILD if target.name == "ship" else None)


ERROR = {"ErrorType": "E", "ErrorMessage": "no"}


@pytest.mark.parametrize(
    ("moves", "events"),
    [
        ([update("STEP START")], {"StepStarted": {}}),
        (
            [update("STEP SUCCEED", Payload="1")],
            {"StepSucceeded": {"Result": {"Payload": "1", "Truncated": False}, "RetryDetails": {"CurrentAttempt": 1}}},
        ),
        (
            [update("STEP SUCCEED")],
            {"StepSucceeded": {"Result": {"Truncated": False}, "RetryDetails": {"CurrentAttempt": 1}}},
        ),
        (
            [update("STEP FAIL", Error=ERROR)],
            {"StepFailed": {"Error": {"Payload": ERROR, "Truncated": False}, "RetryDetails": {"CurrentAttempt": 1}}},
        ),
        (
            [update("STEP FAIL")],
            {"StepFailed": {"Error": {"Payload": {}, "Truncated": False}, "RetryDetails": {"CurrentAttempt": 1}}},
        ),
        (
            [update("STEP RETRY", delay=4, Error=ERROR)],
            {
                "StepFailed": {
                    "Error": {"Payload": ERROR, "Truncated": False},
                    "RetryDetails": {"CurrentAttempt": 1, "NextAttemptDelaySeconds": 4},
                }
            },
        ),
        (
            [update("STEP RETRY", delay=4, Payload="state")],
            {
                "StepSucceeded": {
                    "Result": {"Payload": "state", "Truncated": False},
                    "RetryDetails": {"CurrentAttempt": 1, "NextAttemptDelaySeconds": 4},
                }
            },
        ),
        ([update("CONTEXT START")], {"ContextStarted": {}}),
        (
            [update("CONTEXT SUCCEED", Payload="1")],
            {"ContextSucceeded": {"Result": {"Payload": "1", "Truncated": False}}},
        ),
        ([update("CONTEXT FAIL", Error=ERROR)], {"ContextFailed": {"Error": {"Payload": ERROR, "Truncated": False}}}),
        ([update("WAIT START", seconds=9)], {"WaitStarted": {"Duration": 9, "ScheduledEndTimestamp": START + 9}}),
        ([callback()], {"CallbackStarted": {"CallbackId": ID}}),
        ([callback(TimeoutSeconds=0, HeartbeatTimeoutSeconds=0)], {"CallbackStarted": {"CallbackId": ID}}),
        (
            [callback(TimeoutSeconds=9, HeartbeatTimeoutSeconds=5)],
            {"CallbackStarted": {"CallbackId": ID, "Timeout": 9, "HeartbeatTimeout": 5}},
        ),
        (
            [chained("ship", payload="1", TenantId="t")],
            {
                "ChainedInvokeStarted": {
                    "FunctionName": "ship",
                    "TenantId": "t",
                    "Input": {"Payload": "1", "Truncated": False},
                    "ExecutedVersion": "7",
                    "DurableExecutionArn": CHILD,
                }
            },
        ),
        (
            [chained("plain")],
            {
                "ChainedInvokeStarted": {
                    "FunctionName": "plain",
                    "Input": {"Payload": "{}", "Truncated": False},
                    "ExecutedVersion": "7",
                }
            },
        ),
        (
            [chained("nobody", payload="1")],
            {
                "ChainedInvokeStarted": {"FunctionName": "nobody"},
                "ChainedInvokeFailed": {
                    "Error": {
                        "Payload": {"ErrorType": "ResourceNotFoundException", "ErrorMessage": "no nobody"},
                        "Truncated": False,
                    }
                },
            },
        ),
    ],
)
def test_the_event_of_each_update(desk, moves, events):
    desk.push(*moves)
    assert {event["EventType"]: event[f"{event['EventType']}Details"] for event in shown(desk)[1:]} == events
    assert unlike_the_model(desk) == []


@pytest.mark.parametrize(
    ("move", "end", "type_", "expected"),
    [
        (callback(), lambda e, now: e.succeed_callback("A", b"1", now), "CallbackSucceeded", {"Result": "1"}),
        (callback(), lambda e, now: e.succeed_callback("A", b"", now), "CallbackSucceeded", {"Result": None}),
        (callback(), lambda e, now: e.fail_callback("A", ERROR, now), "CallbackFailed", {"Error": ERROR}),
        (callback(), lambda e, now: e.fail_callback("A", None, now), "CallbackFailed", {"Error": {}}),
        (
            callback(TimeoutSeconds=1),
            lambda e, now: e.fire(now + 1),
            "CallbackTimedOut",
            {"Error": {"ErrorType": "Callback.Timeout", "ErrorMessage": "Callback timed out"}},
        ),
        (
            callback(HeartbeatTimeoutSeconds=1),
            lambda e, now: e.fire(now + 1),
            "CallbackTimedOut",
            {"Error": {"ErrorType": "Callback.Heartbeat", "ErrorMessage": "Callback timed out on heartbeat"}},
        ),
        *(
            (
                chained("ship"),
                lambda e, now, end=end: e.finish_invoke("A", end, now),
                f"ChainedInvoke{type_}",
                expected,
            )
            for end, type_, expected in (
                (InvokeEnd(Status.SUCCEEDED, result="1"), "Succeeded", {"Result": "1"}),
                (InvokeEnd(Status.SUCCEEDED), "Succeeded", {"Result": None}),
                (InvokeEnd(Status.FAILED, error=ERROR), "Failed", {"Error": ERROR}),
                (InvokeEnd(Status.TIMED_OUT, error=ERROR), "TimedOut", {"Error": ERROR}),
                (InvokeEnd(Status.STOPPED), "Stopped", {"Error": {}}),
            )
        ),
    ],
)
def test_the_event_of_each_end_from_outside(desk, move, end, type_, expected):
    desk.push({**move, "Name": "approve", "SubType": "Callback"})
    desk.suspend()
    end(desk.execution, desk.now)
    assert desk.events[-2:] == ["InvocationCompleted", type_]
    assert {member: one.get("Payload") for member, one in details(desk).items()} == expected
    assert all(one["Truncated"] is False for one in details(desk).values())
    event = shown(desk)[-1]
    assert (event["Id"], event["Name"], event["SubType"]) == ("A", "approve", "Callback")
    assert unlike_the_model(desk) == []


def test_an_end_during_an_invocation_comes_before_that_is_completed(desk):
    desk.push(callback())
    desk.execution.succeed_callback("A", b"1", desk.now)
    desk.suspend()
    assert desk.events[-3:] == ["CallbackStarted", "CallbackSucceeded", "InvocationCompleted"]


def test_every_poll_of_a_condition_is_a_success_with_its_state(desk):
    desk.push(update("STEP START"), update("STEP RETRY", delay=1, Payload="1"))
    desk.suspend()
    desk.pass_time(1)
    desk.begin()
    desk.push(update("STEP START"), update("STEP SUCCEED", Payload="2"))
    assert desk.events[1:] == ["StepStarted", "StepSucceeded", "InvocationCompleted", "StepStarted", "StepSucceeded"]
    assert details(desk, 2)["RetryDetails"] == {"CurrentAttempt": 1, "NextAttemptDelaySeconds": 1}
    assert details(desk, 2)["Result"]["Payload"] == "1"
    assert details(desk)["RetryDetails"] == {"CurrentAttempt": 2}
    assert details(desk)["Result"]["Payload"] == "2"


def test_an_event_names_its_operation(desk):
    desk.push(update("CONTEXT START", "P"), update("STEP START", Name="charge", SubType="Step", ParentId="P"))
    assert shown(desk)[-1] == {
        "EventType": "StepStarted",
        "EventId": 3,
        "EventTimestamp": START,
        "Id": "A",
        "Name": "charge",
        "ParentId": "P",
        "SubType": "Step",
        "StepStartedDetails": {},
    }


def test_a_wait_that_elapses_or_is_cancelled(desk):
    desk.push(update("WAIT START", seconds=9), update("WAIT START", "B", seconds=9))
    desk.push(update("WAIT CANCEL", "B"))
    assert details(desk) == {"Error": {"Payload": {}, "Truncated": False}}
    desk.pass_time(9)
    assert desk.events[-2:] == ["WaitCancelled", "WaitSucceeded"]
    assert details(desk) == {"Duration": 9}
    assert unlike_the_model(desk) == []


def test_a_step_that_becomes_ready_adds_nothing(desk):
    desk.push(update("STEP RETRY", delay=1))
    before = len(desk.events)
    desk.pass_time(1)
    assert len(desk.events) == before


def test_the_oracle_would_see_an_event_that_is_not_of_the_models_shape():
    event = {"EventType": "CallbackStarted", "EventId": 0, "EventTimestamp": 1, "Id": "a b", "Other": 1}
    assert misfits("Event", {**event, "CallbackStartedDetails": {"Timeout": "5"}}) == [
        "Event.EventId is 0, out of range",
        "Event.Id is 'a b', not like [a-zA-Z0-9-_]+",
        "Event.Other is unknown",
        "Event.CallbackStartedDetails.CallbackId is missing",
        "Event.CallbackStartedDetails.Timeout is '5', no integer",
    ]


def test_the_first_event(desk):
    assert shown(desk)[0] == {
        "EventType": "ExecutionStarted",
        "EventId": 1,
        "EventTimestamp": START,
        "Id": "0b1c",
        "Name": "order-7",
        "ExecutionStartedDetails": {
            "Input": {"Payload": '{"orderId":7}', "Truncated": False},
            "ExecutionTimeout": 600,
        },
    }


def test_an_invocation_is_noted_with_its_error(desk):
    desk.now += 2
    desk.finish(CRASH)
    event = shown(desk)[-1]
    assert set(event) == {"EventType", "EventId", "EventTimestamp", "InvocationCompletedDetails"}
    assert unlike_the_model(desk) == []
    assert event["InvocationCompletedDetails"] == {
        "StartTimestamp": START,
        "EndTimestamp": START + 2,
        "RequestId": "i1",
        "Error": {"Payload": CRASH.error, "Truncated": False},
    }


@pytest.mark.parametrize(
    ("end", "type_", "expected"),
    [
        (lambda desk: desk.finish({"Status": "SUCCEEDED", "Result": "1"}), "ExecutionSucceeded", {"Result": "1"}),
        (lambda desk: desk.finish({"Status": "FAILED", "Error": ERROR}), "ExecutionFailed", {"Error": ERROR}),
        (lambda desk: desk.finish({"Status": "FAILED"}), "ExecutionFailed", {"Error": {}}),
        (lambda desk: desk.execution.stop(ERROR, desk.now), "ExecutionStopped", {"Error": ERROR}),
        (
            lambda desk: desk.pass_time(600),
            "ExecutionTimedOut",
            {"Error": {"ErrorMessage": "Execution timed out after 600 seconds."}},
        ),
    ],
)
def test_the_last_event(desk, end, type_, expected):
    end(desk)
    assert unlike_the_model(desk) == []
    assert desk.last.type == type_
    assert details(desk) == {member: {"Payload": value, "Truncated": False} for member, value in expected.items()}
    assert shown(desk)[-1]["Id"] == "0b1c"


def test_without_data_every_payload_is_truncated(desk):
    desk.push(update("STEP SUCCEED", Payload="secret"), update("CONTEXT FAIL", "B", Error={"ErrorMessage": "secret"}))
    desk.push(callback("C"), chained("ship", "D", payload="secret"))
    desk.execution.succeed_callback("C", b"secret", desk.now)
    desk.execution.finish_invoke("D", InvokeEnd(Status.FAILED, error={"ErrorMessage": "secret"}), desk.now)
    desk.finish({"Status": "SUCCEEDED", "Result": "secret"})
    plain = shown(desk, include_data=False)
    assert "secret" not in str(plain)
    assert "orderId" not in str(plain)
    assert plain[-1]["ExecutionSucceededDetails"] == {"Result": {"Truncated": True}}


def test_event_ids_are_contiguous_and_times_never_fall(desk):
    desk.push(update("WAIT START", seconds=1), update("STEP START", "B"), update("STEP SUCCEED", "B"))
    desk.suspend()
    desk.pass_time(1)
    desk.begin()
    desk.finish({"Status": "SUCCEEDED"})
    events = desk.execution.events
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.at for event in events] == sorted(event.at for event in events)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_pages_add_up_to_the_history(desk, newest_first, limit):
    desk.push(*(update("STEP START", f"S{number}") for number in range(4)))
    events, marker, seen = desk.execution.events, None, []
    while True:
        page = page_events(events, limit=limit, marker=marker, newest_first=newest_first)
        assert len(page.events) <= limit
        seen += page.events
        marker = page.marker
        if marker is None:
            break
    assert seen == (list(events)[::-1] if newest_first else list(events))


def test_markers_count_events(desk):
    desk.push(*(update("STEP START", f"S{number}") for number in range(4)))
    assert page_events(desk.execution.events, limit=2, marker=None, newest_first=False).marker == "3"
    assert page_events(desk.execution.events, limit=2, marker=None, newest_first=True).marker == "4"


@pytest.mark.parametrize("marker", ["x", "-1", "1.5", "٣"])
def test_a_foreign_marker_is_refused(desk, marker):
    with pytest.raises(Fault, match="Invalid Marker"):
        page_events(desk.execution.events, limit=2, marker=marker, newest_first=False)
