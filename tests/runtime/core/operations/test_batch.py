"""Batches while they run, driven by hand (PROTOCOL 5.8 and 5.9); test_batch_read_back.py has what replays read."""

import pytest

from perdure import BatchDecision, BatchReason, BatchStatus, Completion
from perdure_runtime.core.effects import Fan, Ok, Raised
from perdure_runtime.core.table import TABLE, Impossible, Move
from perdure_runtime.core.vocabulary import Kind, Status, Subtype
from support.batch_driving import BATCH, LARGE, ROOT, START, Case, OfBatch, branch_identity
from support.driving import Recorded, branches, recorded, updates

BOOM = ValueError("boom")
TOLD = {"ErrorType": "ValueError", "ErrorMessage": "boom"}
ALL_OK = {0: Ok("a"), 1: Ok("b"), 2: Ok("c")}
SUCCEEDED, FAILED, STARTED = BatchStatus.SUCCEEDED, BatchStatus.FAILED, BatchStatus.STARTED


def test_a_new_batch_starts_fans_out_and_records_what_its_branches_came_to():
    case = Case()
    asked, outcome = case.drive(branches(ALL_OK))
    assert asked[0] == Recorded(START)
    assert isinstance(asked[1], Fan)
    assert asked[2] == Recorded({**START, "Action": "SUCCEED", "Payload": "0=a 1=b 2=c"})
    assert len(asked) == 3
    assert case.line.owed == 2
    assert outcome.value.reason is BatchReason.ALL_COMPLETED
    assert (outcome.value.total, outcome.value.name) == (3, "orders")


def test_the_result_is_the_one_that_a_replay_will_read():
    _, outcome = Case().drive(branches(ALL_OK))
    assert [item.result for item in outcome.value] == ["a!", "b!", "c!"]


def test_a_started_batch_fans_out_again_without_a_start():
    asked, outcome = Case(recorded(BATCH, "STARTED")).drive(branches(ALL_OK))
    assert [update["Action"] for update in updates(asked)] == ["SUCCEED"]
    assert outcome.value.success_count == 3


def test_branches_that_are_known_to_have_ended_need_not_end_again():
    case = Case(recorded(BATCH, "STARTED"), foretold={0: Ok("a"), 2: Ok("c")})
    _, outcome = case.drive(branches({1: Ok("b")}))
    assert [item.result for item in outcome.value] == ["a!", "b!", "c!"]


def test_of_a_batch_that_begins_no_end_is_known():
    asked, _ = Case(foretold={0: Ok("a")}).drive()
    assert asked[1].tally.foretold == {}


def test_the_driver_is_given_the_limit_and_makes_each_branch_when_it_begins():
    case = Case(limit=2)
    asked, _ = case.drive()
    fan = asked[1]
    fan.tally.begin()
    fan.tally.begin()
    assert not fan.tally.has_room
    assert case.made == []
    assert next(fan.make(1)).body == "branch 1"
    assert case.made == [1]


def test_items_stand_in_the_order_of_their_indexes_whoever_was_first():
    _, outcome = Case().drive(branches({2: Ok("c"), 0: Ok("a"), 1: Ok("b")}))
    assert [(item.index, item.name) for item in outcome.value] == [(0, "item-0"), (1, "item-1"), (2, "item-2")]


def test_a_batch_with_failures_succeeds_and_tells_of_them():
    case = Case(completion=Completion.ALL_COMPLETED)
    asked, outcome = case.drive(branches({0: Ok("a"), 1: Raised(BOOM, TOLD), 2: Raised(BOOM)}))
    assert [update["Action"] for update in updates(asked)] == ["START", "SUCCEED"]
    assert [item.status for item in outcome.value] == [SUCCEEDED, FAILED, FAILED]
    assert outcome.value.errors() == [BOOM, BOOM]


def test_a_failed_branch_is_told_with_the_error_that_its_own_record_has():
    known = {"ErrorType": "Known", "ErrorMessage": "as recorded"}
    case = Case(completion=Completion.ALL_COMPLETED)
    case.drive(branches({0: Ok("a"), 1: Raised(BOOM, known), 2: Raised(BOOM)}))
    assert case.values.errors == {1: known, 2: TOLD}


def test_branches_that_had_begun_and_not_ended_are_started_and_the_others_are_left_out():
    case = Case(total=4, completion=Completion.FIRST_SUCCESSFUL)
    _, outcome = case.drive(branches({1: Ok("b")}, begun=3))
    assert [(item.index, item.status) for item in outcome.value] == [(0, STARTED), (1, SUCCEEDED), (2, STARTED)]
    assert outcome.value.reason is BatchReason.MIN_SUCCESSFUL_REACHED
    assert outcome.value.total == 4


def test_an_empty_batch_starts_and_ends_without_fanning_out():
    asked, outcome = Case(total=0).drive()
    assert [update["Action"] for update in updates(asked)] == ["START", "SUCCEED"]
    assert len(asked) == 2
    assert (list(outcome.value), outcome.value.reason) == ([], BatchReason.ALL_COMPLETED)


def test_a_predicate_may_end_the_batch_before_any_branch_begins():
    case = Case(completion=Completion.custom(lambda progress: BatchDecision.FAIL))
    asked, outcome = case.drive()
    assert [update["Action"] for update in updates(asked)] == ["START", "SUCCEED"]
    assert (len(outcome.value), outcome.value.status) == (0, FAILED)


@pytest.mark.parametrize("is_read_from_branches", [False, True])
def test_a_predicate_that_breaks_fails_the_batch(is_read_from_branches):
    def broken(progress):
        if progress.succeeded:
            raise ZeroDivisionError("predicate")
        return False

    case = Case(completion=Completion.custom(broken), is_read_from_branches=is_read_from_branches)
    asked, outcome = case.drive(branches({0: Ok("a")}, begun=1))
    told = {"ErrorType": "ZeroDivisionError", "ErrorMessage": "predicate"}
    assert asked[2] == Recorded({**START, "Action": "FAIL", "Error": told})
    assert case.line.owed == 2
    assert outcome.error.args == ("ZeroDivisionError", "orders", 0)
    assert outcome.recorded == told


def test_a_batch_that_cannot_be_stored_fails():
    asked, outcome = Case().drive(branches({**ALL_OK, 1: Ok("refused")}))
    assert [update["Action"] for update in updates(asked)] == ["START", "FAIL"]
    assert outcome.error.args == ("SerdesError", "orders", 0)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "TIMED_OUT", "STOPPED"])
def test_a_recorded_failure_is_raised_and_nothing_runs(status):
    asked, outcome = Case(recorded(BATCH, status, Error=TOLD)).drive()
    assert asked == []
    assert outcome.error.args == ("ValueError", "orders", 0)
    assert outcome.recorded == TOLD


# Large batches


def test_in_place_of_a_large_batch_a_summary_is_recorded_and_the_branches_are_kept():
    asked, outcome = Case().drive(branches({**ALL_OK, 1: Ok(LARGE)}))
    kept = {"Payload": "a summary of 3", "ContextOptions": {"ReplayChildren": True}}
    assert asked[2] == Recorded({**START, "Action": "SUCCEED", **kept})
    assert [len(item.result) for item in outcome.value] == [2, len(LARGE) + 1, 2]


def test_a_batch_of_operations_that_are_recorded_elsewhere_records_a_summary_only():
    case = Case(is_read_from_branches=True)
    asked, outcome = case.drive(branches(ALL_OK))
    assert updates(asked)[1] | {"Action": "START"} == {
        **START,
        "Payload": "a summary of 3",
        "ContextOptions": {"ReplayChildren": True},
    }
    assert [item.result for item in outcome.value] == ["a", "b", "c"]


def test_a_summary_that_breaks_fails_the_batch():
    class Unsummarised(OfBatch):
        def summarize(self, batch):
            raise ZeroDivisionError("summary")

    asked, outcome = Case(values=Unsummarised()).drive(branches({**ALL_OK, 1: Ok(LARGE)}))
    assert [update["Action"] for update in updates(asked)] == ["START", "FAIL"]
    assert outcome.error.args == ("ZeroDivisionError", "orders", 0)


# What is left behind


def test_what_open_branches_recorded_is_excused_once_the_batch_is_decided():
    open_one, done = branch_identity(0), branch_identity(1)
    inside = ROOT.inside(open_one).take(Kind.STEP, Subtype.STEP, None)
    history = [recorded(open_one, "STARTED"), recorded(inside, "SUCCEEDED"), recorded(done, "SUCCEEDED")]
    case = Case(recorded(BATCH, "STARTED"), *history, completion=Completion.FIRST_SUCCESSFUL)
    case.journal.seal()
    for identity in (BATCH, open_one, done):
        case.journal.ask(identity)
    assert [record.id for record in case.journal.unreached()] == [inside.id]
    case.drive(branches({1: Ok("b")}, begun=2))
    assert case.journal.unreached() == []


def test_what_an_open_operation_of_the_context_around_recorded_is_excused_too():
    outer = ROOT.take(Kind.CONTEXT, Subtype.CHILD, "a loser")
    inside = ROOT.inside(outer).take(Kind.STEP, Subtype.STEP, None)
    history = [recorded(outer, "STARTED"), recorded(inside, "SUCCEEDED")]
    case = Case(
        recorded(BATCH, "STARTED"),
        *history,
        completion=Completion.FIRST_SUCCESSFUL,
        is_read_from_branches=True,
        identities={0: outer},
    )
    case.journal.seal()
    case.journal.ask(BATCH)
    case.journal.ask(outer)
    case.drive(branches({1: Ok("b")}, begun=2))
    assert case.journal.unreached() == []


# What cannot be


def test_a_batch_in_a_state_that_cannot_be_is_said_loudly():
    with pytest.raises(Impossible):
        Case(recorded(BATCH, "READY")).drive()


def test_a_row_that_the_table_should_not_have_is_said_loudly(monkeypatch):
    monkeypatch.setitem(TABLE, (Kind.CONTEXT, Status.STARTED), Move.PARK)
    with pytest.raises(AssertionError, match="a batch has no"):
        Case(recorded(BATCH, "STARTED")).drive()
