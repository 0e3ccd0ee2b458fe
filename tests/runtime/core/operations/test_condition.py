"""Conditions, driven by hand (PROTOCOL 5.11)."""

import pytest

from perdure import SerdesError
from perdure_runtime.core.effects import Call, HandOver, Ok, Park, Raised
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.operations.condition import LONGEST_STATE, ConditionWork, Verdict, condition
from perdure_runtime.core.table import Impossible
from perdure_runtime.core.vocabulary import Kind, Subtype
from support.driving import Committed, Recorded, Upper, answers, drive, journal_of, moves, recorded, updates

CONDITION = Identity("id-4", Kind.STEP, Subtype.CONDITION, "shipped", None)
START = {"Id": "id-4", "Type": "STEP", "Action": "START", "SubType": "WaitForCondition", "Name": "shipped"}
MET = Verdict(is_met=True)
IN_5_S = Verdict(is_met=False, delay=5)
GIVEN_UP = Verdict(is_met=False)
BOOM = ValueError("boom")
TOLD = {"ErrorType": "ValueError", "ErrorMessage": "boom"}


class Case:
    """A condition on its way; its bodies are told apart by the state that they were given."""

    def __init__(self, *history, verdict=IN_5_S, initial="new", late=(), is_async=False):
        self.journal = journal_of(*history)
        self.judged = []
        lateness = iter(late)

        def judge(state, attempt):
            self.judged.append((state, attempt))
            if isinstance(verdict, Exception):
                raise verdict
            return verdict

        self.work = ConditionWork(
            initial,
            lambda state: f"a check of {state}",
            is_async=is_async,
            judge=judge,
            values=Upper(),
            is_late=lambda: next(lateness, False),
        )

    def drive(self, *replies):
        return drive(condition(self.journal, CONDITION, self.work), *replies)


def ready(state=None, attempts=1):
    return recorded(CONDITION, "READY", Attempt=attempts, Result=state)


def test_a_new_condition_checks_its_initial_state_as_a_replay_would_read_it():
    asked, _ = Case().drive()
    assert asked == [Recorded(START), Call("a check of new!", 1, is_async=False)]


def test_an_async_check_is_called_as_one():
    asked, _ = Case(is_async=True).drive()
    assert asked[1] == Call("a check of new!", 1, is_async=True)


def test_the_next_check_gets_the_state_that_the_last_one_left():
    asked, _ = Case(ready("PACKED", attempts=3)).drive()
    assert asked == [Recorded(START), Call("a check of packed!", 4, is_async=False)]


@pytest.mark.parametrize("state", [None, ""])
def test_without_a_recorded_state_the_next_check_gets_the_initial_one(state):
    asked, _ = Case(ready(state)).drive()
    assert asked[1] == Call("a check of new!", 2, is_async=False)


def test_an_interrupted_check_is_made_again_from_the_state_before_it_without_a_start():
    asked, _ = Case(recorded(CONDITION, "STARTED", Attempt=1, Result="PACKED")).drive()
    assert asked == [Call("a check of packed!", 2, is_async=False)]


def test_a_state_that_meets_the_condition_is_its_result():
    case = Case(ready("PACKED"), verdict=MET)
    asked, outcome = case.drive(Ok("sent"), None)
    assert asked[2] == Committed({**START, "Action": "SUCCEED", "Payload": "SENT"})
    assert case.judged == [("sent!", 2)]
    assert outcome == Ok("sent!")


def test_a_state_that_does_not_is_kept_by_the_service_until_the_next_check():
    case = Case()
    asked, _ = case.drive(Ok("sent"), answers(case.journal, ready("SENT")))
    retry = {**START, "Action": "RETRY", "Payload": "SENT", "StepOptions": {"NextAttemptDelaySeconds": 5}}
    assert asked[2:4] == [Committed(retry), Park("id-4")]
    assert asked[4:] == [Recorded(START), Call("a check of sent!", 2, is_async=False)]


def test_a_pending_condition_waits_until_it_is_due():
    asked, _ = Case(recorded(CONDITION, "PENDING", NextAttemptTimestamp=9.0)).drive()
    assert asked == [Park("id-4")]


def test_a_recorded_result_is_returned_without_asking_for_anything():
    assert Case(recorded(CONDITION, "SUCCEEDED", Result="SENT")).drive() == ([], Ok("sent!"))
    assert Case(recorded(CONDITION, "SUCCEEDED")).drive() == ([], Ok(None))


def test_a_recorded_result_that_cannot_be_read_is_the_conditions_failure():
    _, outcome = Case(recorded(CONDITION, "SUCCEEDED", Result="?")).drive()
    assert isinstance(outcome.error, SerdesError)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "TIMED_OUT", "STOPPED"])
def test_a_recorded_failure_is_raised_without_asking_for_anything(status):
    asked, outcome = Case(recorded(CONDITION, status, Attempt=3, Error=TOLD)).drive()
    assert asked == []
    assert outcome.error.args == ("ValueError", "shipped", 3)
    assert outcome.recorded == TOLD


@pytest.mark.parametrize(
    ("reply", "verdict", "error_type"),
    [
        (Raised(BOOM), MET, "ValueError"),
        (Ok("refused"), MET, "SerdesError"),
        (Ok("sent"), BOOM, "ValueError"),
        (Ok("sent"), GIVEN_UP, "ConditionError"),
    ],
    ids=["the check", "the serdes", "the policy", "too many attempts"],
)
def test_whatever_fails_fails_the_condition_at_once(reply, verdict, error_type):
    asked, outcome = Case(ready("PACKED"), verdict=verdict).drive(reply, None)
    assert moves(asked) == ["STEP START", "STEP FAIL"]
    assert isinstance(asked[2], Committed)
    assert outcome.error.args == (error_type, "shipped", 2)
    assert outcome.recorded == updates(asked)[1]["Error"]
    assert "Payload" not in updates(asked)[1]


@pytest.mark.parametrize(
    ("length", "shown"), [(LONGEST_STATE, "S" * LONGEST_STATE), (LONGEST_STATE + 1, "S" * LONGEST_STATE + "…")]
)
def test_a_condition_that_was_not_met_says_how_it_stood(length, shown):
    asked, _ = Case(verdict=GIVEN_UP).drive(Ok("s" * length), None)
    told = f"the condition 'shipped' was not met within 1 attempts; its last state was {shown}"
    assert updates(asked)[1]["Error"]["ErrorMessage"] == told


@pytest.mark.parametrize(
    ("history", "initial"), [((), "refused"), ((ready("?"),), "new")], ids=["the initial state", "the recorded state"]
)
def test_a_state_that_cannot_be_read_fails_the_condition_before_its_check(history, initial):
    asked, outcome = Case(*history, initial=initial).drive(None)
    assert moves(asked) == ["STEP FAIL"]
    assert outcome.error.args[0] == "SerdesError"


@pytest.mark.parametrize(
    ("history", "state"),
    [((), "NEW"), ((ready("PACKED"),), "PACKED"), ((recorded(CONDITION, "STARTED", Result="PACKED"),), "PACKED")],
    ids=["new", "ready", "interrupted"],
)
def test_a_check_that_comes_too_late_is_handed_over_with_its_state(history, state):
    case = Case(*history, late=[True])
    asked, _ = case.drive(None)
    retry = {**START, "Action": "RETRY", "Payload": state, "StepOptions": {"NextAttemptDelaySeconds": 1}}
    assert asked == [HandOver(), Committed(retry), Park("id-4")]


def test_a_check_that_was_handed_over_and_is_due_before_the_end_is_made_after_all():
    case = Case(late=[True])
    asked, _ = case.drive(None, answers(case.journal, ready("NEW")))
    assert asked[3:] == [Recorded(START), Call("a check of new!", 2, is_async=False)]


def test_a_condition_in_a_state_that_cannot_be_is_said_loudly():
    with pytest.raises(Impossible):
        Case(recorded(CONDITION, "PAUSED")).drive()
