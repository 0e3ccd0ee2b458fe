"""Invokes, driven by hand (PROTOCOL 5.5)."""

import pytest

from perdure import SerdesError
from perdure_runtime.core.effects import Ok, Park
from perdure_runtime.core.identity import Identity
from perdure_runtime.core.operations.invoke import InvokeWork, invoke
from perdure_runtime.core.table import TABLE, Impossible, Move
from perdure_runtime.core.vocabulary import Kind, Status, Subtype
from support.driving import Committed, Upper, answers, drive, journal_of, recorded

INVOKE = Identity("id-3", Kind.CHAINED_INVOKE, Subtype.INVOKE, "charge", None)
START = {"Id": "id-3", "Type": "CHAINED_INVOKE", "Action": "START", "SubType": "ChainedInvoke", "Name": "charge"}
TOLD = {"ErrorType": "Declined", "ErrorMessage": "no"}


class OfInvoke(Upper):
    def revive(self, error, identity):
        return LookupError(error and error["ErrorType"], identity.name)


def operation(journal, tenant_id=None):
    return invoke(journal, INVOKE, InvokeWork("payments:live", '{"cents":5}', tenant_id, OfInvoke()))


@pytest.mark.parametrize(("tenant_id", "told"), [(None, {}), ("blue", {"TenantId": "blue"})])
def test_a_new_invoke_is_recorded_with_its_payload_and_waited_for(tenant_id, told):
    journal = journal_of()
    answered = answers(journal, recorded(INVOKE, "SUCCEEDED", Result="DONE"))
    asked, outcome = drive(operation(journal, tenant_id), answered)
    options = {"FunctionName": "payments:live"} | told
    assert asked == [
        Committed({**START, "Payload": '{"cents":5}', "ChainedInvokeOptions": options}),
        Park("id-3"),
    ]
    assert outcome == Ok("done!")


def test_a_started_invoke_is_not_started_again():
    assert drive(operation(journal_of(recorded(INVOKE, "STARTED"))), None)[0] == [Park("id-3")] * 2


def test_an_answer_is_returned_without_asking_for_anything():
    assert drive(operation(journal_of(recorded(INVOKE, "SUCCEEDED", Result="DONE")))) == ([], Ok("done!"))


def test_no_answer_is_none():
    assert drive(operation(journal_of(recorded(INVOKE, "SUCCEEDED")))) == ([], Ok(None))


def test_an_answer_that_cannot_be_read_is_a_failure():
    _, outcome = drive(operation(journal_of(recorded(INVOKE, "SUCCEEDED", Result="?"))))
    assert isinstance(outcome.error, SerdesError)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "STOPPED", "CANCELLED"])
def test_an_invoke_that_failed_raises_what_is_recorded(status):
    asked, outcome = drive(operation(journal_of(recorded(INVOKE, status, Error=TOLD))))
    assert asked == []
    assert outcome.error.args == ("Declined", "charge")
    assert outcome.recorded == TOLD


def test_an_invoke_in_a_state_that_cannot_be_is_said_loudly():
    with pytest.raises(Impossible):
        drive(operation(journal_of(recorded(INVOKE, "PENDING"))))


def test_a_row_that_the_table_should_not_have_is_said_loudly(monkeypatch):
    monkeypatch.setitem(TABLE, (Kind.CHAINED_INVOKE, Status.STARTED), Move.RERUN)
    with pytest.raises(AssertionError, match="an invoke has no"):
        drive(operation(journal_of(recorded(INVOKE, "STARTED"))))
