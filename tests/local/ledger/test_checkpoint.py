import base64
import json

import pytest

from perdure_local.ledger import Execution, Fault, Limits
from support.desk import ARN, CRASH, Desk, update


def refusal(desk: Desk, token: str, **options) -> str:
    with pytest.raises(Fault) as fault:
        desk.execution.checkpoint(token, [], None, desk.now, **options)
    assert fault.value.status == 400
    return fault.value.message


def test_a_token_is_spent_by_a_checkpoint_and_replaced():
    desk = Desk()
    first = desk.begin()["CheckpointToken"]
    desk.push(update("STEP START"))
    assert desk.token != first
    assert refusal(desk, first) == "Invalid Checkpoint Token"
    desk.push()


def test_a_token_is_base64_within_the_model_and_names_its_place_in_the_chain():
    desk = Desk()
    desk.begin()
    assert len(desk.token) <= 2048
    assert json.loads(base64.b64decode(desk.token)) == {"arn": ARN, "seq": 1, "inv": "i1"}


def test_the_refusal_of_a_token_is_spelled_as_the_caller_needs_it():
    desk = Desk()
    desk.begin()
    assert refusal(desk, "bm8=", invalid_token="Invalid checkpoint token") == "Invalid checkpoint token"


def test_a_refused_batch_does_not_consume_the_token():
    desk = Desk()
    desk.begin()
    desk.refused(update("STEP CANCEL"))
    desk.push(update("STEP START"))


def test_a_new_invocation_ends_the_chain_of_the_one_before():
    desk = Desk(Limits(invocation_backoff=0))
    desk.begin()
    old = desk.token
    desk.finish(CRASH)
    assert refusal(desk, old) == "Invalid Checkpoint Token"
    desk.begin()
    assert refusal(desk, old) == "Invalid Checkpoint Token"


def test_between_invocations_no_token_is_valid():
    desk = Desk()
    desk.begin()
    desk.push(update("WAIT START", seconds=5))
    desk.suspend()
    assert refusal(desk, desk.token) == "Invalid Checkpoint Token"


def test_a_repeated_request_gets_the_same_answer_and_is_recorded_once():
    desk = Desk()
    token = desk.begin()["CheckpointToken"]
    batch = [update("STEP RETRY", delay=3)]
    first = desk.execution.checkpoint(token, batch, "c1", desk.now)
    before = desk.execution.record()
    assert desk.execution.checkpoint(token, batch, "c1", desk.now) == first
    assert desk.execution.record() == before
    with pytest.raises(Fault):
        desk.execution.checkpoint(token, batch, "c2", desk.now)


def test_only_the_last_request_can_be_repeated():
    desk = Desk()
    token = desk.begin()["CheckpointToken"]
    desk.push(update("STEP START"), client_token="c1")
    desk.push(client_token="c2")
    with pytest.raises(Fault):
        desk.execution.checkpoint(token, [], "c1", desk.now)


def test_a_client_token_stands_for_its_request_for_a_quarter_of_an_hour():
    desk = Desk()
    token = desk.begin()["CheckpointToken"]
    desk.push(update("STEP START"), client_token="c1")
    desk.execution.checkpoint(token, [], "c1", desk.now + 899)
    with pytest.raises(Fault):
        desk.execution.checkpoint(token, [], "c1", desk.now + 900)


def test_the_answer_that_closed_the_execution_can_be_repeated():
    desk = Desk()
    token = desk.begin()["CheckpointToken"]
    first = desk.execution.checkpoint(token, [update("EXECUTION SUCCEED", Payload="1")], "c1", desk.now)
    assert first.token is None
    assert desk.execution.checkpoint(token, [], "c1", desk.now) == first


def test_an_answer_holds_what_changed_in_creation_order():
    desk = Desk()
    desk.begin()
    assert list(desk.push(update("STEP START", "A"), update("WAIT START", "B", seconds=9))) == ["A", "B"]
    assert list(desk.push(update("STEP START", "C"), update("STEP SUCCEED", "A"))) == ["A", "C"]
    assert desk.push() == {}


def test_the_envelope_counts_as_a_delivery():
    desk = Desk()
    desk.begin()
    desk.push(update("STEP RETRY", delay=5))
    desk.suspend()
    desk.pass_time(5)
    assert desk.begin()["UpdatedOperationIds"] == ["A"]
    assert desk.push() == {}


def test_what_is_due_now_is_in_the_answer():
    desk = Desk()
    desk.begin()
    shown = desk.push(update("WAIT START", seconds=5), update("STEP RETRY", "B", delay=5))
    assert (shown["A"]["Status"], shown["B"]["Status"]) == ("STARTED", "PENDING")
    assert shown["A"]["WaitDetails"] == {"ScheduledEndTimestamp": desk.now + 5}
    assert shown["B"]["StepDetails"] == {"Attempt": 1, "NextAttemptTimestamp": desk.now + 5}
    desk.now += 5
    shown = desk.push()
    assert (shown["A"]["Status"], shown["B"]["Status"]) == ("SUCCEEDED", "READY")
    assert shown["B"]["StepDetails"] == {"Attempt": 1}


def test_timers_fire_in_the_order_they_are_due():
    desk = Desk()
    desk.begin()
    desk.push(*(update("WAIT START", f"W{seconds}", seconds=seconds) for seconds in (7, 3, 5)))
    desk.now += 9
    assert list(desk.push()) == ["W7", "W3", "W5"]
    assert [event.operation_id for event in desk.execution.events][-3:] == ["W3", "W5", "W7"]


def test_a_cancelled_wait_never_fires():
    desk = Desk()
    desk.begin()
    desk.push(update("WAIT START", seconds=5))
    desk.push(update("WAIT CANCEL"))
    assert desk.execution.next_timer() is None
    desk.pass_time(5)
    assert "WaitSucceeded" not in desk.events


@pytest.mark.parametrize("limits", [Limits(operations=2), Limits(written_bytes=12)])
def test_past_its_quota_an_execution_fails_and_the_token_is_revoked(limits):
    desk = Desk(limits, payload="1234")
    desk.begin()
    desk.push(update("STEP RETRY", delay=1, Payload="1234"))
    desk.push(update("STEP SUCCEED", "B", Payload="1234"))
    answer = desk.execution.checkpoint(desk.token, [update("STEP SUCCEED", "C", Payload="1")], None, desk.now)
    assert answer.token is None
    assert desk.operation("C").status == "SUCCEEDED"
    assert desk.execution.progress.error["ErrorType"] == "ServiceQuotaExceededException"
    assert desk.events[-2:] == ["InvocationCompleted", "ExecutionFailed"]


def test_a_checkpoint_past_the_deadline_is_refused():
    desk = Desk(timeout=60)
    desk.begin()
    desk.now += 60
    assert refusal(desk, desk.token) == "Invalid Checkpoint Token"
    assert desk.execution.progress.status == "TIMED_OUT"


def test_three_thousand_operations_cost_what_each_checkpoint_holds():
    desk = Desk()
    desk.begin()
    for number in range(3000):
        assert list(desk.push(update("STEP START", f"S{number}"), update("STEP SUCCEED", f"S{number}"))) == [
            f"S{number}"
        ]
    record = desk.execution.record()
    assert Execution.restore(record).record() == record
