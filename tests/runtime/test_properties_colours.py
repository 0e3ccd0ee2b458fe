"""Random workflows in both colours."""

import pytest
from hypothesis import HealthCheck, given, settings

from support.shape_runs import broken_laws, lines_of, ran
from support.shape_strategies import STEADY_SHAPES, TIMES

THOROUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(STEADY_SHAPES)
def test_both_colours_record_the_same_bytes_in_the_same_order_in_each_line_of_work(shape):
    sync, other = ran(shape, "sync"), ran(shape, "async")
    assert broken_laws(sync) == broken_laws(other) == []
    assert other.ending == sync.ending
    assert other.history == sync.history
    assert lines_of(other) == lines_of(sync)


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(STEADY_SHAPES, TIMES, TIMES)
def test_both_colours_come_to_the_same_at_any_pace(shape, times, others):
    sync, other = ran(shape, "sync", times), ran(shape, "async", others)
    assert other.ending == sync.ending
    assert other.history == sync.history
