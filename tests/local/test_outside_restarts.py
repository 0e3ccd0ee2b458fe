"""Services that end while a workflow waits for somebody outside: the next one goes on where the last one was."""

import sqlite3
import threading

import pytest

from support.api_calls import SUCCEED
from support.desk import START, callback, chained
from support.local_service import (
    InProcessService,
    Script,
    await_execution,
    await_kind,
    closed_in_flight,
    kinds_of,
    lambda_client,
    operation,
)


class Clock:
    """A machine's clock that is set by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def path(tmp_path):
    return tmp_path / "j.db"


def started(service, arn, kind):
    """The details of the first such event."""
    return next(event for event in service.history(arn) if event["EventType"] == kind)[f"{kind}Details"]


def suspend(service, script, name="f"):
    """Start an execution, and wait until it is suspended."""
    service.host(name, script)
    arn = service.start(name, b"{}", "one")
    await_kind(service, arn, "InvocationCompleted")
    return arn


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"TimeoutSeconds": 3600, "HeartbeatTimeoutSeconds": 7200}, "Callback.Timeout"),
        ({"TimeoutSeconds": 7200, "HeartbeatTimeoutSeconds": 3600}, "Callback.Heartbeat"),
    ],
)
def test_a_callback_times_out_while_no_service_is_up(path, options, kind):
    clock = Clock()
    with InProcessService(path, time=clock) as first:
        arn = suspend(first, Script(first, [callback(**options)]))
    clock.at += 3601
    with InProcessService(path, time=clock) as second:
        script = Script(second)
        second.host("f", script)
        assert second.wait(arn, 20).status == "SUCCEEDED"
    found = operation(script.calls[0])
    assert (found["Status"], found["CallbackDetails"]["Error"]["ErrorType"]) == ("TIMED_OUT", kind)


def test_a_callback_s_time_goes_on_over_a_restart(path):
    clock = Clock()
    with InProcessService(path, time=clock) as first:
        arn = suspend(first, Script(first, [callback(TimeoutSeconds=3600)]))
    clock.at += 3599
    with InProcessService(path, time=clock) as second:
        second.host("f", Script(second))
        assert kinds_of(second, arn)[-1] == "InvocationCompleted"
        clock.at += 1
    with InProcessService(path, time=clock) as third:
        third.host("f", Script(third))
        assert third.wait(arn, 20).status == "SUCCEEDED"
        assert "CallbackTimedOut" in kinds_of(third, arn)


def test_a_heartbeat_counts_over_a_restart(path):
    clock = Clock()
    with InProcessService(path, time=clock) as first:
        arn = suspend(first, Script(first, [callback(HeartbeatTimeoutSeconds=3600)]))
        callback_id = started(first, arn, "CallbackStarted")["CallbackId"]
        clock.at += 3000
        with lambda_client(first.endpoint) as client:
            client.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
    clock.at += 3000
    with InProcessService(path, time=clock) as second:
        second.host("f", Script(second))
        with lambda_client(second.endpoint) as client:
            client.send_durable_execution_callback_success(CallbackId=callback_id)
        assert second.wait(arn, 20).status == "SUCCEEDED"


@pytest.mark.parametrize("is_hosted", [True, False])
def test_a_callback_of_an_earlier_service_can_be_completed(path, is_hosted):
    with InProcessService(path) as first:
        arn = suspend(first, Script(first, [callback()]))
        callback_id = started(first, arn, "CallbackStarted")["CallbackId"]
    with InProcessService(path) as second:
        script = Script(second)
        if is_hosted:
            second.host("f", script)
        with lambda_client(second.endpoint) as client:
            client.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"yes")
        if not is_hosted:
            second.host("f", script)
        assert second.wait(arn, 20).status == "SUCCEEDED"
        assert operation(script.calls[0])["CallbackDetails"]["Result"] == "yes"


def test_a_child_that_was_wanted_and_not_started_is_started(path):
    with InProcessService(path) as first:
        first.host("ship", Script(first, [callback()]))
        arn = suspend(first, Script(first, [chained("ship", payload="7")]))
        child = started(first, arn, "ChainedInvokeStarted")["DurableExecutionArn"]
    forget(path, child)
    with InProcessService(path) as second:
        parent = Script(second)
        second.host("f", parent)  # before the function it invokes
        second.host("ship", lambda _: SUCCEED)
        assert second.wait(arn, 20).status == "SUCCEEDED"
        found = second.wait(child, 20)
        assert (found.payload, found.parent) == ("7", arn)
    assert operation(parent.calls[0])["ChainedInvokeDetails"] == {"Result": SUCCEED["Result"]}


def test_a_child_that_ran_goes_on(path):
    with InProcessService(path) as first:
        first.host("ship", Script(first, [callback()]))
        arn = suspend(first, Script(first, [chained("ship")]))
        child = started(first, arn, "ChainedInvokeStarted")["DurableExecutionArn"]
        await_execution(first, child)
        await_kind(first, child, "InvocationCompleted")
        callback_id = started(first, child, "CallbackStarted")["CallbackId"]
    with InProcessService(path) as second:
        second.host("f", Script(second))
        second.host("ship", Script(second))
        with lambda_client(second.endpoint) as client:
            client.send_durable_execution_callback_success(CallbackId=callback_id)
        assert second.wait(arn, 20).status == "SUCCEEDED"
        assert kinds_of(second, arn).count("ChainedInvokeSucceeded") == 1
        assert len(second.executions("ship")) == 1


def test_a_child_that_ended_while_its_parent_was_away_is_reported(path):
    with InProcessService(path) as first:
        first.host("ship", Script(first, [callback()]))
        arn = suspend(first, Script(first, [chained("ship")]))
        child = started(first, arn, "ChainedInvokeStarted")["DurableExecutionArn"]
        await_execution(first, child)
        await_kind(first, child, "CallbackStarted")
    with InProcessService(path) as second:
        second.stop(child)
    with InProcessService(path) as third:
        script = Script(third)
        third.host("f", script)
        third.host("ship", Script(third))
        assert third.wait(arn, 20).status == "SUCCEEDED"
    assert operation(script.calls[0])["Status"] == "STOPPED"


def test_a_child_goes_on_with_its_parent_and_not_before(path):
    clock = Clock()
    with InProcessService(path, time=clock) as first:
        first.host("ship", Script(first, [callback(TimeoutSeconds=60)]))
        arn = suspend(first, Script(first, [chained("ship")]))
        child = started(first, arn, "ChainedInvokeStarted")["DurableExecutionArn"]
        await_execution(first, child)
        await_kind(first, child, "InvocationCompleted")
    clock.at += 61
    with InProcessService(path, time=clock) as second:
        ship = Script(second)
        second.host("ship", ship, take_up=False)
        second.host("f", Script(second), take_up=False)
        second.wait(second.start("ship", b"{}"), 20)  # another one; there was time enough
        assert [call["DurableExecutionArn"] for call in ship.calls] != [child]
        assert kinds_of(second, child)[-1] == "InvocationCompleted"
        second.take_up(arn)
        assert second.wait(arn, 20).status == "SUCCEEDED"
        assert [call["DurableExecutionArn"] == child for call in ship.calls] == [False, True]


def test_a_plain_call_that_was_cut_off_is_made_again(path):
    arrived, release = threading.Event(), threading.Event()

    def hold(event):
        arrived.set()
        release.wait(20)

    service = InProcessService(path)
    service.open()
    service.host("price", hold, is_durable=False)
    arn = suspend(service, Script(service, [chained("price", payload="7")]))
    assert arrived.wait(20)
    closed_in_flight(service, release)
    with InProcessService(path) as second:
        script = Script(second)
        second.host("f", script)
        second.host("price", lambda event: event + 1, is_durable=False)
        assert second.wait(arn, 20).status == "SUCCEEDED"
    assert operation(script.calls[0])["ChainedInvokeDetails"] == {"Result": "8"}


def test_a_parent_that_was_stopped_starts_nothing_any_more(path):
    with InProcessService(path) as first:
        first.host("ship", Script(first, [callback()]))
        arn = suspend(first, Script(first, [chained("ship")]))
        child = started(first, arn, "ChainedInvokeStarted")["DurableExecutionArn"]
        first.stop(arn)
    forget(path, child)
    with InProcessService(path) as second:
        second.host("ship", Script(second))
        second.host("f", Script(second))
        assert second.executions("ship") == []
        assert kinds_of(second, arn)[-1] == "ExecutionStopped"


def forget(path, arn):
    """Have an execution never have been written: what a kill between the parent's write and the child's leaves."""
    connection = sqlite3.connect(path)
    try:
        ((key,),) = connection.execute("SELECT key FROM execution WHERE arn = ?", (arn,)).fetchall() or [(None,)]
        for table, column in (("execution", "key"), ("operation", "execution"), ("event", "execution")):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (key,))  # noqa: S608
        connection.commit()
    finally:
        connection.close()


def test_an_invoke_is_begun_after_it_is_on_disk(path):
    told = []
    with InProcessService(path) as service:
        service.subscribe(lambda notice: told.append((type(notice).__name__, notice.arn)))
        service.host("ship", lambda _: SUCCEED)
        service.host("f", Script(service, [chained("ship")]))
        arn = service.start("f", b"{}")
        service.wait(arn, 20)
    wished = told.index(("FunctionInvoked", arn))
    begun = next(place for place, (kind, of) in enumerate(told) if kind == "ExecutionStarted" and of != arn)
    assert wished < begun
