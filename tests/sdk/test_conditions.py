from datetime import timedelta

import pytest

from perdure import Jitter, Poll, RetryDecision


def delays(poll, count, *, random=1.0):
    return [poll.next_delay(attempt, random) for attempt in range(1, count + 1)]


@pytest.mark.parametrize(
    ("poll", "expected"),
    [
        (Poll.DEFAULT, [5, 8, 12, 17, 26]),
        (Poll.exponential(attempts=3, first=1, rate=2), [1, 2, None, None]),
        (Poll.exponential(first=timedelta(minutes=4)), [240, 300, 300]),
        (Poll.linear(), [5, 10, 15, 20]),
        (Poll.linear(attempts=4, first=1, step=timedelta(seconds=2), cap=4), [1, 3, 4, None]),
        (Poll.fixed(), [5, 5, 5]),
        (Poll.fixed(delay=0.2, attempts=2), [1, None]),
        (Poll.fixed(attempts=1), [None]),
    ],
)
def test_the_longest_delays_of_a_policy(poll, expected):
    assert delays(poll, len(expected)) == expected


def test_jitter_shortens_delays_to_one_second_at_the_least():
    assert delays(Poll.DEFAULT, 3, random=0.0) == [1, 1, 1]
    assert delays(Poll.exponential(jitter=Jitter.HALF), 3, random=0.0) == [3, 4, 6]
    assert delays(Poll.fixed(), 3, random=0.0) == [5, 5, 5]


def test_by_default_sixty_checks_are_made():
    for poll in (Poll.DEFAULT, Poll.linear(), Poll.fixed()):
        assert poll.next_delay(59, 0.5) is not None
        assert poll.next_delay(60, 0.5) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, None),
        (RetryDecision.stop(), None),
        (7, 7),
        (0.1, 1),
        (timedelta(minutes=1), 60),
        (RetryDecision.retry_after(3), 3),
    ],
)
def test_a_custom_poll_decides_by_state_and_attempt(answer, expected):
    asked = []

    def choose(state, attempt):
        asked.append((state, attempt))
        return answer

    assert Poll.custom(choose).chosen_delay("state", 2) == expected
    assert asked == [("state", 2)]


def test_each_kind_of_poll_is_asked_its_own_question():
    with pytest.raises(TypeError, match="ask chosen_delay"):
        Poll.custom(lambda state, attempt: None).next_delay(1, 0.5)
    with pytest.raises(TypeError, match="ask next_delay"):
        Poll.DEFAULT.chosen_delay(0, 1)


def test_mistakes_are_refused_where_they_are_written():
    with pytest.raises(ValueError, match="attempts is a whole number from 1 up"):
        Poll.fixed(attempts=0)
    with pytest.raises(ValueError, match="longer than cap"):
        Poll.exponential(first=10, cap=5)
    with pytest.raises(TypeError, match="a function of state and attempt, not int"):
        Poll.custom(5)
    with pytest.raises(TypeError, match="a timedelta or a number of seconds"):
        Poll.fixed(delay="5s")
