"""Random workflows that are over, replayed: nothing is sent, no body runs, and all comes to the same."""

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.shape_runs import broken_laws, ran, replayed
from support.shape_strategies import DERBIES, RACING, STEADY, TIMES

THOROUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(STEADY, TIMES, st.booleans())
def test_the_replay_of_a_finished_run_emits_nothing_and_runs_nothing(drawn, times, with_all):
    check_replay(*drawn, times, with_all=with_all)


@pytest.mark.slow
@pytest.mark.unmeasured
@THOROUGH
@given(RACING | DERBIES, TIMES, st.booleans())
def test_the_replay_of_a_race_finds_the_same_winner(drawn, times, with_all):
    check_replay(*drawn, times, with_all=with_all)


def check_replay(colour, shape, times, *, with_all):
    run = ran(shape, colour, times)
    assert broken_laws(run) == []
    answer, service, watch = replayed(run, shape, colour, with_all=with_all)
    live = orjson.loads(run.harness.outputs[-1])
    assert (answer["Status"], answer.get("Result")) == (live["Status"], live.get("Result"))
    assert failure(answer) == failure(live)
    assert service.requests == []
    assert not watch.bodies


def failure(answer):
    """The error, apart from its stack, which tells how far the code went by itself."""
    return {name: value for name, value in answer.get("Error", {}).items() if name != "StackTrace"}
