"""A local service that is killed and started again: executions go on where they were, nothing is delivered twice."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta

import pytest
from botocore.exceptions import BotoCoreError

from perdure_local import History
from support.local_service import lambda_client
from support.processes import left_behind, marked
from support.service_process import ServiceProcess
from support.stack import TASK_ROOT, Bodies, has, story

pytestmark = pytest.mark.slow

RESTARTED = "InvocationCompleted: Runtime.ExitError: The local service was restarted"


@pytest.fixture
def bodies(tmp_path):
    return Bodies(tmp_path / "bodies")


@pytest.fixture
def service(request, tmp_path, bodies):
    """A service of one function; the parameter is its handler, and whether time is skipped."""
    handler, skip_time = request.param
    function = {"handler": f"handlers_sync.{handler}", "task_root": str(TASK_ROOT), "env": bodies.environ}
    with ServiceProcess(tmp_path, {"workflow": function}, skip_time=skip_time) as process:
        process.await_up()
        yield process


@pytest.fixture
def client(service):
    with lambda_client(service.url) as made:
        yield made


def start(client, event: object) -> History:
    answer = client.invoke(FunctionName="workflow:$LATEST", InvocationType="Event", Payload=json.dumps(event))
    return History(client, answer["DurableExecutionArn"])


def hosting(handler: str, *, skip_time: bool) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("service", [(handler, skip_time)], indirect=True, ids=[handler])


@hosting("pays_then_waits", skip_time=False)
def test_a_wait_outlives_the_service(service, client, bodies):
    history = start(client, {"seconds": 3})
    history.wait_for(has("InvocationCompleted"))
    service.kill()
    service.await_up()
    events = history.wait_for_end()
    assert story(events)[1:] == [
        "StepStarted 'pay'",
        "StepSucceeded 'pay', attempt 1: \"paid\"",
        "WaitStarted 'clearing', 3 s",
        "InvocationCompleted",
        "WaitSucceeded 'clearing', 3 s",
        "StepStarted 'send'",
        "StepSucceeded 'send', attempt 1: \"sent\"",
        "InvocationCompleted",
        'ExecutionSucceeded: ["paid","sent"]',
    ]
    assert events[5]["EventTimestamp"] - events[3]["EventTimestamp"] >= timedelta(seconds=3)
    assert bodies.ran() == ["pay 1", "send 1"]


@hosting("pays_then_waits", skip_time=False)
def test_a_wait_that_ended_meanwhile_is_over_at_once(service, client, bodies):
    history = start(client, {"seconds": 2})
    (waited,) = (it for it in history.wait_for(has("InvocationCompleted")) if it["EventType"] == "WaitStarted")
    service.kill()
    due = waited["WaitStartedDetails"]["ScheduledEndTimestamp"].timestamp()
    time.sleep(max(due - time.time(), 0))  # the wall clock is what the service goes by
    service.await_up()
    assert story(history.wait_for_end())[-1] == 'ExecutionSucceeded: ["paid","sent"]'
    assert bodies.ran() == ["pay 1", "send 1"]


@hosting("lasts", skip_time=True)
def test_a_body_dies_with_its_service_and_never_runs_beside_itself(service, client, bodies, tmp_path):
    go_on = tmp_path / "go on"
    history = start(client, {"until": str(go_on)})
    history.wait_for(has("StepStarted", "long"))
    assert len(marked(service.mark)) == 1
    service.kill()
    assert left_behind(service.mark) == []
    service.await_up()
    bodies.await_lines(3)  # the step runs again, and alone
    assert len(marked(service.mark)) == 1
    go_on.touch()
    assert story(history.wait_for_end())[1:] == [
        "StepStarted 'first'",
        "StepSucceeded 'first', attempt 1: 1",
        "StepStarted 'long'",
        RESTARTED,
        "StepSucceeded 'long', attempt 1: \"done\"",
        "InvocationCompleted",
        'ExecutionSucceeded: [1,"done"]',
    ]
    assert bodies.ran() == ["first 1", "long 1", "long 1"]


@hosting("lasts", skip_time=True)
def test_a_caller_whose_service_died_asks_again_by_name(service, client, bodies, tmp_path):
    go_on = tmp_path / "go on"
    answers: list[object] = []

    def invoke() -> None:
        try:
            answers.append(
                client.invoke(
                    FunctionName="workflow:$LATEST",
                    DurableExecutionName="order-7",
                    Payload=json.dumps({"until": str(go_on)}),
                )
            )
        except BotoCoreError as error:
            answers.append(type(error).__name__)

    caller = threading.Thread(target=invoke)
    caller.start()
    bodies.await_lines(2)
    service.kill()
    caller.join()
    service.await_up()
    go_on.touch()
    invoke()
    assert answers[0] == "ConnectionClosedError"
    assert json.loads(answers[1]["Payload"].read()) == [1, "done"]
    assert bodies.ran()[0] == "first 1"
    assert set(bodies.ran()[1:]) == {"long 1"}
    listed = client.list_durable_executions_by_function(FunctionName="workflow", Qualifier="$LATEST")
    assert [it["DurableExecutionName"] for it in listed["DurableExecutions"]] == ["order-7"]
