"""What is found at a glance: records that have plainly succeeded as what a call asks for."""

import json

import pytest

from perdure import ServiceError
from perdure_runtime.core.identity import Identity, Scope, branch_of
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.records import MILLISECONDS
from perdure_runtime.core.vocabulary import Kind, Subtype
from perdure_runtime.unread import Unread
from support.journals import journal_of, recorded, taken


def success(journal, scope, name="a"):
    return journal.ask_success(scope, (Kind.STEP.value, Subtype.STEP), name)


def test_a_call_whose_record_has_plainly_succeeded_has_its_place():
    first, second = taken("a", "b")
    journal, scope = journal_of(recorded(first), recorded(second)), Scope(replaying=True)
    assert success(journal, scope)["Id"] == first.id
    assert success(journal, scope, "b")["Id"] == second.id
    assert success(journal, scope, "c") is None
    assert scope.count == 2
    assert journal.unreached() == []


def test_a_call_without_a_name_finds_a_record_without_one():
    (first,) = taken(None)
    assert success(journal_of(recorded(first, Name="")), Scope(), None)["Id"] == first.id


@pytest.mark.parametrize(
    "told",
    [
        {"Type": "WAIT"},
        {"SubType": "Other"},
        {"SubType": None},
        {"Name": "b"},
        {"Name": ""},
        {"ParentId": "p"},
        {"Status": "FAILED"},
        {"Status": "STARTED"},
    ],
)
def test_a_record_of_anything_else_leaves_it_to_the_general_question(told):
    (first,) = taken("a")
    journal, scope = journal_of(recorded(first, **told)), Scope()
    assert success(journal, scope) is None
    assert scope.count == 0
    assert repr(journal) == "<Journal: 2 records, 0 asked for>"


def test_the_empty_name_is_never_plainly_recorded():
    (first,) = taken(None)
    assert success(journal_of(recorded(first, Name="")), Scope(), "") is None


def test_a_record_that_does_not_tell_what_it_is_for_leaves_it_to_the_general_question():
    (first,) = taken("a")
    wire = recorded(first)
    del wire["SubType"]
    assert success(journal_of(wire), Scope()) is None


@pytest.mark.parametrize("text", ['a"', 'a","Id":0,', "no JSON"])
def test_a_record_that_cannot_be_read_leaves_it_to_the_general_question(text):
    (first,) = taken("a")
    journal, scope = Journal(), Scope()
    journal.merge(Unread([first.id], [text]))
    assert success(journal, scope) is None
    with pytest.raises(ServiceError if text != 'a"' else KeyError):
        journal.ask_next(scope, Kind.STEP, Subtype.STEP, "a")


BATCH = Identity("b", Kind.CONTEXT, Subtype.MAP, "m", None)
NAMES = ["zero", "one", "two", "three"]


def branch(index, status="SUCCEEDED", details=None, **fields):
    identity = branch_of(BATCH, index, Subtype.ITEM, NAMES[index], BATCH.id)
    return recorded(identity, status, ContextDetails={"Result": f"{index}"} if details is None else details) | fields


def results_in(journal):
    return journal.results_of_branches(BATCH.id, Subtype.ITEM, NAMES, BATCH.id)


def test_results_of_branches_are_those_of_the_ones_that_succeeded():
    journal = journal_of(recorded(BATCH, "STARTED"), branch(0), branch(1, "STARTED", {}), branch(2))
    assert results_in(journal) == {0: "0", 2: "2"}
    assert {record.name for record in journal.unreached()} == {"m", "one"}


def test_behind_a_branch_that_is_not_recorded_there_is_none():
    assert results_in(journal_of(branch(0), branch(2))) == {0: "0"}


@pytest.mark.parametrize(
    "odd",
    [
        branch(1, "FAILED", {"Error": {}}),
        branch(1, details={"ReplayChildren": True, "Result": ""}),
        branch(1, details={}),
        branch(1, details={"Result": None}),
        branch(1, ContextDetails=None),
        branch(1, Name="other"),
        branch(1, SubType="Map"),
        branch(1, Type="STEP"),
        branch(1, ParentId="p"),
        {name: value for name, value in branch(1).items() if name != "ParentId"},
    ],
)
def test_a_branch_of_which_there_is_more_to_say_is_left_to_be_asked_for(odd):
    journal = journal_of(recorded(BATCH, "STARTED"), branch(0), odd, branch(2))
    assert results_in(journal) == {0: "0", 2: "2"}


def test_results_of_branches_are_read_from_pages_and_envelopes_alike():
    journal = Journal()
    journal.merge([branch(0)], scale=MILLISECONDS)
    journal.merge(Unread([branch(1)["Id"]], [json.dumps(branch(1)).removeprefix('{"Id": "')[:-1]]))
    assert results_in(journal) == {0: "0", 1: "1"}


def test_a_branch_that_cannot_be_read_is_left_to_be_asked_for():
    journal = Journal()
    journal.merge(Unread([branch(0)["Id"]], ["?"]))
    assert results_in(journal) == {}
    with pytest.raises(ServiceError, match="not JSON"):
        journal.ask(branch_of(BATCH, 0, Subtype.ITEM, NAMES[0], BATCH.id))
