"""How costs grow, and what waits for nothing: the second part of the benchmark.

An operation should cost the same among 3,000 as among 100, live and replayed; replaying a record the same in the
hundredth invocation as in the second. Where the service takes its time, or a step's body does, nothing of ours should
add to it. Threads should not be as many as the items of a map.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.contenders import FLOOR, OURS
from benchmarks.figures import Row, interleaved, measured, median
from benchmarks.rig import Contender, Rig
from benchmarks.workloads import Workload, blocking, replayed, steps, suspending

from perdure_runtime.drivers.pool import MOST_THREADS

__all__ = ["BAR", "BLOCKING", "COUNTS", "LATENCY", "MOST_THREADS", "measure", "slowest"]

COUNTS = (100, 300, 1000, 3000)
SUSPENSIONS = 100
WARMING = 20
LATENCY = 10
"""Milliseconds that the service takes for a request, for a hundred steps."""
DELAYED_STEPS = 100
BLOCKING = (200, 50)
"""So many steps in a map that block, and for how many milliseconds."""
LARGE_MAP = 1400
BAR = 1.1
"""How much longer than what cannot be helped anything may take."""


def measure(contenders: Mapping[str, Contender], rounds: int) -> dict[str, Any]:
    """All curves and checks."""
    prompt, delayed, counting = Rig(), Rig(latency=LATENCY / 1000), Rig(counts_threads=True)
    ours = [contenders[name] for name in OURS]
    try:
        return {
            "growth": growth(prompt, contenders, rounds),
            "suspensions": {each.name: suspensions(prompt, each, rounds) for each in ours},
            "latency": latency(prompt, delayed, [*ours, contenders[FLOOR]], rounds),
            "blocking": {
                each.name: median([measured(prompt, each, blocking(*BLOCKING)) for _ in range(rounds)], "wall")
                for each in ours
            },
            "threads": {each.name: measured(counting, each, blocking(LARGE_MAP, 1))["threads"] for each in ours},
        }
    finally:
        for rig in (prompt, delayed, counting):
            rig.close()


def growth(rig: Rig, contenders: Mapping[str, Contender], rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Microseconds of CPU time for each operation: by kind, contender and count."""
    kinds: dict[str, dict[str, Workload]] = {
        "live": {str(count): steps(count) for count in COUNTS},
        "replayed": {str(count): replayed(count) for count in COUNTS},
    }
    found: dict[str, dict[str, dict[str, float]]] = {}
    for kind, workloads in kinds.items():

        def run(name: str, count: str, workloads: dict[str, Workload] = workloads) -> Row:
            return measured(rig, contenders[name], workloads[count])

        rows = interleaved(list(contenders), list(workloads), rounds, run)
        found[kind] = {
            name: {count: median(rows[count][name], "cpu") * 1000 / int(count) for count in workloads}
            for name in contenders
        }
    return found


def suspensions(rig: Rig, contender: Contender, rounds: int) -> list[tuple[int, float]]:
    """What each invocation of a workflow that suspends often had to replay, and its CPU time in milliseconds."""
    # Some suspensions first, not counted: what the first of a process import, and that its code is cold, is no part
    # of the curve, and would be taken for what an invocation costs itself.
    warm, curve = suspending(WARMING), suspending(SUSPENSIONS)
    runs = [rig.run(contender, [warm, curve]).invocations for _ in range(rounds)]
    return [(same[0].recorded, statistics.median(one.cpu for one in same)) for same in zip(*runs, strict=True)]


def latency(prompt: Rig, delayed: Rig, contenders: Sequence[Contender], rounds: int) -> dict[str, float]:
    """Milliseconds of wall time of a hundred steps with a slow service; as `own`, of the floor with a prompt one."""
    workload = steps(DELAYED_STEPS)
    found = {
        each.name: median([measured(delayed, each, workload) for _ in range(rounds)], "wall") for each in contenders
    }
    floor = contenders[-1]
    return found | {"own": median([measured(prompt, floor, workload) for _ in range(rounds)], "wall")}


def slowest(own: float) -> dict[str, float]:
    """The bars, in milliseconds of wall time: for the slow service, and for the steps that block."""
    count, milliseconds = BLOCKING
    return {
        "latency": BAR * (DELAYED_STEPS * LATENCY + own),
        "blocking": BAR * math.ceil(count / MOST_THREADS) * milliseconds,
    }
