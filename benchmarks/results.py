"""The figures of all parts of the benchmark, and the file they are kept in.

A part is a table of cells, one for each task and contender, and a cell is the rows of its runs. Rounds are interleaved:
every cell has its turn in each, and another contender begins each time, so that what the machine does otherwise falls
on all of them. A cell of which too few runs were undisturbed has further turns, at most as many again.

The file is written after each round, and whenever a run ends early. A contender that fails at a task has no more turns
there, and the others go on.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.figures import ENOUGH, Row, Rows, calm
from benchmarks.rig import Failed

__all__ = ["Cells", "Results"]

Cells = Mapping[str, Mapping[str, Callable[[], Row]]]
"""What measures each cell once, by task and contender."""
LINE = 78


class Results:
    """Measures parts, and keeps what comes of them."""

    def __init__(self, path: Path, *, resumes: bool = False) -> None:
        """`resumes` goes on with a run that ended early: what the file holds of it is not measured again."""
        self._path = path
        self._resumes = resumes
        self.parts: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        """All figures that the file has, by part."""
        self.failures: list[str] = []
        """What contenders failed at."""

    def take(self, part: str, measure: Callable[[], Any]) -> None:
        """Measure and keep a part that is measured at once."""
        if self._resumes and part in self.parts:
            return
        self.keep(part, measure())

    def keep(self, part: str, figures: object) -> None:
        """Keep a part that was measured elsewhere."""
        self.parts[part] = figures
        self._write()

    def fill(self, part: str, cells: Cells, rounds: int) -> None:
        """Measure a part's cells, each so many times; tasks that are not among these keep their figures."""
        rows: dict[str, Rows] = self.parts.setdefault(part, {})
        for task, runs in cells.items():
            had = rows.get(task, {}) if self._resumes else {}
            rows[task] = {name: had.get(name, []) for name in runs}
        failed: set[tuple[str, str]] = set()
        for number in range(2 * rounds):
            began, count = time.monotonic(), 0
            try:
                for place, (task, runs) in enumerate(cells.items()):
                    names = list(runs)
                    first = (number + place) % len(names)
                    for name in (*names[first:], *names[:first]):
                        cell = rows[task][name]
                        if (task, name) in failed or is_done(cell, number, rounds):
                            continue
                        show(f"{part}, round {number + 1} of {rounds}: {task}, {name}", passing=True)
                        count += 1
                        try:
                            cell.append(runs[name]())
                        except Failed as failure:
                            failed.add((task, name))
                            self.failures.append(f"{part}: {failure}")
            finally:
                self._write()
            if count:
                seconds = time.monotonic() - began
                show(f"{part}, round {number + 1} of {rounds}: {count} runs in {seconds:.0f} s")

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self.parts, indent=1), "utf-8")
        new.replace(self._path)  # a run that is killed while it writes leaves the file as it was


def is_done(cell: list[Row], number: int, rounds: int) -> bool:
    """Whether a cell has no turn in the round of this number, from 0 on."""
    if number < rounds:
        return len(cell) > number
    return len(cell) > number or len(calm(cell)) >= min(ENOUGH, rounds)


def show(line: str, *, passing: bool = False) -> None:
    """Say how far it is; what is passing, only on a terminal, where the next line takes its place."""
    if sys.stderr.isatty():
        print(f"{line:<{LINE}}", end="\r" if passing else "\n", file=sys.stderr, flush=True)
    elif not passing:
        print(line, file=sys.stderr, flush=True)
