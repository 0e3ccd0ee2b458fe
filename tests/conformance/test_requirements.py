"""How much of a history a requirement describes."""

import pytest

from conformance.requirements import IN_WORDS, OPEN_ENDED, Requirement, requirements_of, suites
from conformance.trials import surplus, unsaid

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


@pytest.mark.parametrize(
    ("kinds", "errors"),
    [(["InvocationCompleted"], 0), (["StepSucceeded"], 1), (["StepSucceeded", "InvocationCompleted"], 1)],
)
def test_only_the_end_of_an_invocation_may_be_left_out_between_listed_events(kinds, errors):
    listed = [
        {"EventId": 2, "EventType": "StepStarted"},
        {"EventId": 3 + len(kinds), "EventType": "ExecutionTimedOut"},
    ]
    given = Requirement("6-1", "wait_for_condition", {"ExpectedExecutionHistory": listed, **ENDED})
    assert len(surplus(given, history("StepStarted", *kinds, "ExecutionTimedOut"))) == errors


@pytest.mark.parametrize(
    ("asked", "found", "errors"),
    [
        ("7-3", {}, 0),
        ("7-3", {2: {"Name": "submit"}}, 1),
        ("8-3", {3: {"Name": "first"}, 4: {"Name": "first"}, 5: {"Name": "second"}, 6: {"Name": "second"}}, 0),
        ("8-3", {3: {"Name": "first"}, 4: {"Name": "first"}, 5: {"Name": "second"}, 6: {"Name": "third"}}, 1),
        ("8-3", {}, 4),
        ("3-11", {5: {"ContextSucceededDetails": {"Result": {"Payload": ""}}}}, 0),
        ("3-11", {5: {"ContextSucceededDetails": {"Result": {"Payload": "xx"}}}}, 1),
    ],
)
def test_what_a_requirement_asks_for_in_words_only_is_looked_at(asked, found, errors):
    events = [event | found.get(event["EventId"], {}) for event in history(*["StepStarted"] * 7)]
    assert len(unsaid(requirement("ContextStarted", name=asked), events)) == errors


def test_only_requirements_that_there_are_have_words():
    events = {it.id: {event["EventId"] for event in it.events} for suite in suites() for it in requirements_of(suite)}
    assert all(set(members) <= events[name] for name, members in IN_WORDS.items())


def test_only_requirements_that_there_are_may_be_open():
    assert set(OPEN_ENDED) <= {it.id for suite in suites() for it in requirements_of(suite)}


def test_suites_and_requirements_come_in_the_order_of_their_numbers():
    numbers = [tuple(map(int, it.id.split("-"))) for suite in suites() for it in requirements_of(suite)]
    assert numbers == sorted(numbers)
