import json
from datetime import UTC, datetime

import pytest

from perdure_runtime.core.records import MILLISECONDS, SECONDS, Record, UnreadRecord, epoch_seconds
from perdure_runtime.core.table import Impossible, Move
from perdure_runtime.core.vocabulary import Kind, Status

STEP = {
    "Id": "0123456789",
    "Type": "STEP",
    "SubType": "Step",
    "Name": "pay",
    "ParentId": "p",
    "Status": "PENDING",
    "StartTimestamp": 1_767_225_600_500,
    "StepDetails": {
        "Attempt": 2,
        "NextAttemptTimestamp": 1_767_225_601_000,
        "Result": "7",
        "Error": {"ErrorType": "X"},
    },
}


def test_a_record_reads_the_wire():
    record = Record(STEP, MILLISECONDS)
    assert (record.id, record.kind, record.status) == ("0123456789", Kind.STEP, Status.PENDING)
    assert (record.name, record.subtype, record.parent) == ("pay", "Step", "p")
    assert (record.completed_attempts, record.result, record.error) == (2, "7", {"ErrorType": "X"})
    assert (record.started_at, record.wake) == (1_767_225_600.5, 1_767_225_601.0)
    assert repr(record) == "<STEP 'pay' 01234567 PENDING>"


def test_what_is_absent_is_none():
    record = Record({"Id": "0123456789", "Type": "CALLBACK", "Status": "STARTED"})
    assert (record.name, record.subtype, record.parent, record.result, record.error) == (None, None, None, None, None)
    assert (record.completed_attempts, record.wake, record.started_at) == (0, None, None)
    assert repr(record) == "<CALLBACK 01234567 STARTED>"


@pytest.mark.parametrize(
    ("value", "scale"),
    [
        (1_767_225_600_500, MILLISECONDS),
        (1_767_225_600.5, SECONDS),
        ("2026-01-01T00:00:00.500Z", SECONDS),
        ("2026-01-01T01:00:00.500+01:00", MILLISECONDS),
        ("2026-01-01 00:00:00.500+00:00", MILLISECONDS),
        ("2026-01-01T00:00:00.500", SECONDS),
        (datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC), SECONDS),
    ],
)
def test_a_timestamp_is_read_in_every_encoding_of_the_protocol(value, scale):
    assert epoch_seconds(value, scale) == 1_767_225_600.5


def test_a_wait_wakes_when_the_service_says():
    wait = {"Id": "w", "Type": "WAIT", "Status": "STARTED", "WaitDetails": {"ScheduledEndTimestamp": 7.5}}
    assert Record(wait).wake == 7.5


@pytest.mark.parametrize(
    ("member", "ask"), [("Type", "kind"), ("Type", "details"), ("Status", "status"), ("Status", "move")]
)
def test_a_word_that_the_engine_does_not_know_is_said_loudly(member, ask):
    record = Record({"Id": "w", "Type": "WAIT", "Status": "STARTED"} | {member: "NEW"})
    with pytest.raises(Impossible, match="NEW"):
        getattr(record, ask)


def test_a_finished_context_says_whether_its_children_stand_for_its_result():
    context = {"Id": "c", "Type": "CONTEXT", "Status": "SUCCEEDED", "ContextDetails": {"Result": "many"}}
    assert not Record(context).keeps_children
    assert not Record(context | {"ContextDetails": {"ReplayChildren": False}}).keeps_children
    assert Record(context | {"ContextDetails": {"Result": "many", "ReplayChildren": True}}).keeps_children


def test_a_callback_says_by_what_it_is_completed():
    callback = {"Id": "c", "Type": "CALLBACK", "Status": "STARTED"}
    assert Record(callback).callback_id is None
    assert Record(callback | {"CallbackDetails": {"CallbackId": "cb-1"}}).callback_id == "cb-1"


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("CONTEXT", "ContextDetails"),
        ("STEP", "StepDetails"),
        ("CALLBACK", "CallbackDetails"),
        ("CHAINED_INVOKE", "ChainedInvokeDetails"),
    ],
)
def test_every_kind_keeps_its_result_and_its_error_in_a_member_of_its_own(kind, member):
    details = {"Result": "7", "Error": {"ErrorType": "X"}}
    record = Record({"Id": "o", "Type": kind, "Status": "SUCCEEDED", member: details})
    assert (record.result, record.error) == ("7", {"ErrorType": "X"})


BEGUN = {"Id": "w", "Type": "WAIT", "Status": "STARTED", "WaitDetails": {"ScheduledEndTimestamp": 1769904000.25}}


@pytest.mark.parametrize(
    "wire",
    [
        BEGUN,
        {**BEGUN, "Status": "SUCCEEDED"},
        {**BEGUN, "Status": "SUCCEEDED", "Name": '"Status":"STARTED"'},
        {**BEGUN, "Name": '"WaitDetails":{"ScheduledEndTimestamp":1}'},
        {**BEGUN, "WaitDetails": {"ScheduledEndTimestamp": 1769904000}},
        {**BEGUN, "WaitDetails": {"ScheduledEndTimestamp": "2026-02-01T00:00:00Z"}},
        {**BEGUN, "WaitDetails": {"ScheduledEndTimestamp": 1769904000.5, "More": {}}},
        {**BEGUN, "WaitDetails": {}},
        {"Id": "s", "Type": "STEP", "Status": "STARTED", "Name": '"Type":"WAIT"'},
        {"Id": "s", "Type": "STEP", "Status": "PENDING", "StepDetails": {"NextAttemptTimestamp": 1769904000.5}},
        {"Id": "c", "Type": "CALLBACK", "Status": "STARTED", "CallbackDetails": {"CallbackId": "c"}},
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_what_the_text_of_an_operation_tells_is_what_reading_it_tells(wire, separators):
    text = json.dumps(wire, separators=separators)
    unread, read = UnreadRecord(text[text.index(wire["Id"]) :][:-1], []), Record(wire)
    assert (unread.move, unread.wake) == (read.move, read.wake)
    assert unread.wire == wire


def test_a_wait_that_has_begun_is_not_read():
    failures = []
    text = json.dumps(BEGUN, separators=(",", ":")).removeprefix('{"Id":"')[:-1]
    record = UnreadRecord(text + ", and no JSON", failures)
    assert (record.move, record.wake) == (Move.PARK, 1769904000.25)
    assert not failures
