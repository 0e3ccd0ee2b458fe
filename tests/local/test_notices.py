from perdure_local import notices
from perdure_local.ledger import Change
from perdure_local.notices import notices_of
from support.desk import CRASH, START, Desk, update


def told(desk: Desk) -> list:
    return list(notices_of(desk.execution.drain()))


def kinds(desk: Desk) -> list[str]:
    return [type(notice).__name__ for notice in told(desk)]


def test_a_run_as_it_is_told():
    desk = Desk()
    (started,) = told(desk)
    assert (started.name, started.payload, started.at) == ("order-7", '{"orderId":7}', START)
    desk.begin()
    desk.push(update("STEP START", Name="charge"))
    (step,) = told(desk)
    assert (step.name, step.kind, step.attempt, step.operation_id) == ("charge", "STEP", 1, "A")
    desk.push(update("STEP RETRY", delay=3, Error={"ErrorMessage": "no"}))
    (retrying,) = told(desk)
    assert (retrying.attempt, retrying.delay, retrying.until) == (1, 3, START + 3)
    assert retrying.error == {"ErrorMessage": "no"}
    desk.suspend()
    desk.pass_time(3)
    (finished,) = told(desk)
    assert (finished.request_id, finished.error, finished.status) == ("i1", None, "RUNNING")
    desk.begin()
    desk.push(update("STEP START"), update("STEP SUCCEED", Payload="1"))
    again, succeeded = told(desk)
    assert (type(again), again.attempt) == (notices.OperationStarted, 2)
    assert (type(succeeded), succeeded.attempt, succeeded.result) == (notices.OperationSucceeded, 2, "1")
    desk.push(update("WAIT START", "B", seconds=7))
    (waiting,) = told(desk)
    assert (type(waiting), waiting.delay, waiting.until) == (notices.OperationWaiting, 7, START + 10)
    desk.pass_time(7)
    (elapsed,) = told(desk)
    assert (type(elapsed), elapsed.operation_id) == (notices.OperationSucceeded, "B")
    desk.finish({"Status": "SUCCEEDED", "Result": "2"})
    last, ended = told(desk)
    assert (type(last), last.status) == (notices.InvocationFinished, "SUCCEEDED")
    assert (ended.status, ended.result, ended.error) == ("SUCCEEDED", "2", None)


def test_a_poll_that_goes_on_is_told_as_a_retry_without_an_error():
    desk = Desk()
    desk.begin()
    told(desk)
    desk.push(update("STEP RETRY", delay=1, Payload="state"))
    (polled,) = told(desk)
    assert (type(polled), polled.error) == (notices.OperationRetrying, None)


def test_failures_are_told():
    desk = Desk()
    desk.begin()
    told(desk)
    desk.push(
        update("STEP FAIL", Error={"ErrorMessage": "no"}),
        update("CONTEXT START", "C"),
        update("WAIT START", "W", seconds=1),
    )
    desk.push(update("CONTEXT FAIL", "C"), update("WAIT CANCEL", "W"))
    assert kinds(desk) == [
        "OperationFailed",
        "OperationStarted",
        "OperationWaiting",
        "OperationFailed",
        "OperationFailed",
    ]
    desk.finish(CRASH)
    (crashed,) = told(desk)
    assert (crashed.error, crashed.status) == (CRASH.error, "RUNNING")
    desk.execution.stop(None, desk.now)
    assert kinds(desk) == ["ExecutionFinished"]


def test_an_invocation_that_the_execution_s_end_cut_off_was_the_last():
    desk = Desk()
    desk.begin()
    desk.execution.stop(None, desk.now)
    *_, last, ended = told(desk)
    assert (type(last), last.status) == (notices.InvocationFinished, "STOPPED")
    assert type(ended) is notices.ExecutionFinished


def test_a_whole_record_is_told_as_it_was_told_bit_by_bit():
    desk = Desk()
    bits = told(desk)
    for _ in range(2):
        desk.begin()
        desk.push(
            update("STEP SUCCEED", f"S{desk.invocations}", Payload="1"),
            update("WAIT START", f"W{desk.invocations}", seconds=7),
        )
        desk.suspend()
        desk.pass_time(7)
        bits += told(desk)
    desk.begin()
    desk.finish({"Status": "SUCCEEDED"})
    bits += told(desk)
    assert list(notices_of(Change(desk.execution.spec.arn, *desk.execution.record()))) == bits
