"""Figures of runs: what is kept of each, and what many of them come to.

A figure is the median of the runs that nothing else disturbed, or of all where there are fewer than three of those.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.rig import Contender, Rig, Run
from benchmarks.workloads import WARM_UP, Workload

__all__ = ["ENOUGH", "Row", "Rows", "calm", "figures", "machine", "measured", "median"]

Row = dict[str, float]
"""The figures of a run."""
Rows = dict[str, list[Row]]
"""Those of many, by contender."""
DISTURBED = 0.15
"""CPUs kept busy by others from which on a run counts as disturbed."""
SLOW = 1.25
"""How much slower than at its best the CPU may be."""
ENOUGH = 3
"""So many runs that nothing disturbed are enough for a figure."""


def figures(run: Run, workload: Workload) -> Row:
    """What is kept of a run; times are in milliseconds, those of a cold run with the start."""
    counted = run.invocations[-1:] if workload.is_replay else run.invocations
    wall, cpu = sum(part.wall for part in counted), sum(part.cpu for part in counted)
    return {
        "init wall": run.init_wall,
        "init cpu": run.init_cpu,
        "wall": wall + (run.init_wall if workload.is_cold else 0),
        "cpu": cpu + (run.init_cpu if workload.is_cold else 0),
        "invoke wall": wall,
        "invocations": len(counted),
        "requests": sum(part.requests for part in counted),
        "reads": sum(part.reads for part in counted),
        "received": sum(part.received for part in counted),
        "memory": run.memory,
        "threads": run.threads,
        "foreign": run.foreign,
        "slow": run.slow,
    }


def measured(rig: Rig, contender: Contender, workload: Workload) -> Row:
    """One run of one workload, as the table has it."""
    run = rig.run(contender, [workload] if workload.is_cold else [WARM_UP, workload])
    return figures(run, workload)


def calm(rows: Sequence[Row]) -> list[Row]:
    """The runs that nothing disturbed."""
    return [row for row in rows if row.get("foreign", 0.0) <= DISTURBED and row.get("slow", 1.0) <= SLOW]


def median(rows: Sequence[Row], figure: str) -> float:
    """What many runs come to."""
    undisturbed = calm(rows)
    return statistics.median(row[figure] for row in (undisturbed if len(undisturbed) >= ENOUGH else rows))


def machine(contenders: Mapping[str, Contender]) -> dict[str, Any]:
    """Where it was measured."""
    question = [contenders["floor"].command[0], "-c", "import platform; print(platform.python_version())"]
    return {
        "python": subprocess.check_output(question, text=True).strip(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "commands": {name: " ".join(each.command[1:]) for name, each in contenders.items()},
    }
