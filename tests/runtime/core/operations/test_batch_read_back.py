"""Batches that are recorded as done, read back (PROTOCOL 5.10): nothing is scheduled again, and no policy asked."""

import pytest

from perdure import BatchDecision, BatchReason, BatchStatus, Completion, ReplayMismatch, SerdesError
from perdure_runtime.core.effects import Ok, Raised
from perdure_runtime.core.vocabulary import Kind, Subtype
from support.batch_driving import BATCH, ROOT, Case, OfBatch, Told, branch_identity, ran
from support.driving import recorded

SUCCEEDED, FAILED, STARTED = BatchStatus.SUCCEEDED, BatchStatus.FAILED, BatchStatus.STARTED
TOLERANCE = BatchReason.FAILURE_TOLERANCE_EXCEEDED
BOOM = ValueError("boom")
TOLD = {"ErrorType": "ValueError", "ErrorMessage": "boom"}
DONE = recorded(BATCH, "SUCCEEDED", Result="a summary of 3", ReplayChildren=True)


def ended(*indexes, status="SUCCEEDED"):
    return [recorded(branch_identity(index), status) for index in indexes]


def shown(outcome):
    return [(item.index, item.status, item.result) for item in outcome.value]


def unasked(progress):
    raise AssertionError("the policy was asked")


# Inline


def test_a_recorded_batch_is_read_from_its_text():
    case = Case(recorded(BATCH, "SUCCEEDED", Result="0=a"))
    asked, outcome = case.drive()
    assert asked == []
    assert outcome == Ok(("0=a", 3, case.work.revive, case.work.name_of, "orders"))
    assert case.made == []


def test_a_text_that_cannot_be_read_is_the_batchs_failure():
    _, outcome = Case(recorded(BATCH, "SUCCEEDED", Result="?")).drive()
    assert isinstance(outcome.error, SerdesError)


def test_a_serdes_of_the_users_own_may_break_in_any_way():
    class Broken(OfBatch):
        def read(self, *args, **kwargs):
            raise ZeroDivisionError("serdes")

    _, outcome = Case(recorded(BATCH, "SUCCEEDED", Result="0=a"), values=Broken()).drive()
    assert isinstance(outcome.error, ZeroDivisionError)


# From a summary


def summarised(*history, told, **options):
    return Case(DONE, *history, values=OfBatch(told), **options)


def test_each_branch_that_had_ended_is_asked_for_its_own_outcome_and_nothing_is_recorded():
    case = summarised(*ended(0, 1, 2), told=Told(3, BatchReason.ALL_COMPLETED, frozenset()))
    asked, outcome = case.drive(Ok("a"), Ok("b"), Ok("c"))
    assert ran(asked) == ["branch 0", "branch 1", "branch 2"]
    assert shown(outcome) == [(0, SUCCEEDED, "a!"), (1, SUCCEEDED, "b!"), (2, SUCCEEDED, "c!")]
    assert (outcome.value.total, outcome.value.name) == (3, "orders")


def test_branches_that_had_not_ended_stay_started_and_their_code_does_not_run():
    told = Told(3, BatchReason.MIN_SUCCESSFUL_REACHED, frozenset({0, 2}))
    case = summarised(*ended(0, 2, status="STARTED"), *ended(1), told=told)
    asked, outcome = case.drive(Ok("b"))
    assert ran(asked) == ["branch 1"]
    assert case.made == [1]
    assert shown(outcome) == [(0, STARTED, None), (1, SUCCEEDED, "b!"), (2, STARTED, None)]


def test_a_branch_that_ended_after_the_batch_was_decided_stays_started():
    told = Told(2, BatchReason.MIN_SUCCESSFUL_REACHED, frozenset({0}))
    asked, outcome = summarised(*ended(0, 1), told=told).drive(Ok("b"))
    assert ran(asked) == ["branch 1"]
    assert shown(outcome)[0] == (0, STARTED, None)


def test_branches_that_never_began_are_left_out():
    told = Told(1, BatchReason.MIN_SUCCESSFUL_REACHED, frozenset())
    asked, outcome = summarised(*ended(0), told=told).drive(Ok("a"))
    assert ran(asked) == ["branch 0"]
    assert shown(outcome) == [(0, SUCCEEDED, "a!")]
    assert outcome.value.total == 3


def test_a_summary_of_more_branches_than_there_are_is_read_as_far_as_they_go():
    told = Told(9, BatchReason.ALL_COMPLETED, frozenset())
    asked, _ = summarised(*ended(0, 1, 2), told=told).drive(Ok("a"), Ok("b"), Ok("c"))
    assert len(asked) == 3


@pytest.mark.parametrize("reason", list(BatchReason))
@pytest.mark.parametrize("completion", [Completion.ALL_SUCCESSFUL, Completion.custom(unasked)])
def test_the_reason_is_the_recorded_one_and_no_policy_is_asked(reason, completion):
    case = summarised(*ended(0), told=Told(1, reason, frozenset()), total=1, completion=completion)
    _, outcome = case.drive(Ok("a"))
    assert outcome.value.reason is reason


@pytest.mark.parametrize("told", [TOLD, None], ids=["as it recorded it", "described anew"])
def test_a_failed_branch_fails_its_item(told):
    case = summarised(*ended(0), told=Told(1, TOLERANCE, frozenset()), total=1)
    _, outcome = case.drive(Raised(BOOM, told))
    assert (outcome.value[0].status, outcome.value[0].error) == (FAILED, BOOM)
    assert case.values.errors == {0: TOLD}


@pytest.mark.parametrize("history", [[], ended(0, status="STARTED")], ids=["no record", "open"])
def test_a_branch_that_the_summary_says_ended_and_its_record_does_not_is_a_mismatch(history):
    case = summarised(*history, told=Told(1, BatchReason.ALL_COMPLETED, frozenset()))
    with pytest.raises(ReplayMismatch) as caught:
        case.drive()
    assert caught.value.differences == (("status", "ended", "not recorded as ended"),)
    assert caught.value.hint == "branch 0 of a finished batch"
    assert case.made == []


def test_a_branch_without_a_record_of_its_own_runs_again_over_what_it_recorded():
    told = Told(2, BatchReason.MIN_SUCCESSFUL_REACHED, frozenset({0}))
    asked, outcome = summarised(told=told, unrecorded=(0, 1, 2)).drive(Ok("b"))
    assert ran(asked) == ["branch 1"]
    assert shown(outcome) == [(0, STARTED, None), (1, SUCCEEDED, "b!")]


def test_inside_a_finished_batch_all_is_replay_and_has_to_be_recorded():
    case = summarised(*ended(0), told=Told(1, BatchReason.ALL_COMPLETED, frozenset()))
    case.drive()
    assert (case.scope.sealed, case.scope.replaying) == (True, True)


def test_operations_recorded_elsewhere_are_not_stored_again():
    told = Told(1, BatchReason.ALL_COMPLETED, frozenset())
    case = summarised(*ended(0), told=told, is_read_from_branches=True)
    _, outcome = case.drive(Ok("refused"))
    assert shown(outcome) == [(0, SUCCEEDED, "refused")]


def test_what_a_loser_from_the_context_around_recorded_is_excused():
    loser = ROOT.take(Kind.CONTEXT, Subtype.CHILD, "a loser")
    inside = ROOT.inside(loser).take(Kind.STEP, Subtype.STEP, None)
    case = summarised(
        recorded(loser, "STARTED"),
        recorded(inside, "SUCCEEDED"),
        *ended(1),
        told=Told(2, BatchReason.MIN_SUCCESSFUL_REACHED, frozenset({0})),
        is_read_from_branches=True,
        identities={0: loser},
    )
    case.journal.seal()
    case.journal.ask(BATCH)
    case.journal.ask(loser)
    case.drive(Ok("b"))
    assert [record.id for record in case.journal.unreached()] == []


def test_a_batch_that_cannot_be_stored_any_more_is_a_failure():
    case = summarised(*ended(0), told=Told(1, BatchReason.ALL_COMPLETED, frozenset()))
    _, outcome = case.drive(Ok("refused"))
    assert isinstance(outcome.error, SerdesError)


# Without a summary that can be read


def test_without_a_summary_each_item_is_what_its_record_says():
    case = summarised(*ended(0), *ended(1, status="FAILED"), *ended(2, status="STARTED"), told=None, total=4)
    asked, outcome = case.drive(Ok("a"), Raised(BOOM))
    assert ran(asked) == ["branch 0", "branch 1"]
    assert shown(outcome) == [(0, SUCCEEDED, "a!"), (1, FAILED, None), (2, STARTED, None)]


def test_without_a_summary_unrecorded_branches_are_asked_for_what_they_recorded():
    asked, _ = summarised(told=None, unrecorded=(0, 1, 2)).drive(Ok("a"), Ok("b"), Ok("c"))
    assert ran(asked) == ["branch 0", "branch 1", "branch 2"]


A, B, F = Ok("a"), Ok("b"), Raised(BOOM)
LIKELY = {
    "all ended": (Completion.ALL_SUCCESSFUL, (0, 1, 2), (), (A, B, A), BatchReason.ALL_COMPLETED),
    "one failed": (Completion.ALL_SUCCESSFUL, (0, 1), (2,), (A, F), TOLERANCE),
    "failures are tolerated": (Completion.ALL_COMPLETED, (0, 1, 2), (), (F, F, F), BatchReason.ALL_COMPLETED),
    "enough": (Completion.FIRST_SUCCESSFUL, (1,), (0, 2), (A,), BatchReason.MIN_SUCCESSFUL_REACHED),
    "a predicate": (
        Completion.custom(lambda progress: progress.succeeded == 1),
        (0,),
        (1,),
        (A,),
        BatchReason.CUSTOM_COMPLETION_SUCCEEDED,
    ),
    "a predicate that refused": (
        Completion.custom(lambda progress: BatchDecision.FAIL if progress.failed else False),
        (0, 1),
        (),
        (A, F),
        BatchReason.CUSTOM_COMPLETION_FAILED,
    ),
    "nothing that explains it": (Completion.ALL_SUCCESSFUL, (0,), (1,), (A,), BatchReason.ALL_COMPLETED),
}


@pytest.mark.parametrize(("completion", "over", "still_open", "replies", "reason"), LIKELY.values(), ids=LIKELY)
def test_without_a_summary_the_reason_is_what_the_policy_would_say(completion, over, still_open, replies, reason):
    history = [*ended(*over), *ended(*still_open, status="STARTED")]
    _, outcome = summarised(*history, told=None, completion=completion).drive(*replies)
    assert outcome.value.reason is reason
