"""An invocation that is over has left nothing behind, not even in a cycle that the collector would find one day."""

import gc
import sys

import pytest
from benchmarks.workloads import WORKLOADS, mapped, replayed, steps, total

from support.colours import both
from support.workloads import Warm, workflow

pytestmark = [pytest.mark.slow, pytest.mark.unmeasured]

WARM_UP = 8
LOOKS, BETWEEN = 3, 8
"""So many executions between two looks. Other threads may keep something between some looks; what each execution leaves
behind is more at every one."""
PIECES = 10
"""Of memory, by execution, that Python may keep in its free lists; one for each operation would be twice as many."""
WORKLOAD = {
    "noop": WORKLOADS["noop"],
    "steps": steps(20),
    "replay": replayed(10),
    "replay in pages": replayed(10, inline=4, page=4),
    "parallel": WORKLOADS["parallel_50"]._replace(event={"w": "parallel", "n": 20}, result=total(20), moves={}),
    "map": mapped(20, ""),
    "map, some at a time": mapped(20, "", 8),
    "map with waits": mapped(15, "", waits=True),
    "map with waits, some at a time": mapped(12, "", 4, waits=True),
    "payload": WORKLOADS["payload_200k"]._replace(event={"w": "payload", "n": 2, "kb": 5}, result=50, moves={}),
    "nested": WORKLOADS["nested_50"]._replace(event={"w": "nested", "depth": 15}, result=16),
}


@pytest.fixture(autouse=True)
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@both
@pytest.mark.parametrize("name", WORKLOAD)
def test_executions_leave_nothing_behind(colour, name):
    warm, workload = Warm(workflow(colour)), WORKLOAD[name]
    for _ in range(WARM_UP):
        warm.run(workload)
    objects, pieces = [], []
    for _ in range(LOOKS):
        before = held()
        for _ in range(BETWEEN):
            warm.run(workload)
        more_objects, more_pieces = (now - then for now, then in zip(held(), before, strict=True))
        objects.append(more_objects)
        pieces.append(more_pieces)
    assert min(objects) < BETWEEN, f"objects are left behind by each execution: {objects}"
    assert min(pieces) < PIECES * BETWEEN, f"memory is left behind by each execution: {pieces}"


def held():
    """Objects that the collector knows, and pieces of memory of any kind."""
    return len(gc.get_objects()), sys.getallocatedblocks()
