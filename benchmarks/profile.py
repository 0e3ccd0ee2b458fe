"""Where the work of a workload is done: `python -m benchmarks.profile WORKLOAD COLOUR`, which prints a table.

It counts the interpreter's instructions, function by function, in a run under the benchmark's rig. Unlike times, the
counts are the same on any machine, however busy it is. They leave out what C code does: sockets, hashes, JSON.

    python -m benchmarks.profile map_1000_wait async                   # this state of the code
    git archive COMMIT | tar -x -C DIR                                 # another one, beside it
    python -m benchmarks.profile map_1000_wait async --source DIR

`--as before` and `--as after` keep the counts for docs/performance.md, which `python -m benchmarks.table` writes.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.contenders import OURS, RESULTS, contenders
from benchmarks.results import Results
from benchmarks.rig import Contender, Failed, Rig
from benchmarks.table import Profile, functions
from benchmarks.workloads import WARM_UP, WORKLOADS, Workload
from tools.setup import PACKAGES

__all__ = ["counted", "summed"]

COLOURS = dict(zip(("sync", "async"), OURS, strict=True))
PATIENCE = 10.0
PLACE = re.compile(r".*(?:/src/|/site-packages/|/lib/python[\d.]+/|/peer/)(.+)\.py")
"""What of a file's path says which module it is."""
SYNTHETIC = {"<string>": "named tuples"}
"""What code is for that is in no file."""

Counted = tuple[str, str, int, int]
"""A function's file and name, its instructions, and how often it was entered."""


def main(arguments: list[str] | None = None) -> int:
    """Count, print, and keep if that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description="Where the work is done.")
    parser.add_argument("workload", choices=[name for name, each in WORKLOADS.items() if not each.is_cold])
    parser.add_argument("colour", choices=COLOURS)
    parser.add_argument("--source", type=Path, metavar="DIR", help="another state of the packages than the one here")
    parser.add_argument("--as", dest="part", choices=("before", "after"), help="keep the counts for the page")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where it is kept")
    chosen = parser.parse_args(arguments)
    workload = WORKLOADS[chosen.workload]
    contender = contenders()[COLOURS[chosen.colour]]
    try:
        found = counted(contender, workload, chosen.source)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    title = f"{workload.title}, `{'async def' if chosen.colour == 'async' else 'def'}`"
    profile = summed(found, workload.operations)
    print(functions(title, profile))
    if chosen.part:
        results = Results(chosen.json)
        kept = results.parts.get("profiles", {})
        results.keep("profiles", kept | {title: kept.get(title, {}) | {chosen.part: profile}})
    return 0


def counted(contender: Contender, workload: Workload, source: Path | None = None) -> list[Counted]:
    """What a run of a workload comes to, after one step that is not counted; of a replay, the last invocation."""
    with tempfile.TemporaryDirectory(prefix="perdure-bench-") as folder:
        path = Path(folder) / "counted.json"
        environ = dict(contender.environ)
        if source:
            environ["PYTHONPATH"] = os.pathsep.join(str(source.absolute() / name / "src") for name in PACKAGES)
        counting = dataclasses.replace(
            contender, command=(contender.command[0], "counted.py", str(path)), environ=environ
        )

        def watch(pid: int, coming: Workload | None, number: int) -> None:
            """Before each invocation: begin anew where the part that counts begins, and end after the last."""
            if coming is None:
                os.kill(pid, signal.SIGUSR2)
                end = time.monotonic() + PATIENCE
                while not path.exists() and time.monotonic() < end:
                    time.sleep(0.01)
            elif number == 0 or workload.is_replay:
                os.kill(pid, signal.SIGUSR1)

        with contextlib.closing(Rig(watch=watch)) as rig:
            rig.run(counting, [WARM_UP, workload])
        return [tuple(each) for each in json.loads(path.read_text("utf-8"))]


def summed(found: Iterable[Counted], operations: int) -> Profile:
    """Functions by what they do, those that do most first: module, name, entries and instructions of one operation."""
    instructions: Counter[tuple[str, str]] = Counter()
    entries: Counter[tuple[str, str]] = Counter()
    for file, name, count, entered in found:
        place = named(file, name)
        instructions[place] += count
        entries[place] += entered
    return [(*place, entries[place] / operations, count / operations) for place, count in instructions.most_common()]


def named(file: str, name: str) -> tuple[str, str]:
    """A function's module and name; all that importing modules takes is one thing, and so is what is in no file."""
    if name == "<module>" or "importlib" in file:
        return "imports", ""
    if file in SYNTHETIC:
        return SYNTHETIC[file], ""
    place = PLACE.fullmatch(file)
    module = (place[1] if place else file).replace("/", ".").removesuffix(".__init__")
    return module, name.replace(".<locals>", "")


if __name__ == "__main__":
    sys.exit(main())
