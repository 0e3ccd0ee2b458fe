"""A trial refuses what a requirement does not describe."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.requirements import Requirement, requirements_of
from conformance.stage import Stage
from conformance.trials import Outcome, Trial

(LOGGER,) = (it.data for it in requirements_of("step") if it.id == "1-7")
OTHERS = {
    "another result": {"ExpectedResult": {"ExecutionStatus": "SUCCEEDED", "Result": "Good night"}},
    "another end": {"ExpectedResult": {"ExecutionStatus": "FAILED"}},
    "another event": {
        "ExpectedExecutionHistory": [*LOGGER["ExpectedExecutionHistory"], {"EventId": 5, "EventType": "WaitStarted"}]
    },
    "one event less": {"ExpectedExecutionHistory": LOGGER["ExpectedExecutionHistory"][:-1]},
    "a callback": {"CallbackActions": [{"CallbackName": "*", "Operation": "heartbeat"}]},
    "more records": {"ExpectedLogs": [{"match": {"message": "/Greeting/"}, "count": 3}]},
    "fewer records": {"ExpectedLogs": [{"match": {"message": "/Greeting/"}, "count": 1}]},
}
"""What requirement 1-7 could ask for, and does not."""


@pytest.fixture(scope="module")
def outcomes():
    with Stage("sync", "step") as stage, ThreadPoolExecutor() as pool:
        asked = {"what it asks for": {}, **OTHERS}
        trials = {name: Trial(stage, Requirement("1-7", "step", LOGGER | other)) for name, other in asked.items()}
        list(pool.map(Trial.run, trials.values()))
        stage.close()
        return {name: trial.verdict().outcome for name, trial in trials.items()}


@pytest.mark.slow
def test_what_a_requirement_asks_for_passes(outcomes):
    assert outcomes["what it asks for"] is Outcome.PASSED


@pytest.mark.slow
@pytest.mark.parametrize("other", OTHERS)
def test_what_a_requirement_does_not_ask_for_fails(outcomes, other):
    assert outcomes[other] is Outcome.FAILED
