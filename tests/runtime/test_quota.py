import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.quota import MOST_BYTES, MOST_OPERATIONS, Quota, Used


def told_of(*totals, quota=None):
    """What is told, over a number of writes, each of which brings the totals to these."""
    quota = quota or Quota()
    return [warning for operations, size in totals for warning in quota.wrote(operations, size)]


def test_a_quota_shows_what_is_used():
    quota = Quota()
    quota.found(2, 20)
    assert repr(quota) == "<Quota: 2 operations, 20 bytes>"
    quota.wrote(3, 31)
    assert (quota.operations, quota.bytes) == (3, 31)


def test_crossing_the_line_is_told_once_for_operations():
    told = told_of(*((number, number) for number in range(MOST_OPERATIONS)))
    assert told == [Used("operations", 2400, 3000)]


def test_crossing_the_line_is_told_once_for_bytes():
    assert told_of(*((1, number * 500_000) for number in range(200))) == [Used("bytes", 80_000_000, MOST_BYTES)]


def test_a_line_that_an_earlier_invocation_crossed_is_not_told_again():
    quota = Quota()
    quota.found(2400, 0)
    assert told_of((2401, 10), quota=quota) == []


def test_one_write_may_cross_both_lines():
    both = [Used("operations", 1, 1), Used("bytes", 9, 10)]
    assert told_of((1, 9), quota=Quota(operations=1, size=10)) == both


def test_there_is_room_below_the_line():
    quota = Quota(size=100)
    assert quota.has_room(79)
    assert not quota.has_room(80)


@pytest.mark.parametrize(
    ("used", "share", "advice"),
    [
        (
            Used("operations", 2400, 3000),
            "2,400 of the 3,000 operations that one execution may have are used (80 %)",
            "A map in chunks takes fewer",
        ),
        (
            Used("bytes", 81_000_000, 100_000_000),
            "81,000,000 of the 100,000,000 bytes that one execution may have are used (81 %)",
            "Smaller results, and the codecs Compress and Offload, write less.",
        ),
    ],
)
def test_a_warning_says_what_is_used_and_what_to_do(used, share, advice):
    assert str(used).startswith(share)
    assert advice in str(used)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=40))
def test_each_line_is_told_at_most_once_and_exactly_when_it_is_crossed(writes):
    quota = Quota(operations=10, size=100)
    told = [
        warning.what
        for operations, size in writes
        for warning in quota.wrote(quota.operations + operations, quota.bytes + size)
    ]
    assert told.count("operations") == (quota.operations >= 8)
    assert told.count("bytes") == (quota.bytes >= 80)
