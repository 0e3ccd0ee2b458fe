"""How much of a history a requirement describes."""

import pytest

from conformance.requirements import OPEN_ENDED, Requirement, requirements_of, suites
from conformance.trials import surplus

ENDED = {"ExpectedResult": {"ExecutionStatus": "TIMED_OUT"}}


def requirement(*listed, name="1-1", **data):
    events = [{"EventId": number, "EventType": kind} for number, kind in enumerate(listed, 2)]
    return Requirement(name, "step", {"ExpectedExecutionHistory": events, **data})


def history(*kinds):
    return [{"EventId": number, "EventType": kind} for number, kind in enumerate(("ExecutionStarted", *kinds), 1)]


@pytest.mark.parametrize(
    ("given", "behind"),
    [
        (requirement("InvocationCompleted", **ENDED), ["ExecutionTimedOut"]),
        (requirement("InvocationCompleted", "ExecutionTimedOut", **ENDED), []),
        (requirement("WaitStarted", "InvocationCompleted"), []),
        (requirement("ContextStarted", name="8-11", **ENDED), None),
    ],
    ids=["to the last invocation", "to the end", "end not waited for", "left open"],
)
def test_what_may_stand_behind_the_listed_events(given, behind):
    assert given.may_follow() == behind


def test_a_history_that_ends_where_the_list_does_is_accepted():
    ended = history("InvocationCompleted", "ExecutionTimedOut")
    assert surplus(requirement("InvocationCompleted", **ENDED), ended) == []


@pytest.mark.parametrize(
    "found",
    [
        history("InvocationCompleted"),
        history("InvocationCompleted", "StepStarted", "ExecutionTimedOut"),
        history("InvocationCompleted", "ExecutionSucceeded"),
        history("InvocationCompleted", "ExecutionTimedOut", "InvocationCompleted"),
        [event for event in history("InvocationCompleted", "", "ExecutionTimedOut") if event["EventType"]],
    ],
    ids=["no end", "one event too many", "another end", "something behind the end", "an id left out"],
)
def test_a_history_with_another_ending_is_refused(found):
    assert surplus(requirement("InvocationCompleted", **ENDED), found)


def test_only_requirements_that_there_are_may_be_open():
    assert set(OPEN_ENDED) <= {it.id for suite in suites() for it in requirements_of(suite)}


def test_suites_and_requirements_come_in_the_order_of_their_numbers():
    numbers = [tuple(map(int, it.id.split("-"))) for suite in suites() for it in requirements_of(suite)]
    assert numbers == sorted(numbers)
