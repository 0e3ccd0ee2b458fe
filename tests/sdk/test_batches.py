import dataclasses
import pickle

import pytest

from perdure import Batch, BatchError, BatchItem, BatchReason, BatchStatus, OperationError

BOOM = ValueError("boom")
WON = BatchItem(0, "left", BatchStatus.SUCCEEDED, "a")
LOST = BatchItem(1, "middle", BatchStatus.FAILED, error=BOOM)
RAN = BatchItem(2, "right", BatchStatus.STARTED)
NOTHING = BatchItem(3, None, BatchStatus.SUCCEEDED)

ALL = BatchReason.ALL_COMPLETED
TOLD_SUCCESS = BatchReason.CUSTOM_COMPLETION_SUCCEEDED
TOLD_FAILURE = BatchReason.CUSTOM_COMPLETION_FAILED


def batch(*items, reason=ALL, total=None, name="ship all"):
    return Batch(items, reason, len(items) if total is None else total, name)


def test_a_batch_is_a_sequence_of_the_items_that_began():
    mixed = batch(WON, LOST, RAN, total=5)
    assert len(mixed) == 3
    assert list(mixed) == [WON, LOST, RAN]
    assert mixed[1] is LOST
    assert mixed[-1] is RAN
    assert mixed[1:] == (LOST, RAN)
    assert LOST in mixed
    assert mixed.index(RAN) == 2
    with pytest.raises(IndexError):
        mixed[3]


def test_items_are_told_apart_by_what_became_of_them():
    mixed = batch(WON, LOST, RAN, NOTHING)
    assert mixed.succeeded == (WON, NOTHING)
    assert mixed.failed == (LOST,)
    assert mixed.started == (RAN,)
    assert (mixed.success_count, mixed.failure_count, mixed.started_count) == (2, 1, 1)
    assert mixed.has_failure
    assert mixed.errors() == [BOOM]
    assert not batch(WON, RAN).has_failure


@pytest.mark.parametrize(
    ("items", "reason", "status"),
    [
        ((), ALL, BatchStatus.SUCCEEDED),
        ((WON,), ALL, BatchStatus.SUCCEEDED),
        ((WON, RAN), BatchReason.MIN_SUCCESSFUL_REACHED, BatchStatus.SUCCEEDED),
        ((WON, LOST), ALL, BatchStatus.FAILED),
        ((LOST,), BatchReason.FAILURE_TOLERANCE_EXCEEDED, BatchStatus.FAILED),
        ((WON, LOST), TOLD_SUCCESS, BatchStatus.SUCCEEDED),
        ((WON,), TOLD_FAILURE, BatchStatus.FAILED),
    ],
)
def test_a_failed_item_fails_the_batch_unless_a_completion_of_your_own_decided(items, reason, status):
    assert batch(*items, reason=reason).status is status


def test_values_are_those_of_all_items_in_order():
    assert batch(WON, NOTHING).values() == ["a", None]
    assert batch().values() == []


def test_partial_leaves_out_what_did_not_succeed():
    assert batch(WON, LOST, RAN, NOTHING, total=9).partial() == ["a", None]


@pytest.mark.parametrize(
    ("incomplete", "said"),
    [
        (
            batch(WON, LOST, RAN, total=5, name="ship"),
            "batch 'ship' ended with ALL_COMPLETED: of 5 items 1 succeeded, 1 failed, 1 still ran, 2 never began",
        ),
        (
            batch(WON, reason=BatchReason.MIN_SUCCESSFUL_REACHED, total=2, name=None),
            "the batch ended with MIN_SUCCESSFUL_REACHED: of 2 items 1 succeeded, 1 never began",
        ),
    ],
)
def test_values_raises_unless_every_declared_item_succeeded(incomplete, said):
    with pytest.raises(BatchError) as raised:
        incomplete.values()
    assert str(raised.value) == said
    assert list(raised.value.exceptions) == (incomplete.errors() or [raised.value.exceptions[0]])


def test_where_no_item_failed_the_group_says_so():
    with pytest.raises(BatchError) as raised:
        batch(WON, RAN).values()
    (only,) = raised.value.exceptions
    assert type(only) is OperationError
    assert str(only) == "no item failed, but not every item succeeded"


def test_raise_for_failure_goes_by_the_status():
    batch(WON, RAN, total=9).raise_for_failure()
    batch(LOST, reason=TOLD_SUCCESS).raise_for_failure()
    with pytest.raises(BatchError, match="1 succeeded, 1 failed"):
        batch(WON, LOST).raise_for_failure()
    with pytest.raises(BatchError, match="of 0 items none began") as raised:
        batch(reason=TOLD_FAILURE).raise_for_failure()
    assert "no item failed" in str(raised.value.exceptions[0])


def test_the_errors_of_a_batch_are_taken_apart_by_except_star():
    caught = []
    try:
        batch(WON, LOST, BatchItem(2, None, BatchStatus.FAILED, error=KeyError("k"))).values()
    except* ValueError as group:
        caught.extend(group.exceptions)
    except* KeyError as group:
        caught.extend(group.exceptions)
    assert [type(error) for error in caught] == [ValueError, KeyError]
    assert caught[0] is BOOM


def test_batches_are_frozen_values():
    assert batch(WON, RAN) == batch(WON, RAN)
    assert batch(WON) != batch(WON, total=2)
    assert hash(batch(WON)) == hash(batch(WON))
    assert pickle.loads(pickle.dumps(batch(WON, RAN))) == batch(WON, RAN)
    with pytest.raises(dataclasses.FrozenInstanceError):
        batch().total = 7


def test_statuses_and_reasons_are_the_words_of_the_history():
    assert BatchStatus("SUCCEEDED") is BatchStatus.SUCCEEDED
    assert f"{BatchReason.ALL_COMPLETED}" == "ALL_COMPLETED"
    assert all(member.name == member.value for kind in (BatchStatus, BatchReason) for member in kind)
