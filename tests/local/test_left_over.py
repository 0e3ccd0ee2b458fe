"""Executions that a service finds in its journal: recovered, asleep or taken up."""

import threading

import pytest

from perdure_local import ExecutionResumed, Fault, InvocationStarted, Limits
from support.desk import update
from support.local_service import InProcessService, Script, closed_in_flight

pytestmark = pytest.mark.slow

WAIT = 7200


@pytest.fixture
def left(tmp_path):
    """A journal with an unfinished execution of `f`, suspended in a wait, and its ARN."""
    with InProcessService(tmp_path / "j.db") as service:
        service.host("f", Script(service, [update("WAIT START", seconds=WAIT)]))
        done = threading.Event()
        service.subscribe(lambda notice: type(notice).__name__ == "InvocationFinished" and done.set())
        arn = service.start("f", b'{"a":1}', "one")
        assert done.wait(10)
    return tmp_path / "j.db", arn


def test_what_is_not_taken_up_stays_asleep_while_others_run(left):
    path, arn = left
    told = []
    with InProcessService(path, skip_time=True) as service:
        service.subscribe(told.append)
        service.host("f", Script(service), take_up=False)
        before = service.history(arn)
        assert service.wait(service.start("f", b"{}", "two"), 20).status == "SUCCEEDED"
        assert service.history(arn) == before
        assert {one.name: one.status for one in service.executions("f")} == {"one": "RUNNING", "two": "SUCCEEDED"}
    assert arn not in {notice.arn for notice in told}


@pytest.mark.parametrize("wake", [lambda it, arn: it.take_up(arn), lambda it, _: it.start("f", b'{"a":1}', "one")])
def test_an_execution_that_is_named_goes_on(left, wake):
    path, arn = left
    told = []
    with InProcessService(path, skip_time=True) as service:
        service.subscribe(told.append)
        service.host("f", Script(service), take_up=False)
        wake(service, arn)
        assert service.wait(arn, 20).status == "SUCCEEDED"
        wake(service, arn)
    (resumed,) = (notice for notice in told if isinstance(notice, ExecutionResumed))
    assert told[0] is resumed
    assert (resumed.name, resumed.operations, resumed.invocations) == ("one", 1, 1)
    assert [notice.number for notice in told if isinstance(notice, InvocationStarted)] == [2]


def test_a_name_with_another_payload_wakes_nothing(left):
    path, arn = left
    with InProcessService(path, skip_time=True) as service:
        service.host("f", Script(service), take_up=False)
        with pytest.raises(Fault, match="with another payload"):
            service.start("f", b'{"a":2}', "one")
        with pytest.raises(TimeoutError):
            service.wait(arn, 0.05)


def test_an_execution_asleep_can_be_stopped(left):
    path, arn = left
    with InProcessService(path) as service:
        service.host("f", Script(service), take_up=False)
        service.stop(arn)
        service.take_up(arn)
        assert service.wait(arn, 20).status == "STOPPED"


def test_what_was_recorded_can_be_told_again(left):
    path, arn = left
    with InProcessService(path) as service:
        told = service.notices(arn)
        with pytest.raises(Fault, match="not found"):
            service.notices(arn + "x")
    assert [type(notice).__name__ for notice in told] == ["ExecutionStarted", "OperationWaiting", "InvocationFinished"]
    assert told[1].delay == WAIT


def test_what_a_closed_service_left_goes_on_when_its_function_is_back(tmp_path):
    path = tmp_path / "j.db"
    with InProcessService(path) as first:
        first.host("f", Script(first, [update("WAIT START", seconds=WAIT)]))
        done = threading.Event()
        first.subscribe(lambda notice: type(notice).__name__ == "InvocationFinished" and done.set())
        arn = first.start("f", b'{"a":1}', "one")
        assert done.wait(10)
        history = first.history(arn)
    with InProcessService(path, skip_time=True) as second:
        assert second.history(arn)[: len(history)] == history
        script = Script(second)
        second.host("f", script)
        summary = second.wait(arn, 20)
        assert second.start("f", b'{"a":1}', "one") == arn
        assert [one["Id"] for one in script.calls[0]["InitialExecutionState"]["Operations"]][1:] == ["A"]
    assert summary.status == "SUCCEEDED"
    assert summary.ended_at - summary.started_at >= WAIT


def test_an_invocation_cut_off_by_a_restart_is_repeated_and_not_counted(tmp_path):
    path, limits = tmp_path / "j.db", Limits(invocation_failures=1)
    arn = None
    for _ in range(3):
        arrived, release = threading.Event(), threading.Event()

        def handler(envelope, arrived=arrived, release=release):
            arrived.set()
            release.wait(10)
            return {"Status": "SUCCEEDED"}

        service = InProcessService(path, limits=limits)
        service.open()
        service.host("f", handler)
        arn = service.start("f", b"{}", "one")
        assert arrived.wait(10)
        closed_in_flight(service, release)
    with InProcessService(path, limits=limits) as service:
        events = [event["EventType"] for event in service.history(arn)]
        assert events == ["ExecutionStarted", *["InvocationCompleted"] * 3]
        service.host("f", Script(service))
        assert service.wait(arn, 20).status == "SUCCEEDED"
