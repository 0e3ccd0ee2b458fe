"""The finished suites of AWS's conformance requirements, through boto3, the service and real workers, in real time."""

import pytest

from conformance.requirements import requirements_of, suites
from conformance.runs import FLAVOURS, run
from conformance.trials import Outcome

FINISHED = {
    "step": 20,
    "wait": 5,
    "child": 18,
    "callback": 19,
    "invoke": 16,
    "wait_for_condition": 13,
    "wait_for_callback": 15,
    "parallel": 22,
    "map": 20,
}
"""Suites with a workflow for each of their requirements, and how many those are."""


@pytest.fixture(scope="module")
def verdicts():
    """All of them at once: they wait for the clock more than for the processor."""
    return [verdict for of_suite in run(FLAVOURS, FINISHED) for verdict in of_suite]


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize("suite", FINISHED)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_requirement_of_a_finished_suite_is_met(verdicts, flavour, suite):
    ours = [it for it in verdicts if (it.flavour, it.requirement.suite) == (flavour, suite)]
    unmet = [str(it) for it in ours if it.outcome is not Outcome.PASSED]
    assert not unmet, "\n".join(unmet)
    assert len(ours) == FINISHED[suite]


def test_there_are_as_many_requirements_as_the_package_has():
    assert sum(len(requirements_of(suite)) for suite in suites()) == 155
