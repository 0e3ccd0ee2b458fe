import pytest

from perdure import (
    DurableCallRefused,
    HandlerRefused,
    ReplayMismatch,
    Retry,
    SerdesError,
    StepInterrupted,
    StepOptions,
)
from perdure_runtime.core.retry import next_delay


def test_the_policy_of_the_step_decides():
    assert next_delay(StepOptions(), ValueError("x"), 1, 1.0) == 5
    assert next_delay(StepOptions(), ValueError("x"), 6, 1.0) is None
    assert next_delay(StepOptions(retry=Retry.NONE), ValueError("x"), 1, 1.0) is None


@pytest.mark.parametrize(
    "error",
    [SerdesError("x"), DurableCallRefused("step", "x"), HandlerRefused("f", "x"), ReplayMismatch("id", [])],
)
def test_what_another_attempt_cannot_mend_is_not_attempted_again(error):
    assert next_delay(StepOptions(retry=Retry.custom(lambda _e, _n: 1)), error, 1, 1.0) is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (StepOptions(once=True), None),
        (StepOptions(once=True, retry=Retry.fixed()), None),
        (StepOptions(once=True, retry=Retry.fixed(interrupted=True)), 5),
        (StepOptions(once=True, retry=Retry.custom(lambda _e, _n: 3)), None),
        (StepOptions(once=True, retry=Retry.custom(lambda _e, _n: 3, interrupted=True)), 3),
    ],
)
def test_an_interrupted_attempt_is_made_again_only_where_the_policy_says_so(options, expected):
    assert next_delay(options, StepInterrupted("cut off"), 1, 1.0) == expected


def test_an_ordinary_failure_of_a_once_step_follows_its_policy():
    assert next_delay(StepOptions(once=True, retry=Retry.fixed()), ValueError("x"), 1, 1.0) == 5
    assert next_delay(StepOptions(once=True), ValueError("x"), 1, 1.0) is None
