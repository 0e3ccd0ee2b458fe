import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure import Jitter, NonRetryable, Retry, RetryAfter, RetryDecision
from perdure.durations import LONGEST

ERROR = ValueError("bank is down")


def delays(policy, *, random=1.0):
    """What the policy answers for attempts 1, 2, 3, … until it gives up."""
    found = []
    while (delay := policy.decide(ERROR, len(found) + 1, random)) is not None:
        found.append(delay)
    return found


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Retry.DEFAULT, [5, 10, 20, 40, 60]),
        (Retry.TRANSIENT, [5, 10]),
        (Retry.RESOURCE_AVAILABILITY, [5, 10, 20, 40]),
        (Retry.CRITICAL, [1, 2, 3, 4, 6, 8, 12, 18, 26]),
        (Retry.LINEAR, [1, 2, 3, 4, 5]),
        (Retry.FIXED, [5, 5, 5, 5]),
        (Retry.NONE, []),
        (Retry.exponential(), [5, 10]),
        (Retry.linear(), [1, 2, 3, 4, 5]),
        (Retry.fixed(attempts=3, delay=timedelta(minutes=1)), [60, 60]),
        (Retry.exponential(attempts=4, first=2, rate=3, jitter=Jitter.NONE), [2, 6, 18]),
    ],
)
def test_the_longest_delays_of_a_policy(policy, expected):
    assert delays(policy) == expected


@pytest.mark.parametrize(
    ("jitter", "random", "expected"),
    [
        (Jitter.NONE, 0.0, 100),
        (Jitter.HALF, 0.0, 50),
        (Jitter.HALF, 1.0, 100),
        (Jitter.FULL, 0.0, 1),
        (Jitter.FULL, 0.333, 34),
        (Jitter.FULL, 1.0, 100),
    ],
)
def test_jitter_spreads_a_delay_below_its_base(jitter, random, expected):
    assert Retry.exponential(first=100, jitter=jitter).decide(ERROR, 1, random) == expected


@pytest.mark.parametrize(
    ("policy", "error", "accepted"),
    [
        (Retry.exponential(), KeyError("x"), True),
        (Retry.exponential(on=OSError), ConnectionResetError("x"), True),
        (Retry.exponential(on=(OSError, KeyError)), KeyError("x"), True),
        (Retry.exponential(on=OSError), ValueError("x"), False),
        (Retry.exponential(matching="down$"), ERROR, True),
        (Retry.exponential(matching=("up", "^bank")), ERROR, True),
        (Retry.exponential(matching="up"), ERROR, False),
        (Retry.exponential(on=OSError, matching="down"), ERROR, True),
        (Retry.exponential(on=OSError, matching="up"), ERROR, False),
    ],
)
def test_an_error_passes_by_type_or_by_message(policy, error, accepted):
    assert (policy.decide(error, 1, 0.5) is not None) is accepted


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, None),
        (7, 7),
        (0, 1),
        (0.2, 1),
        (timedelta(minutes=2), 120),
        (10 * LONGEST, LONGEST),
        (RetryDecision.retry_after(3), 3),
        (RetryDecision.retry_after(timedelta(hours=1)), 3600),
        (RetryDecision.stop(), None),
    ],
)
def test_a_policy_of_ones_own_may_answer_in_several_ways(answer, expected):
    asked = []

    def choose(error, attempt):
        asked.append((error, attempt))
        return answer

    assert Retry.custom(choose).decide(ERROR, 4, 0.5) == expected
    assert asked == [(ERROR, 4)]


def test_a_custom_policy_may_answer_a_delay_only():
    with pytest.raises(TypeError, match="timedelta or a number"):
        Retry.custom(lambda _error, _attempt: True).decide(ERROR, 1, 0.5)
    with pytest.raises(TypeError, match="a function of error and attempt"):
        Retry.custom(5)


def test_decisions_are_values():
    assert RetryDecision.retry_after(5) == RetryDecision(5)
    assert len({RetryDecision.stop(), RetryDecision(None)}) == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"attempts": 0}, "attempts"),
        ({"attempts": True}, "attempts"),
        ({"first": 0}, "first"),
        ({"first": -1}, "first"),
        ({"cap": LONGEST + 1}, "cap"),
        ({"first": 10, "cap": 5}, "longer than cap"),
        ({"rate": 0.5}, "rate"),
        ({"rate": math.inf}, "rate"),
    ],
)
def test_a_bad_number_is_refused_by_name(arguments, problem):
    with pytest.raises(ValueError, match=problem):
        Retry.exponential(**arguments)


def test_other_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="step"):
        Retry.linear(step=-1)
    with pytest.raises(TypeError, match="exception classes"):
        Retry.exponential(on="ValueError")
    with pytest.raises(TypeError, match=r"jitter is one of Jitter\.NONE"):
        Retry.exponential(jitter="none")
    with pytest.raises(Exception, match="unterminated"):
        Retry.exponential(matching="[")


def test_a_delay_that_overflows_is_the_cap():
    policy = Retry.exponential(attempts=10_000, rate=1e300, jitter=Jitter.NONE)
    assert policy.decide(ERROR, 9_000, 0.5) == 300


@given(
    attempts=st.integers(2, 30),
    first=st.floats(0.01, 300),
    rate=st.floats(1, 10),
    jitter=st.sampled_from(Jitter),
    random=st.floats(0, 1),
)
def test_delays_are_whole_seconds_between_one_and_the_cap(attempts, first, rate, jitter, random):
    policy = Retry.exponential(attempts=attempts, first=first, rate=rate, jitter=jitter)
    found = delays(policy, random=random)
    assert len(found) == attempts - 1
    assert all(isinstance(delay, int) and 1 <= delay <= 300 for delay in found)
    assert found == sorted(found)


class Forbidden(NonRetryable):
    pass


class Busy(RetryAfter):
    pass


class Silent(RetryAfter):
    """Says nothing of a delay."""

    def __init__(self, page):
        self.page = page


class Nightly(RetryAfter):
    """Says the delay once for all."""

    delay = timedelta(hours=1)

    def __init__(self, page):
        self.page = page


ALWAYS = Retry.custom(lambda error, attempt: 7)
EVERY_POLICY = [Retry.DEFAULT, Retry.FIXED, Retry.exponential(on=Exception), ALWAYS]


@pytest.mark.parametrize("policy", EVERY_POLICY)
@pytest.mark.parametrize(
    "error",
    [
        NonRetryable("no"),
        Forbidden("no"),
        ExceptionGroup("several", [ValueError("x"), Forbidden("no")]),
        ExceptionGroup("several", [ExceptionGroup("inner", [NonRetryable()])]),
    ],
    ids=repr,
)
def test_an_error_that_rules_another_attempt_out_is_obeyed_by_every_policy(policy, error):
    assert policy.decide(error, 1, 1.0) is None


def test_a_policy_is_not_asked_about_an_error_that_rules_another_attempt_out():
    asked = []
    assert Retry.custom(lambda error, attempt: asked.append(error)).decide(Forbidden(), 1, 1.0) is None
    assert asked == []


@pytest.mark.parametrize("policy", EVERY_POLICY)
@pytest.mark.parametrize(
    ("error", "delay"),
    [
        (RetryAfter(90), 90),
        (Busy(timedelta(minutes=2)), 120),
        (RetryAfter(0), 1),
        (RetryAfter(1.2), 2),
        (RetryAfter(LONGEST * 2), LONGEST),
        (ExceptionGroup("several", [RetryAfter(3), ValueError("x"), Busy(9)]), 9),
        (Nightly("p"), 3600),
    ],
    ids=repr,
)
def test_the_delay_of_the_error_replaces_that_of_the_policy(policy, error, delay):
    assert policy.decide(error, 1, 1.0) == delay


@pytest.mark.parametrize(
    ("policy", "attempt"),
    [
        (Retry.NONE, 1),
        (Retry.fixed(attempts=3), 3),
        (Retry.fixed(on=OSError), 1),
        (Retry.fixed(matching="later"), 1),
        (Retry.custom(lambda error, attempt: None), 1),
    ],
)
def test_whether_there_is_another_attempt_is_the_policys_decision(policy, attempt):
    assert policy.decide(RetryAfter(5, "busy"), attempt, 1.0) is None


@pytest.mark.parametrize("error", [Silent("p"), ExceptionGroup("several", [Silent("p"), ValueError("x")])], ids=repr)
def test_an_error_without_a_delay_of_its_own_leaves_the_policys(error):
    assert Retry.fixed(delay=9).decide(error, 1, 1.0) == 9
    assert ALWAYS.decide(error, 1, 1.0) == 7


def test_groups_within_groups_are_looked_through_however_deep():
    group = ExceptionGroup("0", [Forbidden("no")])
    for _ in range(5000):
        group = ExceptionGroup("", [group])
    assert ALWAYS.decide(group, 1, 1.0) is None
