"""Measure Perdure beside AWS's SDK and a bare loop: `python -m benchmarks`, or `make bench`.

Prints tables in Markdown, as docs/performance.md has them, and keeps all figures in a JSON file. README.md, beside this
file, tells how it is measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import curves, distances, imports
from benchmarks.contenders import ROOT, contenders
from benchmarks.figures import interleaved, machine, measured, saved
from benchmarks.rig import Contender, Failed, Rig
from benchmarks.table import report
from benchmarks.workloads import WORKLOADS

RESULTS = ROOT / "build/bench/results.json"


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for; 1 where a run came to something else than it should."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Perdure beside AWS's SDK.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run; 5 without it")
    parser.add_argument("--only", type=names, metavar="NAME,…", help=", ".join(WORKLOADS))
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where the figures are kept")
    parser.add_argument("--curves", action="store_true", help="how costs grow, in place of the table")
    parser.add_argument("--tls", action="store_true", help="cold starts by TLS and at a distance, in its place")
    parser.add_argument("--all", action="store_true", help="all three")
    chosen = parser.parse_args(arguments)
    if sys.platform != "linux":
        parser.error("this needs Linux, which tells the CPU time of another process in nanoseconds")
    known = contenders()
    news: dict[str, object] = {"machine": machine(known)}
    try:
        if chosen.all or not (chosen.curves or chosen.tls):
            news["workloads"] = compared(known, chosen.only or list(WORKLOADS), chosen.rounds)
            news["imports"] = imports.measure(known)
        if chosen.all or chosen.tls:
            news["distances"] = distances.measure(known, chosen.rounds)
        if chosen.all or chosen.curves:
            news["curves"] = curves.measure(known, chosen.rounds)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    kept = saved(chosen.json, news)
    print(report({part: kept[part] for part in news}))
    return 0


def names(text: str) -> list[str]:
    """Names of workloads, separated by commas."""
    wanted = text.split(",")
    if unknown := [name for name in wanted if name not in WORKLOADS]:
        raise argparse.ArgumentTypeError(f"no workload is called {', '.join(unknown)}")
    return wanted


def compared(known: dict[str, Contender], workloads: list[str], rounds: int) -> dict[str, object]:
    """The rows of the table, by workload and contender."""
    rig = Rig()
    try:
        for contender in known.values():
            rig.run(contender, [WORKLOADS["cold_step"]])  # not counted: byte code is written, files come into memory
        return dict(
            interleaved(list(known), workloads, rounds, lambda name, task: measured(rig, known[name], WORKLOADS[task]))
        )
    finally:
        rig.close()


if __name__ == "__main__":
    sys.exit(main())
