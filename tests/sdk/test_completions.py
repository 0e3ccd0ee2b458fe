import pytest

from perdure import BatchDecision, BatchProgress, BatchStatus, Completion


def always(progress):
    return BatchDecision.CONTINUE


def test_progress_counts_the_statuses():
    progress = BatchProgress(
        (BatchStatus.SUCCEEDED, BatchStatus.FAILED, BatchStatus.STARTED, None, BatchStatus.SUCCEEDED)
    )
    assert (progress.total, progress.succeeded, progress.failed, progress.started) == (5, 2, 1, 1)


def test_presets_are_plain_values():
    assert Completion(tolerated_failures=0) == Completion.ALL_SUCCESSFUL
    assert Completion(min_successful=1) == Completion.FIRST_SUCCESSFUL
    assert Completion(tolerated_percentage=100) == Completion.ALL_COMPLETED
    assert Completion.custom(always) == Completion(should_complete=always)
    assert Completion() == Completion(None, None, None, None)


@pytest.mark.parametrize(
    ("criteria", "error", "said"),
    [
        ({"min_successful": 0}, ValueError, "min_successful is 1 or more, not 0"),
        ({"min_successful": 1.5}, TypeError, "min_successful is a whole number, not float"),
        ({"min_successful": True}, TypeError, "not bool"),
        ({"tolerated_failures": -1}, ValueError, "tolerated_failures is 0 or more, not -1"),
        ({"tolerated_failures": "1"}, TypeError, "not str"),
        ({"tolerated_percentage": -0.1}, ValueError, "between 0 and 100, not -0.1"),
        ({"tolerated_percentage": 100.1}, ValueError, "between 0 and 100"),
        ({"tolerated_percentage": float("nan")}, ValueError, "between 0 and 100"),
        ({"tolerated_percentage": True}, TypeError, "a number, not bool"),
        ({"tolerated_percentage": "5"}, TypeError, "a number, not str"),
        ({"should_complete": 7}, TypeError, "a function of BatchProgress, not int"),
        ({"should_complete": always, "min_successful": 1}, ValueError, "decides alone"),
        ({"should_complete": always, "tolerated_failures": 0}, ValueError, "decides alone"),
        ({"should_complete": always, "tolerated_percentage": 0}, ValueError, "decides alone"),
    ],
)
def test_mistakes_are_refused_where_they_are_written(criteria, error, said):
    with pytest.raises(error, match=said):
        Completion(**criteria)


def test_criteria_may_be_combined():
    both = Completion(min_successful=2, tolerated_failures=1, tolerated_percentage=33.3)
    assert (both.min_successful, both.tolerated_failures, both.tolerated_percentage) == (2, 1, 33.3)


def test_a_custom_completion_needs_a_function():
    with pytest.raises(TypeError, match="not None"):
        Completion.custom(None)


def test_a_batch_that_can_never_succeed_is_refused_before_it_begins():
    two = Completion(min_successful=2)
    two.check(2)
    two.check(0)
    Completion().check(1)
    with pytest.raises(ValueError, match=r"min_successful is 2, more than the batch has items \(1\)"):
        two.check(1)
