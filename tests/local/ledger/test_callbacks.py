import base64
import json

import pytest

from perdure_local.ledger import Execution, Fault, Limits, Status, read_callback_id
from support.desk import ARN, CRASH, START, Desk, callback, update

ERROR = {"ErrorType": "Rejected", "ErrorMessage": "not approved"}
TIMEOUT = {"ErrorType": "Callback.Timeout", "ErrorMessage": "Callback timed out"}
HEARTBEAT = {"ErrorType": "Callback.Heartbeat", "ErrorMessage": "Callback timed out on heartbeat"}


def opened(*, suspended: bool = True, limits: Limits | None = None, **options: int) -> Desk:
    """A desk with the callback A open."""
    desk = Desk(limits or Limits())
    desk.begin()
    desk.push(callback(**options))
    if suspended:
        desk.suspend()
    return desk


def succeed(desk: Desk, body: bytes = b"yes") -> None:
    desk.execution.succeed_callback("A", body, desk.now)


def fail(desk: Desk, error: dict | None = None) -> None:
    desk.execution.fail_callback("A", error, desk.now)


def beat(desk: Desk) -> None:
    desk.execution.heartbeat_callback("A", desk.now)


CALLS = pytest.mark.parametrize("call", [succeed, fail, beat])


def test_a_callback_id_names_the_execution_and_the_operation():
    desk = Desk()
    desk.begin()
    details = desk.push(callback())["A"]["CallbackDetails"]
    assert set(details) == {"CallbackId"}
    assert base64.b64decode(details["CallbackId"]) == f'{{"arn":"{ARN}","op":"A"}}'.encode()
    assert read_callback_id(details["CallbackId"]) == (ARN, "A")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "ä",
        "////",
        *(
            base64.b64encode(json.dumps(parts).encode()).decode()
            for parts in (1, [], {}, {"arn": 1, "op": "A"}, {"arn": ARN}, {"arn": ARN, "op": None})
        ),
    ],
)
def test_a_text_that_is_no_callback_id_is_refused_like_an_unknown_one(text):
    with pytest.raises(Fault) as refusal:
        read_callback_id(text)
    assert (refusal.value.code, refusal.value.status) == ("ResourceNotFoundException", 404)


def test_a_body_becomes_the_result_as_it_is():
    desk = opened()
    succeed(desk, b' {"a": 1}\n')
    shown = desk.begin()["InitialExecutionState"]["Operations"][1]
    assert shown["Status"] == "SUCCEEDED"
    assert shown["CallbackDetails"]["Result"] == ' {"a": 1}\n'
    assert shown["EndTimestamp"] == round(START * 1000)


def test_an_empty_body_is_no_result():
    desk = opened()
    succeed(desk, b"")
    assert set(desk.begin()["InitialExecutionState"]["Operations"][1]["CallbackDetails"]) == {"CallbackId"}


@pytest.mark.parametrize(("given", "recorded"), [(ERROR, ERROR), (None, {}), ({}, {})])
def test_an_error_is_recorded_as_it_is_even_an_empty_one(given, recorded):
    desk = opened()
    fail(desk, given)
    shown = desk.begin()["InitialExecutionState"]["Operations"][1]
    assert shown["Status"] == "FAILED"
    assert shown["CallbackDetails"]["Error"] == recorded


def test_bytes_that_are_no_text_are_refused():
    desk = opened()
    with pytest.raises(Fault, match="must be UTF-8 text") as refusal:
        succeed(desk, b"\xff")
    assert refusal.value.code == "InvalidParameterValueException"
    assert desk.operation().status is Status.STARTED


def test_a_result_has_a_size():
    assert Limits().payload_bytes == 1024 * 1024
    desk = opened(limits=Limits(payload_bytes=8))
    with pytest.raises(Fault, match="size must be less than or equal to 8 bytes") as refusal:
        succeed(desk, b"x" * 9)
    assert refusal.value.code == "InvalidParameterValueException"
    succeed(desk, b"x" * 8)


def test_the_fields_of_an_error_have_a_size_together():
    desk = opened(limits=Limits(payload_bytes=8))
    with pytest.raises(Fault, match="size must be less than or equal to 8 bytes"):
        fail(desk, {"ErrorType": "abc", "ErrorMessage": "abc", "StackTrace": ["abc"]})
    fail(desk, {"ErrorType": "abc", "ErrorMessage": "abcde"})


@pytest.mark.parametrize(
    ("options", "due", "error"),
    [
        ({"TimeoutSeconds": 5}, 5, TIMEOUT),
        ({"HeartbeatTimeoutSeconds": 5}, 5, HEARTBEAT),
        ({"TimeoutSeconds": 9, "HeartbeatTimeoutSeconds": 5}, 5, HEARTBEAT),
        ({"TimeoutSeconds": 5, "HeartbeatTimeoutSeconds": 9}, 5, TIMEOUT),
        ({"TimeoutSeconds": 5, "HeartbeatTimeoutSeconds": 5}, 5, TIMEOUT),
        ({"TimeoutSeconds": 0, "HeartbeatTimeoutSeconds": 5}, 5, HEARTBEAT),
    ],
)
def test_the_deadline_that_comes_first_ends_a_callback(options, due, error):
    desk = opened(**options)
    assert desk.execution.next_due() == START + due
    desk.pass_time(due - 0.001)
    assert desk.operation().status is Status.STARTED
    desk.pass_time(0.001)
    assert (desk.operation().status, desk.operation().error) == (Status.TIMED_OUT, error)
    assert desk.operation().ended_at == START + due
    assert desk.execution.is_ready(desk.now)
    assert desk.begin()["UpdatedOperationIds"] == ["A"]


@pytest.mark.parametrize("options", [{}, {"TimeoutSeconds": 0}, {"TimeoutSeconds": 0, "HeartbeatTimeoutSeconds": 0}])
def test_a_callback_without_deadlines_waits_for_ever(options):
    desk = opened(**options)
    assert desk.execution.next_due() is None
    desk.pass_time(10**8)
    assert desk.operation().status is Status.STARTED


def test_a_heartbeat_begins_the_gap_anew_and_tells_nobody():
    desk = opened(HeartbeatTimeoutSeconds=5)
    before, events = desk.execution.progress, desk.events
    for _ in range(4):
        desk.pass_time(4)
        beat(desk)
    assert desk.operation().status is Status.STARTED
    assert desk.events == events
    assert (desk.execution.progress.touch, desk.execution.progress.invoke_at) == (before.touch, before.invoke_at)
    desk.pass_time(5)
    assert desk.operation().error == HEARTBEAT


def test_a_heartbeat_does_not_move_the_end():
    desk = opened(TimeoutSeconds=6, HeartbeatTimeoutSeconds=5)
    desk.pass_time(4)
    beat(desk)
    assert desk.execution.next_due() == START + 6
    desk.pass_time(2)
    assert desk.operation().error == TIMEOUT


def test_a_heartbeat_is_no_delivery_and_no_change_for_the_handler():
    desk = opened(suspended=False, HeartbeatTimeoutSeconds=5)
    beat(desk)
    assert desk.push() == {}
    beat(desk)
    desk.suspend()
    assert not desk.execution.is_ready(desk.now)


def test_a_heartbeat_nobody_asked_for_changes_nothing():
    desk = opened(TimeoutSeconds=5)
    before = desk.execution.record()
    beat(desk)
    assert desk.execution.record() == before


def test_a_heartbeat_is_stored():
    desk = opened(HeartbeatTimeoutSeconds=5)
    desk.execution.drain()
    desk.now += 3
    beat(desk)
    change = desk.execution.drain()
    assert [(one.id, one.due_at) for one in change.operations] == [("A", START + 8)]
    assert not change.events
    assert Execution.restore(desk.execution.record()).next_due() == START + 8


@CALLS
def test_whoever_comes_after_the_timeout_is_told_so(call):
    desk = opened(TimeoutSeconds=5)
    desk.now += 5
    with pytest.raises(Fault) as refusal:
        call(desk)
    assert (refusal.value.code, refusal.value.status) == ("CallbackTimeoutException", 400)
    assert desk.operation().status is Status.TIMED_OUT


@CALLS
@pytest.mark.parametrize("first", [succeed, fail])
def test_a_callback_that_is_over_is_not_there_any_more(call, first):
    desk = opened(TimeoutSeconds=5)
    first(desk)
    before = desk.execution.record()
    with pytest.raises(Fault) as refusal:
        call(desk)
    assert (refusal.value.code, refusal.value.status) == ("ResourceNotFoundException", 404)
    desk.pass_time(9)
    assert desk.execution.record() == before


@CALLS
def test_no_other_operation_is_a_callback(call):
    desk = Desk()
    desk.begin()
    with pytest.raises(Fault) as unknown:
        call(desk)
    desk.push(update("WAIT START", seconds=5))
    with pytest.raises(Fault) as wait:
        call(desk)
    assert unknown.value.status == wait.value.status == 404


@CALLS
def test_the_callbacks_of_an_execution_that_is_over_are_gone(call):
    desk = opened(TimeoutSeconds=5)
    desk.execution.stop(None, desk.now)
    before = desk.execution.record()
    with pytest.raises(Fault) as refusal:
        call(desk)
    assert refusal.value.status == 404
    desk.pass_time(9)
    assert desk.execution.record() == before
    assert desk.operation().status is Status.STARTED


@pytest.mark.parametrize("call", [succeed, fail])
def test_the_end_of_a_callback_wakes_a_handler_that_waits_for_something_else(call):
    desk = Desk()
    desk.begin()
    desk.push(callback(), update("WAIT START", "W", seconds=60))
    desk.suspend()
    desk.pass_time(5)
    call(desk)
    assert desk.execution.is_ready(desk.now)
    assert desk.begin()["UpdatedOperationIds"] == ["A"]
    desk.suspend()
    assert desk.execution.next_due() == START + 60


def test_a_callback_that_ends_during_an_invocation_is_in_its_next_answer():
    desk = opened(suspended=False)
    succeed(desk)
    shown = desk.push(update("STEP START", "B"))
    assert [(name, one["Status"]) for name, one in shown.items()] == [("A", "SUCCEEDED"), ("B", "STARTED")]
    desk.push(update("WAIT START", "W", seconds=60))
    desk.suspend()
    assert not desk.execution.is_ready(desk.now)


def test_a_callback_that_ends_during_an_invocation_that_never_asks_brings_the_handler_back():
    desk = opened(suspended=False)
    succeed(desk)
    assert not desk.execution.is_ready(desk.now)
    desk.suspend()
    assert desk.execution.progress.idle_pendings == 0
    assert desk.execution.is_ready(desk.now)
    assert desk.begin()["UpdatedOperationIds"] == ["A"]
    assert desk.events[-3:] == ["CallbackStarted", "CallbackSucceeded", "InvocationCompleted"]


def test_a_callback_does_not_shorten_the_pause_after_a_failure():
    desk = opened(suspended=False)
    desk.finish(CRASH)
    succeed(desk)
    assert desk.execution.next_due() == START + 5


def test_a_callback_times_out_in_the_answer_of_a_checkpoint():
    desk = opened(suspended=False, TimeoutSeconds=5)
    desk.now += 5
    assert desk.push()["A"]["CallbackDetails"]["Error"] == TIMEOUT


def test_what_a_callback_brings_counts_as_written():
    desk = opened()
    before = desk.execution.progress.written_bytes
    succeed(desk, "ä".encode())
    assert desk.execution.progress.written_bytes == before + 2


def test_somebody_outside_is_awaited_until_the_callback_is_over():
    desk = opened(suspended=False)
    assert desk.execution.awaits_outside
    assert Execution.restore(desk.execution.record()).awaits_outside
    succeed(desk)
    assert not desk.execution.awaits_outside


def test_nobody_is_awaited_once_the_execution_is_over():
    desk = opened()
    desk.execution.stop(None, desk.now)
    assert not desk.execution.awaits_outside
