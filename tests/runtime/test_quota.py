import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure_runtime.quota import MOST_BYTES, MOST_OPERATIONS, Quota, Used


def test_an_operation_counts_once_and_each_retry_again():
    quota = Quota()
    quota.wrote("a", 10)
    quota.wrote("a", 20)
    quota.wrote("a", 0, again=True)
    quota.wrote("b", 1)
    assert (quota.operations, quota.bytes) == (3, 31)
    assert repr(quota) == "<Quota: 3 operations, 31 bytes>"


def test_what_is_in_the_history_counts_once_with_its_retries():
    quota = Quota()
    quota.found("a", 10, 3)
    quota.found("a", 10, 3)
    quota.found("b", 5)
    quota.found("execution", 2, 0)
    quota.wrote("a", 1)
    assert (quota.operations, quota.bytes) == (4, 18)


def test_crossing_the_line_is_told_once_for_operations():
    quota = Quota()
    told = [warning for number in range(MOST_OPERATIONS) for warning in quota.wrote(str(number), 1)]
    assert told == [Used("operations", 2400, 3000)]


def test_crossing_the_line_is_told_once_for_bytes():
    quota = Quota()
    told = [warning for _ in range(200) for warning in quota.wrote("a", 500_000)]
    assert told == [Used("bytes", 80_000_000, MOST_BYTES)]


def test_a_line_that_an_earlier_invocation_crossed_is_not_told_again():
    quota = Quota()
    for number in range(2400):
        quota.found(str(number), 0)
    assert quota.wrote("new", 10) == ()


def test_one_write_may_cross_both_lines():
    quota = Quota(operations=1, size=10)
    assert quota.wrote("a", 9) == (Used("operations", 1, 1), Used("bytes", 9, 10))


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


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 40), st.booleans()), max_size=40))
def test_each_line_is_told_at_most_once_and_exactly_when_it_is_crossed(writes):
    quota = Quota(operations=10, size=100)
    told = [warning.what for name, size, again in writes for warning in quota.wrote(name, size, again=again)]
    assert told.count("operations") == (quota.operations >= 8)
    assert told.count("bytes") == (quota.bytes >= 80)
