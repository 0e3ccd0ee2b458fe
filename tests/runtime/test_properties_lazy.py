"""Random workflows with lazy steps, which come to something else in each run: nothing rests on what may be lost."""

import pytest
from hypothesis import HealthCheck, given, settings

from support.shape_runs import Weather, broken_laws, ran, replayed
from support.shape_strategies import DRIFTING, HAIL, STORMS
from support.shapes import (
    Callback,
    Child,
    Condition,
    Invoke,
    Map,
    Parallel,
    Step,
    Together,
    Try,
    Wait,
    WaitForCallback,
    WithRetry,
)

THOROUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LAZY = Step("lazy", 1, lazy=True, drifts=True)
FAILING = Step("failing", 1, failures=1, attempts=3, lazy=True, drifts=True)
"""One that is retried, and so has a wait of its own."""
WORK = Step("work", 2)
ONCE = Step("once", 3, once=True, interrupted=True, attempts=99)
EACH_UPDATE = tuple(range(1, 250))
"""Cuts that make a request of each update."""
TRACES = {
    "body": (WORK,),
    "once body": (ONCE,),
    "retry": (FAILING, WORK),
    "wait": (Wait(1),),
    "callback": (Callback("ok", body=(LAZY,)),),
    "wait for callback": (WaitForCallback("ok"),),
    "invoke": (Invoke("ok"),),
    "condition": (Condition("met", 2),),
    "end": (),
}
PLACES = {
    "in a row": lambda work: (LAZY, LAZY, *work, LAZY, *work),
    "in a child": lambda work: (Child("child", (LAZY, *work)), LAZY, *work),
    "in a virtual child": lambda work: (Child("child", (LAZY,), virtual=True), *work),
    "in branches": lambda work: (Parallel(((LAZY, *work), (LAZY, LAZY, *work))), *work),
    "in flat branches": lambda work: (Parallel(((LAZY, LAZY), work), flat=True), *work),
    "in batches of batches": lambda work: (Map((1, 2), (Parallel(((LAZY, *work), (LAZY,)), flat=True),)), *work),
    "as branches": lambda work: (Map((1, 2), LAZY), Parallel((LAZY, (LAZY,))), *work),
    "in a race": lambda work: (Together("race", ((LAZY,), (LAZY, LAZY))), *work),
    "in a retried block": lambda work: (WithRetry("block", (LAZY, *work), failures=1), *work),
    "in a rescue": lambda work: (Try((Step("no", 0, 1, 1),), (LAZY,), (LAZY,)), *work),
}


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(DRIFTING, STORMS | HAIL)
def test_nothing_rests_on_a_lazy_value_that_may_be_lost(drawn, weather):
    colour, shape = drawn
    check(shape, colour, weather)


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("trace", TRACES)
def test_a_crash_at_any_boundary_loses_no_lazy_value_that_work_of_any_kind_rests_on(trace, colour):
    crash_everywhere(PLACES["in a row"](TRACES[trace]), colour)


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("place", PLACES)
def test_a_crash_at_any_boundary_loses_no_lazy_value_that_work_in_any_place_rests_on(place, colour):
    crash_everywhere(PLACES[place](TRACES["body"]), colour)


@pytest.mark.long
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("trace", TRACES)
def test_nor_does_work_of_any_kind_in_any_place(trace, place, colour):
    crash_everywhere(PLACES[place](TRACES[trace]), colour)


def crash_everywhere(shape, colour):
    """Once before each update is recorded, and once after it is and before that is known."""
    calm = check(shape, colour, Weather(cuts=EACH_UPDATE))
    for boundary in range(1, calm.service.checkpoints + 1):
        check(shape, colour, Weather(cuts=EACH_UPDATE, before=frozenset({boundary})))
        check(shape, colour, Weather(cuts=EACH_UPDATE, after=frozenset({boundary})))


def check(shape, colour, weather):
    run = ran(shape, colour, weather)
    assert broken_laws(run) == []
    answer, service, watch = replayed(run, shape, colour, with_all=False)
    assert (answer["Status"], answer.get("Result")) == (run.ending[0].value, run.ending[1])
    assert (service.requests, watch.bodies) == ([], {})
    return run
