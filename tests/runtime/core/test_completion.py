from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import BatchDecision, BatchProgress, BatchReason, BatchStatus, Completion
from perdure_runtime.core.completion import Tally
from perdure_runtime.core.effects import Ok, Raised

ALL, MIN = BatchReason.ALL_COMPLETED, BatchReason.MIN_SUCCESSFUL_REACHED
TOLERANCE = BatchReason.FAILURE_TOLERANCE_EXCEEDED
SUCCEED, FAIL = BatchReason.CUSTOM_COMPLETION_SUCCEEDED, BatchReason.CUSTOM_COMPLETION_FAILED
S, F = Ok("fine"), Raised(ValueError("boom"))
OUTCOMES = {"S": S, "F": F}


def played(completion, total, ends, limit=None):
    """The tally after the branches have begun in order and these have ended, the earliest first."""
    tally = Tally(total, limit, completion)
    for index, end in enumerate(ends):
        while tally.has_room:
            tally.begin()
        tally.end(index, OUTCOMES[end])
    return tally


ROWS = [
    # The policy, declared branches, how they end, the end that decides, and why
    (Completion.ALL_SUCCESSFUL, 3, "SSS", 3, ALL),
    (Completion.ALL_SUCCESSFUL, 3, "SF", 2, TOLERANCE),
    (Completion.ALL_SUCCESSFUL, 3, "SSF", 3, TOLERANCE),
    (Completion.ALL_SUCCESSFUL, 3, "SS", None, None),
    (Completion.ALL_SUCCESSFUL, 0, "", 0, ALL),
    (Completion(), 3, "SSS", 3, ALL),
    (Completion(), 3, "F", 1, TOLERANCE),
    (Completion(), 0, "", 0, ALL),
    (Completion.FIRST_SUCCESSFUL, 3, "S", 1, MIN),
    (Completion.FIRST_SUCCESSFUL, 4, "FFS", 3, MIN),
    (Completion.FIRST_SUCCESSFUL, 2, "FS", 2, ALL),
    (Completion.FIRST_SUCCESSFUL, 1, "S", 1, ALL),
    (Completion.FIRST_SUCCESSFUL, 3, "FFF", 3, ALL),
    (Completion.FIRST_SUCCESSFUL, 0, "", 0, ALL),
    (Completion.ALL_COMPLETED, 3, "FFF", 3, ALL),
    (Completion.ALL_COMPLETED, 3, "FF", None, None),
    (Completion.ALL_COMPLETED, 3, "SFS", 3, ALL),
    (Completion(min_successful=2), 5, "FSFS", 4, MIN),
    (Completion(min_successful=2), 5, "FSFF", None, None),
    (Completion(min_successful=2), 4, "FFFS", 4, ALL),
    (Completion(min_successful=2, tolerated_failures=1), 4, "FSS", 3, MIN),
    (Completion(min_successful=2, tolerated_failures=1), 4, "FSF", 3, TOLERANCE),
    (Completion(min_successful=1, tolerated_failures=0), 2, "F", 1, TOLERANCE),
    (Completion(min_successful=1, tolerated_percentage=0), 2, "F", 1, TOLERANCE),
    (Completion(tolerated_failures=1), 3, "FSS", 3, ALL),
    (Completion(tolerated_failures=1), 3, "FSF", 3, TOLERANCE),
    (Completion(tolerated_failures=1), 4, "FF", 2, TOLERANCE),
    (Completion(tolerated_percentage=0), 3, "SF", 2, TOLERANCE),
    (Completion(tolerated_percentage=50), 4, "FFSS", 4, ALL),
    (Completion(tolerated_percentage=50), 4, "FFF", 3, TOLERANCE),
    (Completion(tolerated_percentage=20), 10, "FF", None, None),
    (Completion(tolerated_percentage=20), 10, "FFF", 3, TOLERANCE),
    (Completion(tolerated_percentage=33.3), 3, "F", 1, TOLERANCE),
    (Completion(tolerated_percentage=33.4), 3, "FSS", 3, ALL),
    (Completion(tolerated_failures=5, tolerated_percentage=10), 10, "FF", 2, TOLERANCE),
    (Completion(tolerated_failures=0, tolerated_percentage=100), 3, "F", 1, TOLERANCE),
]


@pytest.mark.parametrize(("completion", "total", "ends", "decided_by", "reason"), ROWS)
def test_a_policy_ends_a_batch_at_this_branch_and_for_this_reason(completion, total, ends, decided_by, reason):
    before = [played(completion, total, ends[:count]).decided for count in range(len(ends))]
    assert before == [False] * len(ends)
    tally = played(completion, total, ends)
    assert tally.decided is (decided_by == len(ends))
    assert tally.reason is reason


# A predicate of the user's own


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        (BatchDecision.SUCCEED, SUCCEED),
        (True, SUCCEED),
        (BatchDecision.FAIL, FAIL),
        (BatchDecision.CONTINUE, None),
        (False, None),
    ],
)
def test_a_predicate_answers_in_one_of_these_ways(decision, reason):
    tally = Tally(2, None, Completion.custom(lambda progress: decision))
    assert (tally.decided, tally.reason) == (reason is not None, reason)


def test_a_predicate_is_asked_before_any_branch_begins_and_after_each_change():
    seen = []

    def watching(progress):
        seen.append(progress.statuses)
        return False

    tally = Tally(2, None, Completion.custom(watching))
    tally.begin()
    tally.begin()
    tally.end(1, F)
    tally.end(0, S)
    started, failed, succeeded = BatchStatus.STARTED, BatchStatus.FAILED, BatchStatus.SUCCEEDED
    assert seen == [(None, None), (started, None), (started, started), (started, failed), (succeeded, failed)]
    assert tally.reason is ALL


def test_a_predicate_decides_alone_however_many_fail():
    completion = Completion.custom(lambda progress: progress.failed == 3)
    assert not played(completion, 4, "FF").decided
    assert played(completion, 4, "FFF").reason is SUCCEED


def test_a_predicate_comes_before_the_end_of_all_branches():
    completion = Completion.custom(lambda progress: BatchDecision.FAIL if progress.succeeded == 2 else False)
    assert played(completion, 2, "SS").reason is FAIL


def test_a_predicate_may_end_a_batch_that_has_no_branches():
    assert Tally(0, None, Completion.custom(lambda _: BatchDecision.FAIL)).reason is FAIL
    assert Tally(0, None, Completion.custom(lambda _: False)).reason is ALL


def test_a_predicate_may_end_a_batch_when_a_branch_begins():
    tally = Tally(2, None, Completion.custom(lambda progress: progress.started == 1))
    assert tally.begin() is None, "it does not begin any more"
    assert tally.reason is SUCCEED
    assert not tally.has_room


def test_a_predicate_that_breaks_ends_the_batch_without_a_reason():
    boom = ZeroDivisionError("predicate")

    def broken(progress):
        raise boom

    tally = Tally(2, None, Completion.custom(broken))
    assert (tally.decided, tally.reason, tally.broken) == (True, None, boom)
    assert not tally.has_room


# Admission


def test_a_branch_that_has_begun_and_not_ended_keeps_its_place():
    tally = Tally(3, 2, Completion.ALL_COMPLETED)
    assert [tally.begin(), tally.begin()] == [0, 1]
    assert not tally.has_room
    tally.end(1, S)
    assert tally.has_room
    assert tally.begin() == 2
    assert not tally.has_room
    assert tally.begin() is None


def filled(tally):
    """How many have begun once no more may."""
    while tally.has_room:
        tally.begin()
    return tally.begun


def test_without_a_limit_all_may_begin_at_once():
    tally = Tally(1_400, None, Completion.ALL_COMPLETED)
    assert filled(tally) == 1_400


def test_there_is_room_for_as_many_as_the_limit_and_the_total_allow():
    tally = Tally(5, 3, Completion.ALL_COMPLETED)
    assert filled(tally) == 3
    tally.end(0, S)
    tally.end(2, F)
    assert filled(tally) == 5
    assert filled(Tally(2, 3, Completion.ALL_COMPLETED)) == 2
    assert filled(Tally(0, None, Completion.ALL_COMPLETED)) == 0


# What is foretold


def foretold(completion, total, indexes, limit=None):
    tally = Tally(total, limit, completion)
    tally.foretell(lambda: dict.fromkeys(indexes, S))
    return tally


def test_branches_whose_end_was_foretold_end_when_it_is_their_turn():
    tally = foretold(Completion.ALL_COMPLETED, 6, [0, 1, 3, 5], limit=2)
    assert tally.outcomes == {}
    assert tally.begin() == 2
    assert list(tally.outcomes) == [0, 1]
    assert tally.begin() == 4
    assert list(tally.outcomes) == [0, 1, 3]
    assert tally.begin() is None, "the two that are open leave no room"
    tally.end(2, F)
    assert tally.begin() is None
    assert list(tally.outcomes) == [0, 1, 3, 2, 5]
    assert not tally.decided
    tally.end(4, S)
    assert tally.reason is ALL


@pytest.mark.parametrize(
    ("completion", "begun", "reason"),
    [
        (Completion.ALL_SUCCESSFUL, 4, ALL),
        (Completion(min_successful=2), 2, MIN),
        (Completion(min_successful=4), 4, ALL),
    ],
)
def test_a_batch_is_over_with_the_end_that_decides_it(completion, begun, reason):
    tally = foretold(completion, 4, range(4))
    assert tally.begin() is None
    assert (tally.begun, list(tally.outcomes), tally.reason) == (begun, list(range(begun)), reason)


def test_a_predicate_is_asked_at_each_branch_so_that_nothing_is_foretold():
    tally = foretold(Completion.custom(lambda progress: progress.succeeded == 1), 3, range(3))
    assert tally.begin() == 0
    tally.end(0, S)
    assert tally.reason is SUCCEED


counts = st.none() | st.integers(0, 6)
policies = st.builds(
    Completion,
    min_successful=st.none() | st.integers(1, 6),
    tolerated_failures=counts,
    tolerated_percentage=st.none() | st.integers(0, 100),
)


@given(ends=st.text("SFO", max_size=8), limit=st.none() | st.integers(1, 3), completion=policies)
def test_what_is_foretold_comes_to_what_it_would_come_to_branch_by_branch(ends, limit, completion):
    successes = [index for index, end in enumerate(ends) if end == "S"]
    one, other = foretold(completion, len(ends), successes, limit), Tally(len(ends), limit, completion)
    for tally in (one, other):
        while (index := tally.begin()) is not None:
            if ends[index] != "O":
                tally.end(index, OUTCOMES[ends[index]])
    assert (one.begun, one.outcomes, one.reason) == (other.begun, other.outcomes, other.reason)


@pytest.mark.parametrize(
    ("completion", "ends", "shown"),
    [
        (Completion.ALL_SUCCESSFUL, "S", "<Tally open: 3 of 3 begun, 1 ended>"),
        (Completion.ALL_SUCCESSFUL, "F", "<Tally FAILURE_TOLERANCE_EXCEEDED: 3 of 3 begun, 1 ended>"),
        (Completion.custom(lambda _: 1 / 0), "", "<Tally broken: 0 of 3 begun, 0 ended>"),
    ],
)
def test_a_tally_shows_its_count(completion, ends, shown):
    assert repr(played(completion, 3, ends)) == shown


def expected(completion, total, ends):
    """Why a batch is over after these ends, by the words of PROTOCOL 5.8; None where it is not."""
    failed, succeeded = ends.count("F"), ends.count("S")
    count, share, least = completion.tolerated_failures, completion.tolerated_percentage, completion.min_successful
    if (count, share, least) == (None, None, None):
        count = 0
    exceeded = (count is not None and failed > count) or (
        share is not None and total > 0 and Fraction(failed, total) * 100 > share
    )
    if exceeded:
        return TOLERANCE
    if len(ends) == total:
        return ALL
    return MIN if least is not None and succeeded >= least else None


@pytest.mark.slow
@given(data=st.data(), total=st.integers(0, 8), limit=st.none() | st.integers(1, 9), completion=policies)
def test_whatever_order_branches_end_in(data, total, limit, completion):
    tally = Tally(total, limit, completion)
    begun, running, ends = [], [], ""
    while True:
        assert tally.reason is expected(completion, total, ends)
        if tally.decided:
            break
        while tally.has_room and (not running or data.draw(st.booleans(), "another begins")):
            begun.append(tally.begin())
            running.append(begun[-1])
        assert running, "a batch that is not decided always has a branch to wait for"
        index = data.draw(st.sampled_from(running), "the next to end")
        end = data.draw(st.sampled_from("SF"), "how it ends")
        running.remove(index)
        tally.end(index, OUTCOMES[end])
        ends += end
        assert begun == list(range(len(begun))), "branches begin in the order of their indexes"
        assert limit is None or len(running) <= limit
        assert tally.begun - len(tally.outcomes) == len(running)
    assert not tally.has_room, "decided is final"
    assert [index not in tally.outcomes for index in begun] == [index in running for index in begun]


@given(
    data=st.data(),
    total=st.integers(1, 6),
    limit=st.integers(1, 3),
    stop_at=st.integers(0, 14),
    decision=st.sampled_from([True, BatchDecision.SUCCEED, BatchDecision.FAIL]),
)
def test_what_a_predicate_sees_is_how_the_batch_stands_and_its_answer_is_final(data, total, limit, stop_at, decision):
    asked = []

    def counting(progress):
        asked.append(progress)
        return decision if len(asked) > stop_at else False

    tally = Tally(total, limit, Completion.custom(counting))
    running = []
    statuses = [None] * total
    while not tally.decided:
        if tally.has_room and (not running or data.draw(st.booleans(), "another begins")):
            index = tally.begun
            tally.begin()
            running.append(index)
            statuses[index] = BatchStatus.STARTED
        else:
            running.sort()
            index = running.pop(data.draw(st.integers(0, len(running) - 1)))
            outcome = data.draw(st.sampled_from([S, F]))
            tally.end(index, outcome)
            statuses[index] = BatchStatus.SUCCEEDED if outcome is S else BatchStatus.FAILED
        assert asked[-1] == BatchProgress(tuple(statuses))
        assert asked[-1].started == len(running) <= limit
    stopped = len(asked) > stop_at
    assert tally.reason is ((FAIL if decision is BatchDecision.FAIL else SUCCEED) if stopped else ALL)
    assert not tally.has_room


def test_what_ends_after_the_decision_does_not_change_it():
    tally = Tally(3, None, Completion(min_successful=1, tolerated_failures=0))
    for _ in range(2):
        tally.begin()
    tally.end(0, S)
    tally.end(1, F)
    assert tally.reason is BatchReason.MIN_SUCCESSFUL_REACHED


def test_a_predicate_that_answers_neither_yes_nor_no_breaks_the_batch():
    tally = Tally(1, None, Completion.custom(lambda progress: 1))
    assert tally.decided
    assert "a BatchDecision or a bool, not 1" in str(tally.broken)
