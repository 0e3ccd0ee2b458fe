"""Measure Perdure beside AWS's SDK and a bare loop: `python -m benchmarks`, or `make bench`.

Prints tables in Markdown, as docs/performance.md has them, and keeps all figures in a JSON file. README.md, beside this
file, tells how it is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks import curves, distances, imports
from benchmarks.contenders import RESULTS, contenders
from benchmarks.figures import machine, measured
from benchmarks.results import Cells, Results
from benchmarks.rig import Contender, Failed, Rig
from benchmarks.table import report
from benchmarks.workloads import WORKLOADS

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for; 1 where a run came to something else than it should."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Perdure beside AWS's SDK.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run; 5 without it")
    parser.add_argument("--only", type=names, metavar="NAME,…", help=", ".join(WORKLOADS))
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where the figures are kept")
    parser.add_argument("--curves", action="store_true", help="how costs grow, in place of the table")
    parser.add_argument("--tls", action="store_true", help="cold starts by TLS and at a distance, in its place")
    parser.add_argument("--all", action="store_true", help="all three")
    parser.add_argument("--resume", action="store_true", help="go on with a run that ended early")
    chosen = parser.parse_args(arguments)
    if sys.platform != "linux":
        parser.error("this needs Linux, which tells the CPU time of another process in nanoseconds")
    known = contenders()
    results = Results(chosen.json, resumes=chosen.resume)
    measuring = ["machine"]
    try:
        warm_up(known)
        results.take("machine", lambda: machine(known))
        if chosen.all or not (chosen.curves or chosen.tls):
            measuring += ["workloads", "imports"]
            with compared(known, chosen.only or list(WORKLOADS)) as cells:
                results.fill("workloads", cells, chosen.rounds)
            results.take("imports", lambda: imports.measure(known))
        if chosen.all or chosen.tls:
            measuring.append("distances")
            with distances.cells(known) as cells:
                results.fill("distances", cells, chosen.rounds)
        if chosen.all or chosen.curves:
            measuring.append("curves")
            with curves.cells(known) as cells:
                results.fill("curves", cells, min(chosen.rounds, curves.MOST_ROUNDS))
    except Failed as failure:
        results.failures.append(str(failure))
    except KeyboardInterrupt:
        print(f"\nInterrupted. {chosen.json} has what was measured; --resume goes on from there.", file=sys.stderr)
        return INTERRUPTED
    print(report({part: results.parts[part] for part in measuring if part in results.parts}))
    for line in results.failures:
        print(line, file=sys.stderr)
    return 1 if results.failures else 0


def names(text: str) -> list[str]:
    """Names of workloads, separated by commas."""
    wanted = text.split(",")
    if unknown := [name for name in wanted if name not in WORKLOADS]:
        raise argparse.ArgumentTypeError(f"no workload is called {', '.join(unknown)}")
    return wanted


def warm_up(known: Mapping[str, Contender]) -> None:
    """Run each contender once, uncounted: byte code is written, files come into memory."""
    with contextlib.closing(Rig()) as rig:
        for contender in known.values():
            rig.run(contender, [WORKLOADS["cold_step"]])


@contextlib.contextmanager
def compared(known: Mapping[str, Contender], workloads: Sequence[str]) -> Iterator[Cells]:
    """The cells of the table, by workload."""
    with contextlib.closing(Rig()) as rig:
        yield {
            task: {name: partial(measured, rig, contender, WORKLOADS[task]) for name, contender in known.items()}
            for task in workloads
        }


if __name__ == "__main__":
    sys.exit(main())
