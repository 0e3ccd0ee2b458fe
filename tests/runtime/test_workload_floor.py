"""A step, and a record replayed, cost at most so many times what a bare loop costs that makes the same calls.

Generous on purpose, and the least of several runs: it is to notice that something has become several times as dear, on
any machine, and nothing else. The benchmark measures.
"""

import copy
import gc
import time

import orjson
import pytest
from benchmarks.workloads import replayed, steps

from support.colours import ASYNC, SYNC, both
from support.workloads import Memory, Warm, workflow

pytestmark = [pytest.mark.slow, pytest.mark.unmeasured]

COUNT = 300
RUNS = 5
STEP = {SYNC: 8, ASYNC: 25}
"""Async code has its requests sent from another thread."""
REPLAY = 20


@pytest.fixture(autouse=True)
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def spent(work, *made):
    """CPU seconds."""
    began = time.process_time()
    work(*made)
    return time.process_time() - began


def least(work, make):
    """The least CPU time of several runs of `work` on what `make` gives."""
    return min(spent(work, make()) for _ in range(RUNS))


def update(number, action, **more):
    return orjson.dumps(
        {"Id": f"{number:016x}", "Type": "STEP", "SubType": "Step", "Action": action, "Name": "s", **more}
    )


def step_bare(execution):
    """The steps that a workflow of the engine makes, by hand."""
    service, envelope = Memory(execution), orjson.loads(execution.invocation())
    token, known = envelope["CheckpointToken"], {}
    for number in range(COUNT):
        payload = orjson.dumps(number).decode()
        updates = [update(number, "START"), update(number, "SUCCEED", Payload=payload)]
        answer = service.checkpoint("arn", token, updates, f"{number:032}")
        token = answer.token
        known |= {operation["Id"]: operation for operation in answer.operations}
        assert orjson.loads(payload) == number


def replay_bare(execution):
    """What is recorded, looked up and decoded one after another."""
    envelope = orjson.loads(execution.invocation())
    known = {operation["Id"]: operation for operation in envelope["InitialExecutionState"]["Operations"]}
    results = [orjson.loads(one["StepDetails"]["Result"]) for one in known.values() if one["Type"] == "STEP"]
    assert len(results) == COUNT


@both
def test_step_costs_a_few_times_what_the_bare_calls_cost(colour):
    warm = Warm(workflow(colour))
    warm.run(steps(COUNT))
    ours = least(warm.answer, lambda: warm.begin(steps(COUNT)))
    floor = least(step_bare, lambda: warm.begin(steps(COUNT)))
    assert ours < STEP[colour] * floor, f"{ours / floor:.1f} times the floor"


@both
def test_replayed_record_costs_a_few_times_what_looking_it_up_costs(colour):
    warm, workload = Warm(workflow(colour)), replayed(COUNT)
    warm.run(workload)

    recorded = warm.begin(workload)
    assert warm.answer(recorded)["Status"] == "PENDING"
    assert recorded.wake()

    def again():
        return warm.serve(copy.deepcopy(recorded))

    ours, floor = least(warm.answer, again), least(replay_bare, again)
    assert ours < REPLAY * floor, f"{ours / floor:.1f} times the floor"
