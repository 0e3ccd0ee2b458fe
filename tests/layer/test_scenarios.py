"""Whole executions in each form that is deployed: the OS-only layer, the image, the wrapper on a managed runtime.

The local service drives them, and their worker is a container. The same layers also run as a process that has hardly
anything else in its root directory, for machines without Docker; continuous integration runs at least one of the two.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from perdure_local.watching import describe
from support.layer_deployments import FORMS_IN_CONTAINER, FORMS_IN_ROOT, FUNCTION, Deployed, Deployments
from support.layer_places import docker, no_root, remove_containers
from support.stack import PATIENCE, Ran, Stack, has

if TYPE_CHECKING:
    from collections.abc import Iterator

linux = pytest.mark.skipif(sys.platform != "linux", reason="Lambda's binaries are Linux's")
pytestmark = [pytest.mark.slow, linux]
IMAGE = "PERDURE_TEST_BASE_IMAGE"


@pytest.fixture(scope="module")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Deployments:
    return Deployments(tmp_path_factory, os.environ.get(IMAGE, ""))


@pytest.fixture(
    scope="module",
    params=[*(pytest.param(form, marks=pytest.mark.docker) for form in FORMS_IN_CONTAINER), *FORMS_IN_ROOT],
)
def deployed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    if request.param in FORMS_IN_ROOT and (reason := no_root()):
        pytest.skip(f"no process can have another root directory here: {reason}")
    deployments: Deployments = request.getfixturevalue("deployments")  # builds layers, so only for tests that run
    with ExitStack() as leaving:
        form = deployments.deploy(request.param, leaving)
        if request.param in FORMS_IN_CONTAINER:
            leaving.callback(remove_containers)
        yield Deployed(form, leaving.enter_context(Stack(tmp_path_factory.mktemp("stack"))))


class Scenario(NamedTuple):
    """An execution and all that may be seen of it."""

    name: str
    event: dict[str, Any]
    result: Any
    history: list[str]
    """Between the execution's first event and its last."""
    bodies: list[str]
    """Name and attempt of each body that ran."""


IN_ORDER = [
    Scenario(
        "step_wait_step",
        {"order": 7},
        {"status": "completed", "data": "processed-validated-7"},
        [
            "StepStarted 'validate'",
            "StepSucceeded 'validate', attempt 1: \"validated-7\"",
            "WaitStarted 'short wait', 3 s",
            "InvocationCompleted",
            "WaitSucceeded 'short wait', 3 s",
            "StepStarted 'process'",
            "StepSucceeded 'process', attempt 1: \"processed-validated-7\"",
            "InvocationCompleted",
        ],
        ["validate 1", "process 1"],
    ),
    Scenario(
        "multiple_steps",
        {"start": 10},
        [11, 13, 16, 20, 25],
        [
            *(
                line
                for number, value in enumerate([11, 13, 16, 20, 25], 1)
                for line in (f"StepStarted 'step {number}'", f"StepSucceeded 'step {number}', attempt 1: {value}")
            ),
            "InvocationCompleted",
        ],
        [f"step {number} 1" for number in range(1, 6)],
    ),
    Scenario(
        "retry_succeeds",
        {},
        "ok on attempt 3",
        [
            "StepStarted 'flaky'",
            "StepFailed 'flaky', attempt 1, again in 4 s: ConnectionError: attempt 1 failed",
            "InvocationCompleted",
            "StepStarted 'flaky'",
            "StepFailed 'flaky', attempt 2, again in 4 s: ConnectionError: attempt 2 failed",
            "InvocationCompleted",
            "StepStarted 'flaky'",
            "StepSucceeded 'flaky', attempt 3: \"ok on attempt 3\"",
            "InvocationCompleted",
        ],
        ["flaky 1", "flaky 2", "flaky 3"],
    ),
    Scenario(
        "invoke_happy_path",
        {"function": FUNCTION, "number": 20},
        41,
        [
            'ChainedInvokeStarted \'double\', calls workflow:$LATEST: {"scenario":"doubled","number":20}',
            "InvocationCompleted",
            "ChainedInvokeSucceeded 'double': 40",
            "InvocationCompleted",
        ],
        ["double 1"],
    ),
]


def test_a_worker_has_the_layer_and_the_function_and_may_write_to_tmp_only(deployed: Deployed):
    form = deployed.form
    found = deployed.run("whereabouts").result
    python, *arguments = found["started as"]
    assert python.startswith(form.python)
    assert arguments == ["-s", "-S", "/opt/perdure/boot/__main__.py"]
    assert found["engine"].startswith(form.engine)
    assert not found["stock loop"]
    if found["user"] != 0:  # who is no root here had to be made one to enter a root directory
        assert (found["user"], found["writable"]) == (65534, ["/tmp"])  # noqa: S108


@pytest.mark.parametrize("scenario", IN_ORDER, ids=lambda scenario: scenario.name)
def test_a_scenario_has_one_history(deployed: Deployed, scenario: Scenario):
    ran = deployed.run(scenario.name, **scenario.event)
    assert (ran.failed, ran.result) == (False, scenario.result)
    assert ran.story[1:-1] == scenario.history
    assert deployed.bodies() == scenario.bodies


def test_at_most_once_crash_replay(deployed: Deployed):
    ran = deployed.run("at_most_once_crash_replay")
    assert ran.failed
    assert ran.result["errorType"] == "perdure.StepInterrupted"
    assert ran.story[1:5] == [
        "StepStarted 'before'",
        "StepSucceeded 'before', attempt 1: 1",
        "StepStarted 'charge'",
        f"InvocationCompleted: Runtime.ExitError: Runtime exited with error: {deployed.form.killed}",
    ]
    assert ran.story[5].startswith("StepFailed 'charge', attempt 1: perdure.StepInterrupted: ")
    assert ran.story[6:-1] == ["InvocationCompleted"]
    assert deployed.bodies() == ["before 1", "charge 1"]


def test_parallel_happy_path(deployed: Deployed):
    ran = deployed.run("parallel_happy_path")
    assert ran.result == ["invoice", "label"]
    assert kinds(ran) == {
        "ExecutionStarted": 1,
        "ContextStarted": 3,
        "StepStarted": 2,
        "WaitStarted": 1,
        "WaitSucceeded": 1,
        "ExecutionSucceeded": 1,
        "ContextSucceeded": 3,
        "StepSucceeded": 2,
        "InvocationCompleted": 2,
    }
    assert deployed.bodies() == ["write 1", "print 1"]


def test_map_max_concurrency(deployed: Deployed):
    ran = deployed.run("map_max_concurrency", numbers=[1, 2, 3, 4, 5, 6], concurrency=2)
    assert ran.result == [1, 4, 9, 16, 25, 36]
    running = most = 0
    for event in ran.events:
        if (event.get("Name") or "").startswith("map-item-"):
            running += {"ContextStarted": 1, "ContextSucceeded": -1}[event["EventType"]]
            most = max(most, running)
    assert (running, most) == (0, 2)
    assert sorted(deployed.bodies()) == [f"square {number} 1" for number in range(1, 7)]


def test_wait_for_callback_happy_path(deployed: Deployed):
    stack = deployed.stack
    history = stack.start(FUNCTION, {"scenario": "wait_for_callback_happy_path"})
    callback = stack.callback_id(history, "approval create callback id")
    history.wait_for(has("StepSucceeded", "approval submitter"), PATIENCE)
    stack.client.send_durable_execution_callback_success(CallbackId=callback, Result=b'{"approved": true}')
    *_, end = history.wait_for_end(PATIENCE)
    assert describe(end) == 'ExecutionSucceeded: {"answer":{"approved":true}}'
    assert deployed.bodies() == ["ask 1"]


def test_replay_aware_logger(deployed: Deployed):
    deployed.written()
    ran = deployed.run("replay_aware_logger")
    assert (ran.result, kinds(ran)["InvocationCompleted"]) == ("logged", 3)
    records = [json.loads(line) for line in deployed.written() if line.startswith("{")]
    assert [(record["message"], record["executionArn"]) for record in records] == [
        (message, ran.arn) for message in ("at the start", "between", "after the first boundary", "at the end")
    ]
    assert records[1]["place"] == 1


@pytest.mark.skipif("CI" not in os.environ, reason="not in continuous integration")
def test_continuous_integration_has_docker_or_other_root_directories():
    if reason := no_root():
        image = os.environ.get(IMAGE)
        assert image, f"neither does {IMAGE} name an image, nor can a process have another root directory: {reason}"
        docker("image", "inspect", image)


def kinds(ran: Ran) -> Counter[str]:
    return Counter(event["EventType"] for event in ran.events)
