import pytest

from perdure_local.ledger import ErrorObject, Execution, ExecutionStatus, Failed, Fault, Limits, Resolved
from support.desk import ARN, CRASH, START, Desk, callback, chained, update


def test_the_envelope_of_a_new_execution():
    desk = Desk()
    event = desk.begin()
    token = event.pop("CheckpointToken")
    assert token
    assert event == {
        "DurableExecutionArn": ARN,
        "InitialExecutionState": {
            "Operations": [
                {
                    "Id": "0b1c",
                    "Type": "EXECUTION",
                    "Name": "order-7",
                    "Status": "STARTED",
                    "StartTimestamp": round(START * 1000),
                    "ExecutionDetails": {"InputPayload": '{"orderId":7}'},
                }
            ],
            "NextMarker": "",
        },
        "UpdatedOperationIds": [],
    }


def test_envelope_times_are_whole_milliseconds_and_answers_are_seconds():
    desk = Desk()
    desk.begin()
    desk.now += 0.1234
    assert desk.push(update("STEP RETRY", delay=2))["A"]["StepDetails"]["NextAttemptTimestamp"] == START + 2.123
    desk.push(update("WAIT START", "B", seconds=1))
    desk.suspend()
    desk.pass_time(1)
    shown = desk.begin()["InitialExecutionState"]["Operations"][1]
    assert shown["StartTimestamp"] == round((START + 0.123) * 1000)
    assert shown["StepDetails"]["NextAttemptTimestamp"] == round((START + 2.123) * 1000)


def test_a_result_ends_the_execution():
    desk = Desk()
    desk.begin()
    desk.finish({"Status": "SUCCEEDED", "Result": '"ok"'})
    progress = desk.execution.progress
    assert (progress.status, progress.result, progress.ended_at) == (ExecutionStatus.SUCCEEDED, '"ok"', desk.now)
    assert desk.events == ["ExecutionStarted", "InvocationCompleted", "ExecutionSucceeded"]
    assert desk.operation("0b1c").status == "SUCCEEDED"
    assert desk.execution.next_due() is None


def test_a_failure_of_the_workflow_is_not_repeated():
    desk = Desk()
    desk.begin()
    desk.finish({"Status": "FAILED", "Error": {"ErrorType": "ValueError", "ErrorMessage": "no", "Other": 1}})
    assert desk.execution.progress.error == {"ErrorType": "ValueError", "ErrorMessage": "no"}
    assert desk.events[-2:] == ["InvocationCompleted", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (b"no json", "The invocation's output is not a JSON object."),
        (b"[]", "The invocation's output is not a JSON object."),
        ({}, "Invalid Status in the invocation's output: None."),
        ({"Status": "DONE"}, "Invalid Status in the invocation's output: 'DONE'."),
        ({"Status": "SUCCEEDED", "Result": 1}, "The Result in the invocation's output is not a string."),
        ({"Status": "FAILED", "Result": "1"}, "Cannot provide a Result for FAILED status."),
        ({"Status": "SUCCEEDED", "Error": {}}, "Cannot provide an Error for SUCCEEDED status."),
        ({"Status": "FAILED", "Error": "no"}, "Error must be an object."),
    ],
)
def test_an_answer_that_means_nothing_fails_the_execution_at_once(output, message):
    desk = Desk()
    desk.begin()
    desk.finish(output)
    expected = {"ErrorType": "InvalidParameterValueException", "ErrorMessage": message}
    assert desk.execution.progress.error == expected
    assert desk.execution.events[-2].details["Error"] == expected


def test_null_members_of_an_answer_are_absent_ones():
    desk = Desk()
    desk.begin()
    desk.finish({"Status": "SUCCEEDED", "Result": None, "Error": None})
    assert desk.execution.progress.status == "SUCCEEDED"


def test_a_suspended_execution_sleeps_until_its_timer():
    desk = Desk()
    desk.begin()
    desk.push(update("WAIT START", seconds=60))
    desk.suspend()
    assert not desk.execution.is_ready(desk.now)
    assert desk.execution.next_due() == START + 60
    desk.pass_time(59)
    assert not desk.execution.is_ready(desk.now)
    desk.pass_time(1)
    assert desk.execution.is_ready(desk.now)
    assert desk.events[-2:] == ["InvocationCompleted", "WaitSucceeded"]


def test_a_change_nobody_delivered_brings_the_handler_back():
    desk = Desk()
    desk.begin()
    desk.push(update("WAIT START", seconds=5), update("WAIT START", "B", seconds=500))
    desk.pass_time(5)
    assert not desk.execution.is_ready(desk.now)
    desk.suspend()
    assert desk.execution.is_ready(desk.now)
    assert desk.begin()["UpdatedOperationIds"] == ["A"]


def test_a_change_that_was_delivered_does_not():
    desk = Desk()
    desk.begin()
    desk.push(update("WAIT START", seconds=5), update("WAIT START", "B", seconds=500))
    desk.pass_time(5)
    desk.push()
    desk.suspend()
    assert desk.execution.next_due() == START + 500


def test_pending_is_right_when_the_last_thing_pending_ended_meanwhile():
    desk = Desk()
    desk.begin()
    desk.push(update("WAIT START", seconds=5))
    desk.pass_time(5)
    desk.suspend()
    assert desk.execution.progress.idle_pendings == 0
    assert desk.execution.is_ready(desk.now)


@pytest.mark.parametrize("moves", [(), ("STEP START",), ("CONTEXT START",), ("STEP SUCCEED",)])
def test_pending_with_nothing_pending_is_forgiven_twice(moves):
    desk = Desk()
    for failures in range(3):
        assert desk.execution.progress.idle_pendings == failures
        desk.begin()
        desk.push(*(update(move) for move in moves if failures == 0))
        desk.suspend()
        desk.pass_time(5)
    error = desk.execution.progress.error
    assert error["ErrorMessage"] == "Cannot return PENDING status with no pending operations."
    assert desk.events[-4:] == [*["InvocationCompleted"] * 3, "ExecutionFailed"]


@pytest.mark.parametrize(
    "update_", [update("STEP RETRY", delay=5), update("WAIT START", seconds=5), callback(), chained("ship")]
)
def test_what_counts_as_pending(update_):
    desk = Desk()
    desk.resolve = lambda _target: Resolved("1")
    desk.begin()
    desk.push(update_)
    desk.suspend()
    assert desk.execution.progress.idle_pendings == 0


def test_a_failed_invocation_is_repeated_from_the_durable_state():
    desk = Desk()
    desk.begin()
    desk.push(update("STEP SUCCEED", Payload="1"))
    desk.finish(CRASH)
    assert desk.last.details["Error"] == CRASH.error
    assert desk.execution.next_due() == START + 5
    desk.pass_time(5)
    shown = desk.begin()["InitialExecutionState"]["Operations"]
    assert [operation["Id"] for operation in shown] == ["0b1c", "A"]
    assert desk.operation().attempt == 1


def test_five_failed_invocations_in_a_row_fail_the_execution():
    desk = Desk()
    for _ in range(5):
        assert desk.execution.is_running
        desk.begin()
        desk.finish(CRASH)
        desk.pass_time(5)
    assert desk.execution.progress.error == CRASH.error
    assert desk.events == ["ExecutionStarted", *["InvocationCompleted"] * 5, "ExecutionFailed"]


def test_a_clean_invocation_forgives_earlier_failures():
    desk = Desk(Limits(invocation_failures=2, invocation_backoff=1))
    desk.begin()
    desk.finish(CRASH)
    desk.pass_time(1)
    desk.begin()
    desk.push(update("WAIT START", seconds=1))
    desk.suspend()
    desk.pass_time(1)
    desk.begin()
    desk.finish(CRASH)
    assert desk.execution.is_running


def test_a_function_that_cannot_run_is_not_tried_again():
    desk = Desk()
    desk.begin()
    error = ErrorObject(ErrorType="Runtime.ImportModuleError", ErrorMessage="Unable to import module 'app'")
    desk.finish(Failed(error, is_final=True))
    assert (desk.execution.progress.status, desk.execution.progress.error) == ("FAILED", error)


def test_an_invocation_the_service_cut_short_is_repeated_for_free():
    desk = Desk()
    for _ in range(9):
        desk.begin()
        desk.finish(CRASH._replace(is_counted=False))
    assert desk.execution.is_ready(desk.now)
    assert desk.execution.progress.failures == 0


def test_a_timer_does_not_shorten_the_pause_after_a_failure():
    desk = Desk()
    desk.begin()
    desk.push(update("WAIT START", seconds=1))
    desk.finish(CRASH)
    desk.pass_time(1)
    assert desk.events[-1] == "WaitSucceeded"
    assert not desk.execution.is_ready(desk.now)
    assert desk.execution.next_due() == START + 5


def test_the_end_of_a_past_invocation_changes_nothing():
    desk = Desk(Limits(invocation_backoff=0))
    desk.begin()
    desk.finish(CRASH)
    desk.begin()
    before = desk.execution.record()
    desk.execution.finish_invocation("i1", CRASH, desk.now)
    assert desk.execution.record() == before


def test_an_invocation_begins_only_when_one_is_due():
    desk = Desk()
    desk.begin()
    with pytest.raises(RuntimeError, match="is not ready to be invoked"):
        desk.begin()


def test_an_execution_times_out_whatever_it_does():
    desk = Desk(timeout=60)
    desk.begin()
    desk.push(update("WAIT START", seconds=3600))
    desk.suspend()
    assert desk.execution.next_due() == START + 60
    desk.pass_time(60)
    assert desk.execution.progress.status == "TIMED_OUT"
    assert desk.execution.progress.error == {"ErrorMessage": "Execution timed out after 60 seconds."}
    assert desk.last.type == "ExecutionTimedOut"
    assert desk.operation().status == "STARTED"


def test_stop_with_its_default_and_with_a_given_error():
    desk = Desk()
    assert desk.execution.stop(None, START + 1) == START + 1
    assert desk.execution.progress.error == {"ErrorMessage": "Execution stopped by user request"}
    given = Desk()
    given.execution.stop({"ErrorType": "Mine"}, START)
    assert (given.execution.progress.status, given.execution.progress.error) == ("STOPPED", {"ErrorType": "Mine"})


def test_stop_is_idempotent():
    desk = Desk()
    desk.begin()
    desk.finish({"Status": "SUCCEEDED"})
    ended, before = desk.execution.progress.ended_at, desk.execution.record()
    assert desk.execution.stop(None, START + 99) == ended
    assert desk.execution.record() == before


def test_a_terminal_state_is_final():
    desk = Desk(timeout=600)
    desk.begin()
    desk.push(update("WAIT START", seconds=5))
    desk.execution.stop(None, desk.now)
    before = desk.execution.record()
    desk.finish({"Status": "SUCCEEDED"})
    desk.pass_time(9999)
    with pytest.raises(Fault, match="Invalid Checkpoint Token"):
        desk.push(update("STEP START", "B"))
    assert desk.execution.record() == before
    assert desk.last.type == "ExecutionStopped"


@pytest.mark.parametrize(("move", "status"), [("EXECUTION SUCCEED", "SUCCEEDED"), ("EXECUTION FAIL", "FAILED")])
def test_a_closing_checkpoint_ends_the_execution(move, status):
    desk = Desk()
    desk.begin()
    member = {"Payload": '"large"'} if status == "SUCCEEDED" else {"Error": {"ErrorMessage": "no"}}
    answer = desk.execution.checkpoint(desk.token, [update(move, "execution-result-1", **member)], None, desk.now)
    assert answer.token is None
    assert "CheckpointToken" not in answer.wire()
    assert [operation.id for operation in answer.operations] == ["0b1c"]
    progress = desk.execution.progress
    assert (progress.status, progress.result, progress.error) == (status, member.get("Payload"), member.get("Error"))
    desk.finish({"Status": "SUCCEEDED", "Result": ""})
    assert desk.events[-2:] == ["InvocationCompleted", f"Execution{status.title()}"]
    assert desk.operation("0b1c").payload == '{"orderId":7}'


def test_changes_rebuild_the_execution():
    desk = Desk()
    first = desk.execution.drain()
    assert first.spec == desk.execution.spec
    assert desk.execution.drain() is None
    desk.begin()
    desk.push(update("STEP RETRY", delay=1))
    change = desk.execution.drain()
    assert (change.spec, [operation.id for operation in change.operations]) == (None, ["A"])
    rebuilt = Execution.restore(desk.execution.record())
    assert rebuilt.next_due() == desk.execution.next_due()
    assert rebuilt.drain() is None


def test_repr_tells_the_state():
    desk = Desk()
    desk.begin()
    assert repr(desk.execution) == f"<Execution {ARN} RUNNING in invocation i1, 1 operations>"
