import pytest

from perdure import ReplayMismatch
from perdure_runtime.core.identity import Scope
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.vocabulary import Kind, Subtype

EXECUTION = {"Id": "e", "Type": "EXECUTION", "Status": "STARTED", "ExecutionDetails": {"InputPayload": "{}"}}


def recorded(identity, status="SUCCEEDED", **fields):
    wire = {"Id": identity.id, "Type": identity.kind.value, "SubType": identity.subtype.value, "Status": status}
    if identity.name:
        wire["Name"] = identity.name
    if identity.parent:
        wire["ParentId"] = identity.parent
    return wire | fields


def journal_of(*operations):
    journal = Journal()
    journal.merge([EXECUTION, *operations])
    journal.seal()
    return journal


def taken(*names):
    scope = Scope()
    return [scope.take(Kind.STEP, Subtype.STEP, name) for name in names]


def test_only_operations_are_history():
    (first,) = taken("a")
    assert not journal_of().has_history
    assert journal_of(recorded(first)).has_history


def test_the_execution_is_found_wherever_it_stands():
    (first,) = taken("a")
    journal = Journal()
    assert journal.execution is None
    journal.merge([recorded(first)])
    journal.merge([EXECUTION])
    assert journal.execution.id == "e"


def test_a_newer_state_replaces_an_older_one():
    (first,) = taken("a")
    journal = journal_of(recorded(first, "STARTED"))
    journal.merge([recorded(first, "SUCCEEDED")])
    assert journal.find(first.id).status == "SUCCEEDED"


def test_what_is_not_recorded_is_none():
    (first,) = taken("a")
    assert journal_of().ask(first) is None
    assert journal_of().find(first.id) is None


def test_a_call_that_does_not_match_its_record_is_a_mismatch():
    first, _ = taken("a", "b")
    with pytest.raises(ReplayMismatch) as caught:
        journal_of(recorded(first)).ask(first._replace(name="b"))
    assert caught.value.differences == (("name", "a", "b"),)
    assert caught.value.hint == ""


def test_a_mismatch_hints_where_the_call_stands_in_the_history():
    first, second = taken("a", "b")
    with pytest.raises(ReplayMismatch, match=f"the history holds b as {second.id[:8]}, later on"):
        journal_of(recorded(first), recorded(second)).ask(first._replace(name="b"))


def test_records_that_no_call_asked_for_are_unreached():
    first, second = taken("a", "b")
    journal = journal_of(recorded(first), recorded(second))
    journal.ask(first)
    assert [record.name for record in journal.unreached()] == ["b"]
    journal.ask(second)
    assert journal.unreached() == []


def test_what_is_recorded_in_this_invocation_is_not_unreached():
    (first,) = taken("a")
    journal = journal_of()
    journal.merge([recorded(first)])
    assert journal.unreached() == []


@pytest.mark.parametrize(("status", "excused"), [("SUCCEEDED", True), ("FAILED", True), ("STARTED", False)])
def test_what_lies_inside_a_finished_context_is_excused(status, excused):
    (first,) = taken("a")
    outer = {"Id": "outer", "Type": "CONTEXT", "Status": status}
    inner = {"Id": "inner", "Type": "CONTEXT", "ParentId": "outer", "Status": "STARTED"}
    journal = journal_of(outer, inner, recorded(first._replace(parent="inner")))
    journal._asked.update({"outer", "inner"})
    assert (journal.unreached() == []) is excused


def test_what_lies_inside_a_context_that_is_not_there_is_excused():
    (first,) = taken("a")
    assert journal_of(recorded(first._replace(parent="pruned"))).unreached() == []


def test_a_journal_shows_its_size():
    assert repr(journal_of()) == "<Journal: 1 records, 0 asked for>"


@pytest.mark.parametrize(("status", "waiting"), [("PENDING", True), ("READY", False), ("SUCCEEDED", False)])
def test_a_parked_operation_waits_until_its_record_moves(status, waiting):
    (first,) = taken("a")
    journal = journal_of()
    assert journal.is_waiting(first.id)
    journal.merge([recorded(first, status)])
    assert journal.is_waiting(first.id) is waiting
