"""Waits, driven by hand (PROTOCOL 5.2)."""

import pytest

from perdure import WaitCancelled
from perdure_runtime.core.effects import Ok, Park
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.operations.wait import wait
from perdure_runtime.core.table import TABLE, Impossible, Move
from perdure_runtime.core.vocabulary import Kind, Status, Subtype
from support.driving import Committed, answers, drive, journal_of, recorded

WAIT = Identity("id-2", Kind.WAIT, Subtype.WAIT, None, "parent")
START = {"Id": "id-2", "Type": "WAIT", "Action": "START", "SubType": "Wait", "ParentId": "parent"}


def test_a_new_wait_is_recorded_and_waited_out():
    journal = journal_of()
    elapsed = answers(journal, recorded(WAIT, "SUCCEEDED"))
    asked, outcome = drive(wait(journal, WAIT, 30), elapsed)
    assert asked == [Committed({**START, "WaitOptions": {"WaitSeconds": 30}}), Park("id-2")]
    assert outcome == Ok(None)


def test_the_start_of_a_wait_is_acknowledged_before_it_is_waited_out():
    assert next(wait(journal_of(), WAIT, 30)) == Park("id-2", ticket=1)


def test_a_started_wait_is_not_started_again():
    operation = wait(journal_of(recorded(WAIT, "STARTED", ScheduledEndTimestamp=30.0)), WAIT, 30)
    assert drive(operation)[0] == [Park("id-2")]


def test_a_wait_that_was_woken_too_early_waits_on():
    operation = wait(journal_of(recorded(WAIT, "STARTED", ScheduledEndTimestamp=30.0)), WAIT, 30)
    assert drive(operation, None)[0] == [Park("id-2")] * 2


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


def test_a_row_that_the_table_should_not_have_is_said_loudly(monkeypatch):
    monkeypatch.setitem(TABLE, (Kind.WAIT, Status.STARTED), Move.RERUN)
    with pytest.raises(AssertionError, match="a wait has no"):
        drive(wait(journal_of(recorded(WAIT, "STARTED")), WAIT, 30))
