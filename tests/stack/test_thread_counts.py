"""Threads of a process, as the system counts them: a map takes the pool's and a few more, however large it is."""

import json
import sys

import pytest
from benchmarks.contenders import OURS, PEER
from benchmarks.rig import Contender, Rig
from benchmarks.workloads import WORKLOADS, blocking

from perdure_runtime.drivers.pool import MOST_THREADS
from support.cold_start import bootstrap

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the rig reads /proc"),
]
BESIDES = 5
"""Of the process itself, of the clock for those who watch, of async code."""
FEW = 3


@pytest.fixture
def most_threads():
    """Runs a workload; the most threads there were at a request to the service, or at the response."""
    rig = Rig(counts_threads=True)

    def run(name, workload):
        environ = json.loads((PEER / "peer.json").read_text("utf-8"))["variants"][name]["env"]
        return rig.run(Contender(name, bootstrap(), PEER, "handlers.handler", environ), [workload]).threads

    yield run
    rig.close()


@pytest.mark.parametrize("name", OURS)
def test_map_at_the_quota_whose_bodies_block_takes_the_pools_threads_and_a_few(name, most_threads):
    assert most_threads(name, blocking(1400, 1)) <= MOST_THREADS + BESIDES


@pytest.mark.parametrize(
    ("name", "workload"),
    [(name, "cold_step") for name in OURS] + [("perdure-async", "parallel_50"), (OURS[0], "nested_50")],
)
def test_what_goes_one_after_another_takes_no_thread_of_the_pool(name, workload, most_threads):
    assert most_threads(name, WORKLOADS[workload]) <= FEW
