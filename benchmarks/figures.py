"""Figures of runs: what is kept of each, and what many of them come to.

Rounds are interleaved: every contender has its turn in each, and another one begins each time, so that what the machine
does otherwise falls on all of them. A figure is the median of the rounds that nothing else disturbed, or of all where
there are fewer than three of those.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.rig import Contender, Rig, Run
from benchmarks.workloads import WARM_UP, Workload

__all__ = ["Row", "figures", "interleaved", "machine", "measured", "median", "saved"]

Row = dict[str, float]
DISTURBED = 0.15
"""CPUs kept busy by others from which on a run counts as disturbed."""
ENOUGH = 3
LINE = 78


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
    }


def measured(rig: Rig, contender: Contender, workload: Workload) -> Row:
    """One run of one workload, as the table has it."""
    run = rig.run(contender, [workload] if workload.is_cold else [WARM_UP, workload])
    return figures(run, workload)


def interleaved(
    names: Sequence[str],
    tasks: Sequence[str],
    rounds: int,
    run: Callable[[str, str], Row],
) -> dict[str, dict[str, list[Row]]]:
    """All rows, by task and contender; `run` takes the two. Shows how far it is."""
    rows: dict[str, dict[str, list[Row]]] = {task: {name: [] for name in names} for task in tasks}
    for number in range(rounds):
        for place, task in enumerate(tasks):
            first = (number + place) % len(names)
            for name in (*names[first:], *names[:first]):
                row = run(name, task)
                rows[task][name].append(row)
                show(f"round {number + 1} of {rounds}: {task}, {name}: {row['cpu']:.1f} ms")
    show("")
    return rows


def show(line: str) -> None:
    """Say on a terminal how far it is, in place of what stood there before."""
    if sys.stderr.isatty():
        print(f"{line:<{LINE}}", end="\r", file=sys.stderr, flush=True)


def median(rows: Iterable[Mapping[str, float]], figure: str) -> float:
    """What many runs come to."""
    every = list(rows)
    calm = [row for row in every if row.get("foreign", 0.0) <= DISTURBED]
    return statistics.median(row[figure] for row in (calm if len(calm) >= ENOUGH else every))


def machine(contenders: Mapping[str, Contender]) -> dict[str, Any]:
    """Where it was measured."""
    question = [contenders["floor"].command[0], "-c", "import platform; print(platform.python_version())"]
    return {
        "python": subprocess.check_output(question, text=True).strip(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "commands": {name: " ".join(each.command[1:]) for name, each in contenders.items()},
    }


def saved(path: Path, news: Mapping[str, Any]) -> dict[str, Any]:
    """Keep figures in a file, beside those of other parts that it has; all of them."""
    kept: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    for part, value in news.items():
        kept[part] = kept[part] | value if part == "workloads" and part in kept else value
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1), "utf-8")
    return kept
