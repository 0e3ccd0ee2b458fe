from datetime import timedelta

import pytest

from perdure.durations import LONGEST, whole_seconds


@pytest.mark.parametrize(
    ("given", "expected"),
    [(1, 1), (1.2, 2), (LONGEST, LONGEST), (timedelta(hours=2), 7200), (timedelta(seconds=1, microseconds=1), 2)],
)
def test_a_duration_is_rounded_up_to_whole_seconds(given, expected):
    assert whole_seconds(given) == expected


def test_keywords_add_up():
    assert whole_seconds(None, days=1, hours=1, minutes=1, seconds=1) == 90_061


@pytest.mark.parametrize("given", [0, 0.5, -1, LONGEST + 1, float("inf"), float("nan"), timedelta(milliseconds=999)])
def test_a_duration_outside_the_services_range_is_refused(given):
    with pytest.raises(ValueError, match="between 1 second and 366 days"):
        whole_seconds(given)


def test_no_duration_is_refused():
    with pytest.raises(ValueError, match="not 0 seconds"):
        whole_seconds(None)


def test_a_duration_is_given_in_one_way_only():
    with pytest.raises(TypeError, match="not both"):
        whole_seconds(5, hours=1)


@pytest.mark.parametrize("given", ["2h", True, [5]])
def test_what_is_not_a_duration_is_refused(given):
    with pytest.raises(TypeError, match="timedelta or a number of seconds"):
        whole_seconds(given)
