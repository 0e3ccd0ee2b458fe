"""What the benchmark's workloads cost in what can be counted: requests, and bytes."""

import pytest
from benchmarks.workloads import WORKLOADS, mapped, replayed

from support.colours import ASYNC, both
from support.workloads import Cost, Warm, workflow

pytestmark = [pytest.mark.slow, pytest.mark.unmeasured]

KB = 1000
TRIES = 20
"""How often a body may be done too late for the request that its end could travel with: the threads decide."""

COSTS = {
    "noop": (WORKLOADS["noop"], Cost(0, 0, 0, 1)),
    "steps_1000": (WORKLOADS["steps_1000"], Cost(1000, 0, 285 * KB, 1)),
    "replay_paged": (replayed(100, inline=10, page=25), Cost(102, 4, 29 * KB, 2)),
    "parallel_50": (WORKLOADS["parallel_50"], Cost(2, 0, 51 * KB, 1)),
    "map_1000": (WORKLOADS["map_1000"], Cost(18, 0, 1000 * KB, 1)),
    "map_200_c50": (mapped(200, "", 50), Cost(8, 0, 200 * KB, 1)),
    "map_200_wait": (mapped(200, "", waits=True), Cost(6, 0, 250 * KB, 2)),
    "map_200_wait_c50": (mapped(200, "", 50, waits=True), Cost(9, 0, 250 * KB, 5)),
    "payload": (
        WORKLOADS["payload_200k"]._replace(event={"w": "payload", "n": 2, "kb": 200}, result=2000, moves={}),
        Cost(2, 0, 375 * KB, 1),
    ),
    "nested_50": (WORKLOADS["nested_50"], Cost(2, 0, 24 * KB, 1)),
}
"""At most so much; bytes are those of the updates alone."""


@both
@pytest.mark.parametrize("name", COSTS)
def test_workload_costs_no_more_requests_and_bytes_than_it_did(colour, name):
    workload, most = COSTS[name]
    cost = cheapest(Warm(workflow(colour)), workload, most.requests)
    assert [field for field, now, then in zip(Cost._fields, cost, most, strict=True) if now > then] == [], cost


def test_a_large_map_of_async_code_saves_a_request():
    assert cheapest(Warm(workflow(ASYNC)), WORKLOADS["map_1000"], 17).requests == 17


def test_the_rounds_of_a_map_of_async_code_take_a_request_each_and_the_end_one():
    assert cheapest(Warm(workflow(ASYNC)), mapped(200, "", 50), 5).requests == 5


def cheapest(warm, workload, requests):
    """The first run of as few requests, or the last that was tried."""
    for _ in range(TRIES):
        cost = warm.run(workload)
        if cost.requests <= requests:
            break
    return cost
