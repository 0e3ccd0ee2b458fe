"""Random workflows in any weather: what they come to, and the laws that hold on the way."""

import pytest
from hypothesis import HealthCheck, assume, given, settings

from support.shape_runs import broken_laws, ran
from support.shape_strategies import DERBIES, HAIL, HURRY, RACING, STEADY, STORMS, TIMES
from support.shapes import Step, changed

THOROUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(STEADY, STORMS)
def test_crashes_anywhere_change_nothing(drawn, weather):
    colour, shape = drawn
    undisturbed, stormy = ran(shape, colour), ran(shape, colour, weather)
    assert broken_laws(undisturbed) == broken_laws(stormy) == []
    assert stormy.ending == undisturbed.ending
    assert stormy.history == undisturbed.history


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(STEADY, TIMES)
def test_neither_the_order_of_wakes_nor_when_the_world_speaks_changes_anything(drawn, times):
    colour, shape = drawn
    undisturbed, jumpy = ran(shape, colour), ran(shape, colour, times)
    assert broken_laws(jumpy) == []
    assert jumpy.ending == undisturbed.ending
    assert jumpy.history == undisturbed.history


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(STEADY, HURRY)
def test_a_deadline_that_is_always_near_changes_nothing(drawn, hurry):
    colour, shape = drawn
    # A check that is handed over counts as one of the poll's, and an error tells in which attempt it was raised.
    assume("exhausted" not in repr(shape) and "Condition(how='raises'" not in repr(shape))
    undisturbed, hurried = ran(shape, colour), ran(shape, colour, hurry)
    assert broken_laws(hurried) == []
    assert hurried.ending == undisturbed.ending
    assert hurried.history == undisturbed.history


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(RACING, STORMS)
def test_what_races_keeps_every_law(drawn, weather):
    colour, shape = drawn
    assert broken_laws(ran(shape, colour, weather)) == []


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(DERBIES, HAIL)
def test_no_body_rests_on_a_winner_that_may_still_change(drawn, weather):
    colour, shape = drawn
    assert broken_laws(ran(shape, colour, weather)) == []


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(RACING, STORMS)
def test_a_once_body_runs_at_most_once_in_each_attempt(drawn, weather):
    colour, shape = drawn
    stormy = ran(changed(shape, once), colour, weather)
    assert broken_laws(stormy) == []
    assert all(runs == 1 for (place, _), runs in stormy.watch.bodies.items() if place in stormy.watch.once)


def once(node):
    if isinstance(node, Step):
        return Step(node.name, node.value, once=True, attempts=40, interrupted=True, coroutine=node.coroutine)
    return node
