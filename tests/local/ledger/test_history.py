import pytest

from perdure_local.ledger import Fault
from perdure_local.ledger.history import page_events
from support.desk import CRASH, START, Desk, update


def shown(desk: Desk, *, include_data=True) -> list[dict]:
    return [event.wire(include_data=include_data) for event in desk.execution.events]


def details(desk: Desk, number: int = -1) -> dict:
    event = shown(desk)[number]
    return event[f"{event['EventType']}Details"]


@pytest.fixture
def desk():
    opened = Desk(timeout=600)
    opened.begin()
    return opened


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
    ],
)
def test_the_event_of_each_update(desk, moves, events):
    desk.push(*moves)
    assert {event["EventType"]: event[f"{event['EventType']}Details"] for event in shown(desk)[1:]} == events


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


def test_a_step_that_becomes_ready_adds_nothing(desk):
    desk.push(update("STEP RETRY", delay=1))
    before = len(desk.events)
    desk.pass_time(1)
    assert len(desk.events) == before


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
    assert desk.last.type == type_
    assert details(desk) == {member: {"Payload": value, "Truncated": False} for member, value in expected.items()}
    assert shown(desk)[-1]["Id"] == "0b1c"


def test_without_data_every_payload_is_truncated(desk):
    desk.push(update("STEP SUCCEED", Payload="secret"), update("CONTEXT FAIL", "B", Error={"ErrorMessage": "secret"}))
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
