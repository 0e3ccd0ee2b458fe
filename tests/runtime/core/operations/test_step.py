"""Steps, driven by hand: what they ask for, and how they end, with no driver and no service (PROTOCOL 5.1)."""

import pytest

from perdure import Retry, SerdesError, StepInterrupted, StepOptions
from perdure.frozen import changed
from perdure_runtime.core.effects import Call, HandOver, Ok, Park, Raised
from perdure_runtime.core.handover import DELAY, marked
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.operations.step import StepWork, step
from perdure_runtime.core.operations.step import recorded as told_by_its_record
from perdure_runtime.core.outbox import MOST_UPDATES
from perdure_runtime.core.vocabulary import Kind, Subtype
from support.driving import Committed, Line, Recorded, Upper, answers, drive, journal_of, moves, recorded, updates

STEP = Identity("id-1", Kind.STEP, Subtype.STEP, "pay", None)
START = {"Id": "id-1", "Type": "STEP", "Action": "START", "SubType": "Step", "Name": "pay"}
BOOM = ValueError("boom")
TOLD = {"ErrorType": "ValueError", "ErrorMessage": "boom"}


def body(attempt):
    raise AssertionError("operations leave bodies to the driver")


def work(told=None, *, late=(), **options):
    failures = [] if told is None else told
    lateness = iter(late)
    return StepWork(
        is_async=False,
        options=StepOptions(**options),
        values=Upper(),
        random=lambda: 1.0,
        told=lambda _, *facts: failures.append(facts),
        is_late=lambda: next(lateness, False),
    )


def a_step(journal, made):
    return step(journal, STEP, made, body, journal.find(STEP.id))


def test_a_new_step_starts_runs_and_records_what_it_returned():
    asked, outcome = drive(a_step(journal_of(), work()), Ok("done"), None)
    assert asked == [
        Recorded(START),
        Call(body, 1, is_async=False),
        Committed({**START, "Action": "SUCCEED", "Payload": "DONE"}),
    ]
    assert outcome == Ok("done!")


def test_a_once_step_awaits_its_start():
    asked, _ = drive(a_step(journal_of(), work(once=True)))
    assert asked == [Committed(START)]


def test_a_once_step_whose_start_is_acknowledged_runs():
    journal = journal_of()
    asked, _ = drive(a_step(journal, work(once=True)), answers(journal, recorded(STEP, "STARTED")))
    assert asked[1] == Call(body, 1, is_async=False)


def test_a_once_step_looks_at_the_answer_to_its_start_before_it_runs():
    journal = journal_of()
    done_already = answers(journal, recorded(STEP, "SUCCEEDED", Result="DONE"))
    asked, outcome = drive(a_step(journal, work(once=True)), done_already)
    assert asked == [Committed(START)]
    assert outcome == Ok("done!")


def test_an_async_body_is_called_as_one():
    asked, _ = drive(a_step(journal_of(), changed(work(), is_async=True)))
    assert asked[1] == Call(body, 1, is_async=True)


@pytest.mark.parametrize("attempts", [0, 3])
def test_a_ready_step_starts_its_next_attempt(attempts):
    asked, _ = drive(a_step(journal_of(recorded(STEP, "READY", Attempt=attempts)), work()))
    assert asked == [Recorded(START), Call(body, attempts + 1, is_async=False)]


def test_a_started_step_runs_again_as_the_same_attempt():
    asked, outcome = drive(a_step(journal_of(recorded(STEP, "STARTED", Attempt=1)), work()), Ok("done"), None)
    assert asked[0] == Call(body, 2, is_async=False)
    assert outcome == Ok("done!")


def test_a_started_once_step_was_interrupted_and_is_not_run_again():
    told = []
    asked, outcome = drive(a_step(journal_of(recorded(STEP, "STARTED")), work(told, once=True)), None)
    (commit,) = asked
    assert isinstance(commit, Committed)
    assert commit.update["Action"] == "FAIL"
    assert commit.update["Error"]["ErrorType"] == "StepInterrupted"
    assert outcome.error.args == ("StepInterrupted", "pay", 1)
    assert outcome.recorded == commit.update["Error"]
    assert [(type(error), attempt, delay) for error, attempt, delay in told] == [(StepInterrupted, 1, None)]


def test_a_started_once_step_is_run_again_where_its_policy_says_so():
    journal = journal_of(recorded(STEP, "STARTED"))
    policy = Retry.fixed(interrupted=True)
    due = answers(journal, recorded(STEP, "READY", Attempt=1))
    started = answers(journal, recorded(STEP, "STARTED", Attempt=1))
    asked, _ = drive(a_step(journal, work(once=True, retry=policy)), due, started)
    assert asked[0].update["Action"] == "RETRY"
    assert asked[0].update["StepOptions"] == {"NextAttemptDelaySeconds": 5}
    assert asked[1:] == [Park("id-1"), Committed(START), Call(body, 2, is_async=False)]


def test_a_failed_attempt_is_recorded_and_waited_out():
    told = []
    journal = journal_of()
    asked, outcome = drive(
        a_step(journal, work(told)),
        Raised(BOOM),
        answers(journal, recorded(STEP, "READY", Attempt=1)),
        Ok("done"),
        None,
    )
    retry = {**START, "Action": "RETRY", "Error": TOLD, "StepOptions": {"NextAttemptDelaySeconds": 5}}
    assert asked[2:4] == [Committed(retry), Park("id-1")]
    assert asked[5] == Call(body, 2, is_async=False)
    assert outcome == Ok("done!")
    assert told == [(BOOM, 1, 5)]
    assert journal.outbox.retries == 1


def test_the_last_attempt_fails_the_step_with_what_is_recorded():
    asked, outcome = drive(a_step(journal_of(), work(retry=Retry.NONE)), Raised(BOOM), None)
    assert asked[2] == Committed({**START, "Action": "FAIL", "Error": TOLD})
    assert outcome.error.args == ("ValueError", "pay", 1)
    assert outcome.recorded == TOLD


def test_a_result_that_cannot_be_stored_fails_the_step_at_once():
    asked, outcome = drive(a_step(journal_of(), work()), Ok("refused"), None)
    assert moves(asked) == ["STEP START", "STEP FAIL"]
    assert outcome.error.args == ("SerdesError", "pay", 1)


def test_a_policy_that_breaks_fails_the_step_with_its_own_error():
    told = []

    def broken(error, attempt):
        raise ZeroDivisionError("policy")

    asked, outcome = drive(a_step(journal_of(), work(told, retry=Retry.custom(broken))), Raised(BOOM), None)
    assert updates(asked)[1]["Error"] == {"ErrorType": "ZeroDivisionError", "ErrorMessage": "policy"}
    assert outcome.error.args == ("ZeroDivisionError", "pay", 1)
    assert told[0][0].__context__ is BOOM


def test_a_recorded_result_is_returned_without_asking_for_anything():
    assert drive(a_step(journal_of(recorded(STEP, "SUCCEEDED", Result="DONE")), work())) == ([], Ok("done!"))
    assert drive(a_step(journal_of(recorded(STEP, "SUCCEEDED")), work())) == ([], Ok(None))


def test_a_recorded_result_that_cannot_be_read_is_the_steps_failure():
    asked, outcome = drive(a_step(journal_of(recorded(STEP, "SUCCEEDED", Result="?")), work()))
    assert asked == []
    assert isinstance(outcome.error, SerdesError)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "TIMED_OUT", "STOPPED"])
def test_a_recorded_failure_is_raised_without_asking_for_anything(status):
    asked, outcome = drive(a_step(journal_of(recorded(STEP, status, Attempt=3, Error={"ErrorType": "X"})), work()))
    assert asked == []
    assert outcome.error.args == ("X", "pay", 3)
    assert outcome.recorded == {"ErrorType": "X"}


def test_a_pending_step_waits_until_it_is_due():
    journal = journal_of(recorded(STEP, "PENDING", NextAttemptTimestamp=5.0))
    asked, _ = drive(a_step(journal, work()), answers(journal, recorded(STEP, "READY")))
    assert asked == [Park("id-1"), Recorded(START), Call(body, 1, is_async=False)]


# What the record tells at once


@pytest.mark.parametrize("status", ["STARTED", "PENDING", "READY"])
def test_a_step_that_has_not_ended_is_to_be_driven(status):
    journal = journal_of(recorded(STEP, status))
    assert told_by_its_record(STEP, work(), journal.find(STEP.id)) is None


@pytest.mark.parametrize(
    "wire",
    [
        recorded(STEP, "SUCCEEDED", Result="DONE"),
        recorded(STEP, "SUCCEEDED"),
        recorded(STEP, "SUCCEEDED", Result="?"),
        recorded(STEP, "FAILED", Attempt=3, Error={"ErrorType": "X"}),
        recorded(STEP, "TIMED_OUT", Error={"ErrorType": "X"}),
    ],
)
def test_what_a_record_tells_is_what_the_operation_ends_with(wire):
    journal = journal_of(wire)
    told = told_by_its_record(STEP, work(), journal.find(STEP.id))
    asked, outcome = drive(a_step(journal, work()))
    assert (asked, repr(outcome)) == ([], repr(told))


# Lazy steps


def test_a_lazy_step_goes_on_before_its_result_is_acknowledged():
    journal = journal_of()
    asked, outcome = drive(a_step(journal, work(lazy=True)), Ok("done"))
    assert asked == [
        Recorded(START),
        Call(body, 1, is_async=False, is_lazy=True),
        Recorded({**START, "Action": "SUCCEED", "Payload": "DONE"}),
    ]
    assert journal.outbox.before_work(Line()) == 2
    assert outcome == Ok("done!")


def test_a_lazy_step_waits_while_there_is_too_much_to_be_sent():
    journal = journal_of()
    for _ in range(MOST_UPDATES - 2):
        journal.outbox.push(b"{}")
    asked, outcome = drive(a_step(journal, work(lazy=True)), Ok("done"), None)
    assert isinstance(asked[2], Committed)
    assert outcome == Ok("done!")


def test_a_lazy_step_whose_result_was_lost_runs_again():
    journal = journal_of(recorded(STEP, "STARTED"))
    asked, outcome = drive(a_step(journal, work(lazy=True)), Ok("done"), None)
    assert asked[0] == Call(body, 1, is_async=False, is_lazy=True)
    assert isinstance(asked[1], Recorded)
    assert outcome == Ok("done!")


def test_a_lazy_step_that_is_recorded_is_returned_like_any():
    asked = drive(a_step(journal_of(recorded(STEP, "SUCCEEDED", Result="DONE")), work(lazy=True)))
    assert asked == ([], Ok("done!"))


@pytest.mark.parametrize("failure", [Raised(BOOM), Ok("refused")], ids=["raised", "not to be stored"])
def test_the_failure_of_a_lazy_step_is_acknowledged_before_the_workflow_goes_on(failure):
    asked, _ = drive(a_step(journal_of(), work(lazy=True, retry=Retry.NONE)), failure, None)
    assert asked[2].update["Action"] == "FAIL"
    assert isinstance(asked[2], Committed)


def test_the_retry_of_a_lazy_step_is_recorded_and_waited_out():
    journal = journal_of()
    due = answers(journal, recorded(STEP, "READY", Attempt=1))
    asked, _ = drive(a_step(journal, work(lazy=True)), Raised(BOOM), due)
    assert (moves(asked)[1], type(asked[2]), asked[3]) == ("STEP RETRY", Committed, Park("id-1"))
    assert asked[5] == Call(body, 2, is_async=False, is_lazy=True)


def test_a_lazy_attempt_that_comes_too_late_is_handed_over_like_any():
    asked, _ = drive(a_step(journal_of(), work(lazy=True, late=[True])), None)
    assert (asked[0], moves(asked), type(asked[1])) == (HandOver(), ["STEP RETRY"], Committed)


# Hand-over: no time is left in this invocation


def test_an_attempt_that_comes_too_late_is_handed_over_to_the_next_invocation():
    journal = journal_of()
    asked, _ = drive(a_step(journal, work(late=[True])), None)
    retry = {**START, "Action": "RETRY", "Error": marked(1), "StepOptions": {"NextAttemptDelaySeconds": DELAY}}
    assert asked == [HandOver(), Committed(retry), Park("id-1")]


def test_an_attempt_that_was_handed_over_and_is_due_before_the_end_is_made_after_all():
    journal = journal_of()
    due = answers(journal, recorded(STEP, "READY", Attempt=1, Error=marked(1)))
    asked, _ = drive(a_step(journal, work(late=[True])), None, due)
    assert asked[3:] == [Recorded(START), Call(body, 1, is_async=False)]


def test_a_late_attempt_records_nothing_while_something_else_keeps_the_execution_going():
    asked, outcome = drive(a_step(journal_of(), work(late=[True])))
    assert (asked, outcome) == ([HandOver()], None)


def test_attempts_handed_over_do_not_count_as_the_users():
    journal = journal_of(recorded(STEP, "READY", Attempt=3, Error=marked(2)))
    asked, _ = drive(a_step(journal, work()))
    assert asked[1] == Call(body, 2, is_async=False)


def test_hand_overs_add_up():
    journal = journal_of(recorded(STEP, "READY", Attempt=2, Error=marked(2)))
    asked, _ = drive(a_step(journal, work(late=[True])), None)
    assert updates(asked)[0]["Error"] == marked(3)


def test_a_started_ordinary_step_that_comes_too_late_is_handed_over_too():
    asked, _ = drive(a_step(journal_of(recorded(STEP, "STARTED")), work(late=[True])), None)
    assert moves(asked) == ["STEP RETRY"]


def test_an_interrupted_once_step_is_settled_however_late_it_is():
    asked, _ = drive(a_step(journal_of(recorded(STEP, "STARTED")), work(once=True, late=[True])), None)
    assert moves(asked) == ["STEP FAIL"]


def test_a_failure_after_a_hand_over_carries_its_count_on():
    journal = journal_of(recorded(STEP, "READY", Attempt=1, Error=marked(1)))
    asked, outcome = drive(a_step(journal, work(retry=Retry.NONE)), Raised(BOOM), None)
    assert updates(asked)[1]["Error"] == TOLD | {"ErrorData": '{"perdure":1,"handed_over":1}'}
    assert outcome.error.args == ("ValueError", "pay", 1)


def test_a_failure_says_after_how_many_attempts_of_the_users_live_and_on_replay():
    error = TOLD | {"ErrorData": '{"perdure":1,"handed_over":1}'}
    journal = journal_of(recorded(STEP, "FAILED", Attempt=2, Error=error))
    _, outcome = drive(a_step(journal, work()))
    assert outcome.error.args == ("ValueError", "pay", 1)
