"""Callbacks, driven by hand (PROTOCOL 5.3 and 5.4)."""

import pytest

from perdure import CallbackError, CallbackNotSubmitted, ReplayMismatch, Retry, SerdesError, StepError, StepOptions
from perdure.errors import FACTS, Failure
from perdure_runtime.core.effects import Call, Ok, Park, Raised
from perdure_runtime.core.identity import Scope
from perdure_runtime.core.operations.callback import (
    CallbackTimes,
    Submission,
    callback_result,
    create_callback,
    submitted_callback,
)
from perdure_runtime.core.operations.step import StepWork
from perdure_runtime.core.table import TABLE, Impossible, Move
from perdure_runtime.core.vocabulary import Kind, Status, Subtype
from support.driving import Committed, Upper, answers, drive, journal_of, moves, recorded, updates

ROOT = Scope()
CALLBACK = ROOT.take(Kind.CALLBACK, Subtype.CALLBACK, "approval")
START = {"Id": CALLBACK.id, "Type": "CALLBACK", "Action": "START", "SubType": "Callback", "Name": "approval"}
CREATED = recorded(CALLBACK, "STARTED", CallbackId="cb-1")
TOLD = {"ErrorType": "Declined", "ErrorMessage": "no"}
EVERY_STATE = ["STARTED", "SUCCEEDED", "FAILED", "TIMED_OUT", "CANCELLED", "STOPPED"]


class OfCallback(Upper):
    def revive(self, error, identity, *, timed_out):
        return LookupError(error and error["ErrorType"], identity.name, timed_out)


# Creating one


@pytest.mark.parametrize(("timeout", "heartbeat"), [(0, 0), (60, 5)])
def test_a_new_callback_awaits_the_id_that_the_service_gives(timeout, heartbeat):
    journal = journal_of()
    asked, outcome = drive(
        create_callback(journal, CALLBACK, CallbackTimes(timeout, heartbeat)), answers(journal, CREATED)
    )
    options = {"TimeoutSeconds": timeout, "HeartbeatTimeoutSeconds": heartbeat}
    assert asked == [Committed({**START, "CallbackOptions": options})]
    assert outcome == Ok("cb-1")


@pytest.mark.parametrize("status", EVERY_STATE)
def test_creating_never_fails_because_of_what_has_become_of_the_callback(status):
    journal = journal_of(recorded(CALLBACK, status, CallbackId="cb-1", Error=TOLD))
    assert drive(create_callback(journal, CALLBACK, CallbackTimes())) == ([], Ok("cb-1"))


@pytest.mark.parametrize("history", [[], [recorded(CALLBACK, "STARTED")]], ids=["no record", "no details"])
def test_a_callback_without_an_id_is_an_error(history):
    _, outcome = drive(create_callback(journal_of(*history), CALLBACK, CallbackTimes()), *[None] * (not history))
    assert isinstance(outcome.error, CallbackError)
    assert "gave the callback 'approval'" in str(outcome.error)


def test_creating_in_a_state_that_cannot_be_is_said_loudly():
    with pytest.raises(Impossible):
        drive(create_callback(journal_of(recorded(CALLBACK, "READY")), CALLBACK, CallbackTimes()))


# Its result


def result(journal):
    return callback_result(journal, CALLBACK, OfCallback())


def test_a_callback_is_waited_for_until_it_is_completed():
    journal = journal_of(CREATED)
    completed = answers(journal, recorded(CALLBACK, "SUCCEEDED", Result="DONE"))
    asked, outcome = drive(result(journal), None, completed)
    assert asked == [Park(CALLBACK.id)] * 2
    assert outcome == Ok("done!")


def test_a_callback_of_which_nothing_is_known_yet_is_waited_for():
    assert drive(result(journal_of()))[0] == [Park(CALLBACK.id)]


def test_a_callback_completed_with_nothing_results_in_none():
    assert drive(result(journal_of(recorded(CALLBACK, "SUCCEEDED")))) == ([], Ok(None))


def test_a_result_that_cannot_be_read_is_a_failure():
    _, outcome = drive(result(journal_of(recorded(CALLBACK, "SUCCEEDED", Result="?"))))
    assert isinstance(outcome.error, SerdesError)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "STOPPED", "TIMED_OUT"])
def test_only_a_callback_that_timed_out_is_a_timeout(status):
    asked, outcome = drive(result(journal_of(recorded(CALLBACK, status, Error=TOLD))))
    assert asked == []
    assert outcome.error.args == ("Declined", "approval", status == "TIMED_OUT")
    assert outcome.recorded == TOLD


def test_a_failure_that_tells_nothing_is_a_failure():
    _, outcome = drive(result(journal_of(recorded(CALLBACK, "TIMED_OUT"))))
    assert outcome == Raised(outcome.error, None)
    assert outcome.error.args == (None, "approval", True)


def test_a_row_that_the_table_should_not_have_is_said_loudly(monkeypatch):
    monkeypatch.setitem(TABLE, (Kind.CALLBACK, Status.STARTED), Move.RERUN)
    with pytest.raises(AssertionError, match="a callback has no"):
        drive(result(journal_of(CREATED)))


# Waiting for one that a step hands on

CONTEXT = ROOT.take(Kind.CONTEXT, Subtype.WAIT_FOR_CALLBACK, "approval")
NAMES = ("approval create callback id", "approval submitter")
INNER = ROOT.inside(CONTEXT)
WAITED_FOR = INNER.take(Kind.CALLBACK, Subtype.CALLBACK, NAMES[0])
HANDED_ON = INNER.take(Kind.STEP, Subtype.STEP, NAMES[1])
OPEN = recorded(WAITED_FOR, "STARTED", CallbackId="cb-2")
SUBMITTED = recorded(HANDED_ON, "SUCCEEDED", Result="SENT")


class OfSubmitter(Upper):
    def revive(self, error, identity, attempts):
        revived = StepError(error["ErrorMessage"], error["ErrorType"])
        facts = (identity.name, identity.id, attempts, error["ErrorType"], error["ErrorMessage"], (), None)
        setattr(revived, FACTS, Failure(*facts))
        return revived


class Case:
    """`wait_for_callback` on its way."""

    def __init__(self, *history, retry=Retry.NONE, sealed=False, step_values=None):
        self.journal = journal_of(*history)
        self.scope = ROOT.inside(CONTEXT)
        self.scope.sealed = sealed
        self.handed = []
        self.retry = retry
        self.step_values = step_values or OfSubmitter()

    def submit(self, attempt):
        raise AssertionError("operations leave bodies to the driver")

    def handing_on(self, identity, callback_id):
        self.handed.append((identity, callback_id))
        return self.submit

    @property
    def work(self):
        return StepWork(
            is_async=False,
            options=StepOptions(retry=self.retry),
            values=self.step_values,
            random=lambda: 1.0,
            told=lambda *facts: None,
            is_late=lambda: False,
        )

    def drive(self, *replies):
        submission = Submission(CallbackTimes(60), OfCallback(), NAMES, self.work, self.handing_on)
        return drive(submitted_callback(self.journal, self.scope, submission), *replies)


def test_the_callback_comes_before_the_step_and_its_result_after():
    case = Case()
    completed = answers(case.journal, recorded(WAITED_FOR, "SUCCEEDED", Result="DONE"))
    asked, outcome = case.drive(answers(case.journal, OPEN), Ok("sent"), None, completed)
    assert moves(asked) == ["CALLBACK START", "STEP START", "STEP SUCCEED"]
    assert [update["Name"] for update in updates(asked)] == [NAMES[0], NAMES[1], NAMES[1]]
    assert {update["ParentId"] for update in updates(asked)} == {CONTEXT.id}
    assert asked[2] == Call(case.submit, 1, is_async=False)
    assert asked[4] == Park(WAITED_FOR.id)
    assert case.handed == [(HANDED_ON, "cb-2")]
    assert outcome == Ok("done!")


def test_an_id_that_was_handed_on_is_not_handed_on_again():
    asked, outcome = Case(OPEN, SUBMITTED).drive()
    assert (asked, outcome) == ([Park(WAITED_FOR.id)], None)


def test_a_submitter_is_tried_again_by_its_own_policy():
    case = Case(OPEN, retry=Retry.fixed(attempts=2, delay=3))
    asked, _ = case.drive(Raised(ValueError("boom")))
    assert moves(asked) == ["STEP START", "STEP RETRY"]


@pytest.mark.parametrize("live", [True, False])
def test_a_submitter_that_fails_for_good_is_told_apart_live_and_on_replay(live):
    told = {"ErrorType": "ValueError", "ErrorMessage": "boom"}
    case = Case(OPEN, *[] if live else [recorded(HANDED_ON, "FAILED", Error=told)])
    _, outcome = case.drive(*[Raised(ValueError("boom")), None] if live else [])
    assert isinstance(outcome.error, CallbackNotSubmitted)
    assert (str(outcome.error), outcome.error.error_type) == ("boom", "ValueError")
    assert isinstance(outcome.error.__cause__, StepError)


def test_a_submitters_failure_in_a_class_of_the_users_own_names_that_class():
    class AsItWas(Upper):
        def revive(self, error, identity, attempts):
            return ValueError(error["ErrorMessage"])

    told = {"ErrorType": "ValueError", "ErrorMessage": "boom"}
    _, outcome = Case(OPEN, recorded(HANDED_ON, "FAILED", Error=told), step_values=AsItWas()).drive()
    assert (str(outcome.error), outcome.error.error_type) == ("boom", "ValueError")


def test_a_failure_of_the_callback_passes_through_unchanged():
    _, outcome = Case(recorded(WAITED_FOR, "TIMED_OUT", CallbackId="cb-2", Error=TOLD), SUBMITTED).drive()
    assert outcome.error.args == ("Declined", NAMES[0], True)
    assert outcome.recorded == TOLD


def test_a_callback_without_an_id_is_not_handed_on():
    case = Case()
    _, outcome = case.drive(None)
    assert isinstance(outcome.error, CallbackError)
    assert case.handed == []


@pytest.mark.parametrize("history", [[], [OPEN]])
def test_inside_a_finished_context_both_have_to_be_recorded(history):
    with pytest.raises(ReplayMismatch, match="its context has finished"):
        Case(*history, sealed=True).drive()
