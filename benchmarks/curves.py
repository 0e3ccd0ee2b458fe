"""How costs grow, and what waits for nothing: the second part of the benchmark.

An operation should cost the same among 3,000 as among 100, live and replayed; replaying a record the same in the
hundredth invocation as in the second. Where the service takes its time, or a step's body does, nothing of ours should
add to it. Threads should not be as many as the items of a map.
"""

from __future__ import annotations

import contextlib
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from benchmarks.contenders import FLOOR, OURS
from benchmarks.figures import Row, figures, measured
from benchmarks.results import Cells
from benchmarks.rig import Contender, Invocation, Rig
from benchmarks.workloads import Workload, blocking, replayed, steps, suspending

from perdure_runtime.drivers.pool import MOST_THREADS

__all__ = [
    "BLOCKING",
    "COUNTS",
    "DELAYED_STEPS",
    "KINDS",
    "LARGE_MAP",
    "LATENCY",
    "MOST_ROUNDS",
    "MOST_THREADS",
    "OTHER_THREADS",
    "QUARTERS",
    "SUSPENSIONS",
    "cells",
    "slowest",
]

MOST_ROUNDS = 3
"""These take long, and need no more."""
KINDS = {"live": steps, "replayed": replayed}
COUNTS = (100, 300, 1000, 3000)
SUSPENSIONS = 100
WARMING = 20
QUARTERS = ("1st quarter", "2nd quarter", "3rd quarter", "4th quarter")
LATENCY = 10
"""Milliseconds that the service takes for a request, for a hundred steps."""
DELAYED_STEPS = 100
BLOCKING = (200, 50)
"""So many steps in a map that block, and for how many milliseconds."""
LARGE_MAP = 1400
OTHER_THREADS = 5
"""So many threads there may be besides the pool's."""
BAR = 1.1
"""How much longer than what cannot be helped anything may take."""


@contextlib.contextmanager
def cells(contenders: Mapping[str, Contender]) -> Iterator[Cells]:
    """The cells of all curves and checks."""
    with (
        contextlib.closing(Rig()) as prompt,
        contextlib.closing(Rig(latency=LATENCY / 1000)) as delayed,
        contextlib.closing(Rig(counts_threads=True)) as counting,
    ):

        def task(rig: Rig, workload: Workload, names: Sequence[str]) -> dict[str, partial[Row]]:
            return {name: partial(measured, rig, contenders[name], workload) for name in names}

        growth = {
            f"{kind} {count}": task(prompt, made(count), [FLOOR, *OURS])
            for kind, made in KINDS.items()
            for count in COUNTS
        }
        yield growth | {
            "suspensions": {name: partial(suspensions, prompt, contenders[name]) for name in OURS},
            "latency": task(delayed, steps(DELAYED_STEPS), [*OURS, FLOOR]),
            "no latency": task(prompt, steps(DELAYED_STEPS), [FLOOR]),
            "blocking": task(prompt, blocking(*BLOCKING), OURS),
            "threads": task(counting, blocking(LARGE_MAP, 1), OURS),
        }


def suspensions(rig: Rig, contender: Contender) -> Row:
    """What replaying a record costs in each quarter of a workflow that suspends often, beside the usual figures."""
    # Some suspensions first, not counted: what the first of a process import, and that its code is cold, is no part
    # of the curve, and would be taken for what an invocation costs itself.
    curve = suspending(SUSPENSIONS)
    run = rig.run(contender, [suspending(WARMING), curve])
    return figures(run, curve) | dict(zip(QUARTERS, by_quarter(run.invocations), strict=True))


def by_quarter(invocations: Sequence[Invocation]) -> list[float]:
    """Microseconds of CPU time for each record that an invocation has to replay."""
    # What an invocation costs itself is what the first ones do, which have next to nothing to replay.
    few = statistics.median(one.recorded for one in invocations[:5])
    itself = statistics.median(one.cpu for one in invocations[:5])
    size = len(invocations) // len(QUARTERS)
    quarters = [invocations[begin : begin + size] for begin in range(0, len(QUARTERS) * size, size)]
    return [
        sum(one.cpu - itself for one in quarter) * 1000 / sum(one.recorded - few for one in quarter)
        for quarter in quarters
    ]


def slowest(own: float) -> dict[str, float]:
    """The bars, in milliseconds of wall time: for the slow service, and for the steps that block."""
    count, milliseconds = BLOCKING
    return {
        "latency": BAR * (DELAYED_STEPS * LATENCY + own),
        "blocking": BAR * math.ceil(count / MOST_THREADS) * milliseconds,
    }
