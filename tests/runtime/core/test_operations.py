"""Operations, driven by hand: what they ask for, and how they end, with no driver and no service."""

import pytest

from perdure import Retry, SerdesError, StepInterrupted, StepOptions, WaitCancelled
from perdure_runtime.core.effects import Call, Commit, Ok, Park, Raised
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.operations.step import StepWork, step
from perdure_runtime.core.operations.wait import wait
from perdure_runtime.core.table import TABLE, Impossible, Move
from perdure_runtime.core.vocabulary import Kind, Status, Subtype

STEP = Identity("id-1", Kind.STEP, Subtype.STEP, "pay", None)
WAIT = Identity("id-2", Kind.WAIT, Subtype.WAIT, None, "parent")
START = {"Id": "id-1", "Type": "STEP", "Action": "START", "SubType": "Step", "Name": "pay"}


class Upper:
    """Values that change on the way: text is what was returned, in capitals."""

    def store(self, value):
        if value == "refused":
            raise SerdesError("cannot be stored")
        return value.upper(), self.read(value.upper())

    def read(self, text):
        return None if text is None else text.lower() + "!"

    def describe(self, error):
        return {"ErrorType": type(error).__name__, "ErrorMessage": str(error)}

    def revive(self, error, identity, attempts):
        return LookupError(error and error["ErrorType"], identity.name, attempts)


def body(attempt):
    raise AssertionError("operations leave bodies to the driver")


def work(told=None, **options):
    failures = [] if told is None else told
    return StepWork(
        body,
        is_async=False,
        options=StepOptions(**options),
        values=Upper(),
        random=lambda: 1.0,
        told=lambda *facts: failures.append(facts),
    )


def recorded(identity, status, **details):
    wire = {"Id": identity.id, "Type": identity.kind.value, "SubType": identity.subtype.value, "Status": status}
    wire |= {"Name": identity.name, "ParentId": identity.parent}
    key = "StepDetails" if identity.kind is Kind.STEP else "WaitDetails"
    return wire | {key: details}


def journal_of(*operations):
    journal = Journal()
    journal.merge(operations)
    return journal


def drive(operation, *replies):
    """What the operation asked for, in order, and its outcome; None where it is still waiting for a reply."""
    asked = []
    queue = list(replies)
    reply = None
    while True:
        try:
            effect = operation.send(reply)
        except StopIteration as end:
            return asked, end.value
        asked.append(effect)
        if not queue:
            return asked, None
        reply = queue.pop(0)
        if callable(reply):
            reply = reply()


def test_a_new_step_starts_runs_and_records_what_it_returned():
    asked, outcome = drive(step(journal_of(), STEP, work()), None, Ok("done"), None)
    assert asked == [
        Commit((START,), durable=False),
        Call(body, 1, is_async=False),
        Commit(({**START, "Action": "SUCCEED", "Payload": "DONE"},), durable=True),
    ]
    assert outcome == Ok("done!")


def test_a_once_step_awaits_its_start():
    asked, _ = drive(step(journal_of(), STEP, work(once=True)))
    assert asked == [Commit((START,), durable=True)]


@pytest.mark.parametrize("attempts", [0, 3])
def test_a_ready_step_starts_its_next_attempt(attempts):
    asked, _ = drive(step(journal_of(recorded(STEP, "READY", Attempt=attempts)), STEP, work()), None)
    assert asked == [Commit((START,), durable=False), Call(body, attempts + 1, is_async=False)]


def test_a_started_step_runs_again_as_the_same_attempt():
    asked, outcome = drive(step(journal_of(recorded(STEP, "STARTED", Attempt=1)), STEP, work()), Ok("done"), None)
    assert asked[0] == Call(body, 2, is_async=False)
    assert outcome == Ok("done!")


def test_a_started_once_step_was_interrupted_and_is_not_run_again():
    told = []
    asked, outcome = drive(step(journal_of(recorded(STEP, "STARTED")), STEP, work(told, once=True)), None)
    (commit,) = asked
    assert (commit.updates[0]["Action"], commit.durable) == ("FAIL", True)
    assert commit.updates[0]["Error"]["ErrorType"] == "StepInterrupted"
    assert isinstance(outcome, Raised)
    assert outcome.error.args == ("StepInterrupted", "pay", 1)
    assert [(type(error), attempt, delay) for error, attempt, delay in told] == [(StepInterrupted, 1, None)]


def test_a_started_once_step_is_run_again_where_its_policy_says_so():
    policy = Retry.fixed(interrupted=True)
    asked, _ = drive(step(journal_of(recorded(STEP, "STARTED")), STEP, work(once=True, retry=policy)), None)
    assert asked[0].updates[0]["Action"] == "RETRY"
    assert asked[0].updates[0]["StepOptions"] == {"NextAttemptDelaySeconds": 5}
    assert asked[1] == Park("id-1", None)


def test_a_failed_attempt_is_recorded_and_waited_out():
    told = []
    journal = journal_of()

    def recorded_now():
        journal.merge([recorded(STEP, "PENDING", Attempt=1, NextAttemptTimestamp=9.0)])

    def due():
        journal.merge([recorded(STEP, "READY", Attempt=1)])

    boom = ValueError("boom")
    asked, outcome = drive(
        step(journal, STEP, work(told)), None, Raised(boom), recorded_now, due, None, Ok("done"), None
    )
    assert asked[2] == Commit(
        (
            {
                **START,
                "Action": "RETRY",
                "Error": {"ErrorType": "ValueError", "ErrorMessage": "boom"},
                "StepOptions": {"NextAttemptDelaySeconds": 5},
            },
        ),
        durable=True,
    )
    assert asked[3] == Park("id-1", 9.0)
    assert asked[5] == Call(body, 2, is_async=False)
    assert outcome == Ok("done!")
    assert told == [(boom, 1, 5)]


def test_the_last_attempt_fails_the_step():
    boom = ValueError("boom")
    asked, outcome = drive(step(journal_of(), STEP, work(retry=Retry.NONE)), None, Raised(boom), None)
    assert asked[2].updates[0]["Action"] == "FAIL"
    assert asked[2].durable
    assert outcome.error.args == ("ValueError", "pay", 1)


def test_a_result_that_cannot_be_stored_fails_the_step_at_once():
    asked, outcome = drive(step(journal_of(), STEP, work()), None, Ok("refused"), None)
    assert [update["Action"] for effect in asked if isinstance(effect, Commit) for update in effect.updates] == [
        "START",
        "FAIL",
    ]
    assert outcome.error.args == ("SerdesError", "pay", 1)


def test_a_policy_that_breaks_fails_the_step_with_its_own_error():
    def broken(error, attempt):
        raise ZeroDivisionError("policy")

    asked, outcome = drive(
        step(journal_of(), STEP, work(retry=Retry.custom(broken))), None, Raised(ValueError("boom")), None
    )
    assert asked[2].updates[0]["Error"] == {"ErrorType": "ZeroDivisionError", "ErrorMessage": "policy"}
    assert outcome.error.args == ("ZeroDivisionError", "pay", 1)


def test_a_recorded_result_is_returned_without_asking_for_anything():
    assert drive(step(journal_of(recorded(STEP, "SUCCEEDED", Result="DONE")), STEP, work())) == ([], Ok("done!"))
    assert drive(step(journal_of(recorded(STEP, "SUCCEEDED")), STEP, work())) == ([], Ok(None))


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "TIMED_OUT", "STOPPED"])
def test_a_recorded_failure_is_raised_without_asking_for_anything(status):
    asked, outcome = drive(step(journal_of(recorded(STEP, status, Attempt=3, Error={"ErrorType": "X"})), STEP, work()))
    assert asked == []
    assert outcome.error.args == ("X", "pay", 3)


def test_a_pending_step_waits_until_it_is_due():
    operation = step(journal_of(recorded(STEP, "PENDING", NextAttemptTimestamp=5.0)), STEP, work())
    assert drive(operation)[0] == [Park("id-1", 5.0)]


def test_a_new_wait_is_recorded_and_waited_out():
    journal = journal_of()

    def started():
        journal.merge([recorded(WAIT, "STARTED", ScheduledEndTimestamp=30.0)])

    def elapsed():
        journal.merge([recorded(WAIT, "SUCCEEDED")])

    asked, outcome = drive(wait(journal, WAIT, 30), started, elapsed)
    update = {"Id": "id-2", "Type": "WAIT", "Action": "START", "SubType": "Wait", "ParentId": "parent"}
    assert asked == [
        Commit((update | {"WaitOptions": {"WaitSeconds": 30}},), durable=True),
        Park("id-2", 30.0),
    ]
    assert outcome == Ok(None)


def test_a_started_wait_is_not_started_again():
    operation = wait(journal_of(recorded(WAIT, "STARTED", ScheduledEndTimestamp=30.0)), WAIT, 30)
    assert drive(operation)[0] == [Park("id-2", 30.0)]


def test_an_elapsed_wait_returns():
    assert drive(wait(journal_of(recorded(WAIT, "SUCCEEDED")), WAIT, 30)) == ([], Ok(None))


@pytest.mark.parametrize("status", ["CANCELLED", "FAILED", "TIMED_OUT", "STOPPED"])
def test_a_wait_that_did_not_elapse_raises_and_is_not_started_again(status):
    asked, outcome = drive(wait(journal_of(recorded(WAIT, status)), WAIT, 30))
    assert asked == []
    assert isinstance(outcome.error, WaitCancelled)
    assert f"was {status.lower()} before it elapsed" in str(outcome.error)


def test_a_wait_in_a_state_that_cannot_be_is_said_loudly():
    with pytest.raises(Impossible):
        drive(wait(journal_of(recorded(WAIT, "PENDING")), WAIT, 30))


def test_a_once_step_looks_at_the_answer_to_its_start_before_it_runs():
    journal = journal_of()

    def done_already():
        journal.merge([recorded(STEP, "SUCCEEDED", Result="DONE")])

    asked, outcome = drive(step(journal, STEP, work(once=True)), done_already)
    assert asked == [Commit((START,), durable=True)]
    assert outcome == Ok("done!")


def test_a_recorded_result_that_cannot_be_read_is_the_steps_failure():
    class Unreadable(Upper):
        def read(self, text):
            raise SerdesError("not ours")

    unreadable = work()._replace(values=Unreadable())
    asked, outcome = drive(step(journal_of(recorded(STEP, "SUCCEEDED", Result="?")), STEP, unreadable))
    assert asked == []
    assert isinstance(outcome.error, SerdesError)


def test_a_row_that_the_table_should_not_have_is_said_loudly(monkeypatch):
    monkeypatch.setitem(TABLE, (Kind.WAIT, Status.STARTED), Move.RERUN)
    with pytest.raises(AssertionError, match="a wait has no"):
        drive(wait(journal_of(recorded(WAIT, "STARTED")), WAIT, 30))
