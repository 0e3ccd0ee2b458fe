"""Random workflows that are over, replayed: nothing is sent, no body runs, and all comes to the same."""

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.shape_runs import broken_laws, ran, replayed
from support.shape_strategies import RACING, STEADY, TIMES

THOROUGH = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BOTH = pytest.mark.parametrize("colour", ["sync", "async"])
RECORDED = ("Status", "Result")


@pytest.mark.slow
@BOTH
@THOROUGH
@given(st.data())
def test_the_replay_of_a_finished_run_emits_nothing_and_runs_nothing(colour, data):
    check_replay(data.draw(STEADY[colour]), colour, data)


@pytest.mark.slow
@BOTH
@THOROUGH
@given(st.data())
def test_the_replay_of_a_race_finds_the_same_winner(colour, data):
    check_replay(data.draw(RACING[colour]), colour, data)


def check_replay(shape, colour, data):
    run = ran(shape, colour, data.draw(TIMES))
    assert broken_laws(run) == []
    answer, service, watch = replayed(run, shape, colour, with_all=data.draw(st.booleans()))
    live = orjson.loads(run.harness.outputs[-1])
    assert [answer.get(field) for field in RECORDED] == [live.get(field) for field in RECORDED]
    assert failure(answer) == failure(live)
    assert service.requests == []
    assert not watch.bodies


def failure(answer):
    """The error, apart from its stack, which tells how far the code went by itself."""
    return {name: value for name, value in answer.get("Error", {}).items() if name != "StackTrace"}
