"""Random workflows in any weather: what they come to, and the laws that hold on the way (CONVENTIONS 11)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.shape_runs import broken_laws, ran
from support.shape_strategies import RACING, STEADY, STORMS, TIMES
from support.shapes import Step, changed

THOROUGH = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BOTH = pytest.mark.parametrize("colour", ["sync", "async"])


@pytest.mark.slow
@BOTH
@THOROUGH
@given(st.data())
def test_crashes_anywhere_change_nothing(colour, data):
    shape, weather = data.draw(STEADY[colour]), data.draw(STORMS)
    undisturbed, stormy = ran(shape, colour), ran(shape, colour, weather)
    assert broken_laws(undisturbed) == broken_laws(stormy) == []
    assert stormy.ending == undisturbed.ending
    assert stormy.history == undisturbed.history


@pytest.mark.slow
@BOTH
@THOROUGH
@given(st.data())
def test_neither_the_order_of_wakes_nor_when_the_world_speaks_changes_anything(colour, data):
    shape, times = data.draw(STEADY[colour]), data.draw(TIMES)
    undisturbed, jumpy = ran(shape, colour), ran(shape, colour, times)
    assert broken_laws(jumpy) == []
    assert jumpy.ending == undisturbed.ending
    assert jumpy.history == undisturbed.history


@pytest.mark.slow
@BOTH
@THOROUGH
@given(st.data())
def test_what_races_keeps_every_law(colour, data):
    """Which branch wins is open, but nothing that happened may rest on another winner than the recorded one."""
    assert broken_laws(ran(data.draw(RACING[colour]), colour, data.draw(STORMS))) == []


@pytest.mark.slow
@BOTH
@THOROUGH
@given(st.data())
def test_a_once_body_runs_at_most_once_in_each_attempt(colour, data):
    shape = changed(data.draw(RACING[colour]), once)
    stormy = ran(shape, colour, data.draw(STORMS))
    assert broken_laws(stormy) == []
    assert all(runs == 1 for (place, _), runs in stormy.watch.bodies.items() if place in stormy.watch.once)


def once(node):
    if isinstance(node, Step):
        return Step(node.name, node.value, once=True, attempts=40, interrupted=True, coroutine=node.coroutine)
    return node
