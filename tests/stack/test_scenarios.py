"""Whole executions by name, each with exactly one history: boto3, service, Runtime API, worker processes, engine.

A scenario is a workflow of `handlers_<colour>.py` and a row of the table; each colour runs the same rows.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

import pytest

from support.stack import COLOURS, Stack


class Scenario(NamedTuple):
    """An execution and all that may be seen of it."""

    name: str
    event: dict[str, Any]
    result: Any
    history: list[str]
    """Between the execution's first event and its last."""
    bodies: list[str]
    """Name and attempt of each body that ran."""
    fails: bool = False


def interrupted(operation: str) -> str:
    return (
        f"the step 'charge' ({operation}) was interrupted: its attempt began, and whether it took effect is not known"
    )


FIRST, SECOND = "1ced8f5b", "c5faca15"
"""How the ids of a workflow's first operations begin; they follow from their places alone."""
SCENARIOS = [
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
        "wait_only",
        {},
        "waited",
        [
            "WaitStarted 'only wait', 5 s",
            "InvocationCompleted",
            "WaitSucceeded 'only wait', 5 s",
            "InvocationCompleted",
        ],
        [],
    ),
    Scenario(
        "longer_wait",
        {},
        [1, 2],
        [
            "StepStarted 'before'",
            "StepSucceeded 'before', attempt 1: 1",
            "WaitStarted 'long wait', 2599200 s",
            "InvocationCompleted",
            "WaitSucceeded 'long wait', 2599200 s",
            "StepStarted 'after'",
            "StepSucceeded 'after', attempt 1: 2",
            "InvocationCompleted",
        ],
        ["before 1", "after 1"],
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
        "retry_exhausts",
        {},
        ("ConnectionError", "attempt 3 failed"),
        [
            "StepStarted 'hopeless'",
            "StepFailed 'hopeless', attempt 1, again in 1 s: ConnectionError: attempt 1 failed",
            "InvocationCompleted",
            "StepStarted 'hopeless'",
            "StepFailed 'hopeless', attempt 2, again in 2 s: ConnectionError: attempt 2 failed",
            "InvocationCompleted",
            "StepStarted 'hopeless'",
            "StepFailed 'hopeless', attempt 3: ConnectionError: attempt 3 failed",
            "InvocationCompleted",
        ],
        ["hopeless 1", "hopeless 2", "hopeless 3"],
        fails=True,
    ),
    Scenario(
        "step_fails",
        {},
        ("ValueError", "intentional failure"),
        [
            "StepStarted 'good'",
            "StepSucceeded 'good', attempt 1: 1",
            "StepStarted 'bad'",
            "StepFailed 'bad', attempt 1: ValueError: intentional failure",
            "InvocationCompleted",
        ],
        ["good 1", "bad 1"],
        fails=True,
    ),
    Scenario(
        "at_most_once_crash_replay",
        {},
        ("perdure.StepInterrupted", interrupted(SECOND)),
        [
            "StepStarted 'before'",
            "StepSucceeded 'before', attempt 1: 1",
            "StepStarted 'charge'",
            "InvocationCompleted: Runtime.ExitError: Runtime exited with error: signal: killed",
            f"StepFailed 'charge', attempt 1: perdure.StepInterrupted: {interrupted(SECOND)}",
            "InvocationCompleted",
        ],
        ["before 1", "charge 1"],
        fails=True,
    ),
    Scenario(
        "at_most_once_crash_retry",
        {},
        "charged on attempt 2",
        [
            "StepStarted 'charge'",
            "InvocationCompleted: Runtime.ExitError: Runtime exited with error: signal: killed",
            f"StepFailed 'charge', attempt 1, again in 1 s: perdure.StepInterrupted: {interrupted(FIRST)}",
            "InvocationCompleted",
            "StepStarted 'charge'",
            "StepSucceeded 'charge', attempt 2: \"charged on attempt 2\"",
            "InvocationCompleted",
        ],
        ["charge 1", "charge 2"],
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_has_one_history(scenario: Scenario, colour, stack: Stack):
    stack.host("workflow", f"handlers_{colour}.{scenario.name}")
    ran = stack.run("workflow", scenario.event)
    if scenario.fails:
        kind, message = scenario.result
        assert ran.failed
        assert (ran.result["errorType"], ran.result["errorMessage"]) == (kind, message)
        last = f"ExecutionFailed: {kind}: {message}"
    else:
        assert not ran.failed
        assert ran.result == scenario.result
        last = f"ExecutionSucceeded: {compact(scenario.result)}"
    assert ran.story == [f"ExecutionStarted: {compact(scenario.event, spaced=True)}", *scenario.history, last]
    assert stack.ran() == scenario.bodies
    assert_consistent(ran.events)


@pytest.mark.slow
@pytest.mark.parametrize("colour", COLOURS)
def test_replay_determinism(colour, stack: Stack):
    stack.host("workflow", f"handlers_{colour}.replay_determinism")
    ran = stack.run("workflow")
    made, again = ran.result
    assert str(uuid.UUID(made)) == made == again
    assert ran.story == [
        "ExecutionStarted: {}",
        "StepStarted 'make'",
        f"StepSucceeded 'make', attempt 1: {compact(made)}",
        "WaitStarted 'first boundary', 2 s",
        "InvocationCompleted",
        "WaitSucceeded 'first boundary', 2 s",
        "StepStarted 'echo'",
        f"StepSucceeded 'echo', attempt 1: {compact(made)}",
        "WaitStarted 'second boundary', 2 s",
        "InvocationCompleted",
        "WaitSucceeded 'second boundary', 2 s",
        "InvocationCompleted",
        f"ExecutionSucceeded: {compact(ran.result)}",
    ]
    assert stack.ran() == ["make 1", "echo 1"]
    assert_consistent(ran.events)


@pytest.mark.slow
def test_a_warm_worker_leaves_nothing_for_the_next_execution(stack: Stack):
    stack.host("workflow", "handlers_sync.step_wait_step")
    stories = [stack.run("workflow", {"order": 7}).story for _ in range(3)]
    assert stories[0] == stories[1] == stories[2]
    assert len(set(stack.pids())) == 1


def compact(value: object, *, spaced: bool = False) -> str:
    return json.dumps(value) if spaced else json.dumps(value, separators=(",", ":"))


def assert_consistent(events: list[dict[str, Any]]) -> None:
    """What holds for every history: numbers without gaps, time that runs forward, one operation for each name."""
    assert [event["EventId"] for event in events] == list(range(1, len(events) + 1))
    times = [event["EventTimestamp"] for event in events]
    assert times == sorted(times)
    named = {(event["Name"], event["Id"]) for event in events if "Name" in event}
    assert len(named) == len({name for name, _ in named}) == len({identity for _, identity in named})
    for event in events:
        if event["EventType"] == "WaitStarted":
            details = event["WaitStartedDetails"]
            assert (details["ScheduledEndTimestamp"] - event["EventTimestamp"]).total_seconds() == details["Duration"]
