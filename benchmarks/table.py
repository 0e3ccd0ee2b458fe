"""The benchmark's tables, as Markdown; `python -m benchmarks.table [FILE]` writes them into docs/performance.md.

A part of the page is what stands between two comments that name it. Parts of which the file has no figures stay.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Row, median
from benchmarks.workloads import WORKLOADS

__all__ = ["report"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/performance.md"
MARK = re.compile(r"(<!-- (\w+): written by benchmarks/table.py -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
SYNC, ASYNC, OFFICIAL, FLOOR = "perdure-sync", "perdure-async", "official", "floor"
TITLES = {OFFICIAL: "AWS's SDK", FLOOR: "floor", SYNC: "`def`", ASYNC: "`async def`"}
MEMORY = ("steps_1000", "map_1000", "map_1000_wait")
"""The workloads whose peak memory is shown."""

Rows = Mapping[str, Sequence[Row]]


def main(arguments: Sequence[str]) -> int:
    """Bring the page up to date."""
    source = Path(arguments[0]) if arguments else ROOT / "build/bench/results.json"
    parts = tables(json.loads(source.read_text("utf-8")))

    def written(match: re.Match[str]) -> str:
        return f"{match[1]}\n{parts[match[2]]}\n\n{match[3]}" if match[2] in parts else match[0]

    PAGE.write_text(MARK.sub(written, PAGE.read_text("utf-8")), "utf-8")
    return 0


def report(data: Mapping[str, Any]) -> str:
    """All tables that there are figures for."""
    return "\n\n".join(tables(data).values())


def tables(data: Mapping[str, Any]) -> dict[str, str]:
    """The parts of the page, by name."""
    return {name: PARTS[name](value) for name, value in data.items() if name in PARTS}


# Parts


def workloads(data: Mapping[str, Rows]) -> str:
    """Four tables: CPU time with its ratios, wall time, requests, memory."""
    return "\n\n".join((cpu(data), wall(data), requests(data), memory(data)))


def cpu(data: Mapping[str, Rows]) -> str:
    """CPU time, and how it compares."""
    head = ["CPU time", TITLES[OFFICIAL], TITLES[FLOOR]]
    for name in (SYNC, ASYNC):
        head += [TITLES[name], "× AWS's SDK", "× floor"]
    lines = [head]
    for key, rows in data.items():
        workload = WORKLOADS[key]
        scale = (1000 if workload.unit.startswith("µs") else 1) / workload.operations
        spent = {name: median(runs, "cpu") * scale for name, runs in rows.items()}
        line = [f"{workload.title}, {workload.unit}", short(spent[OFFICIAL]), short(spent[FLOOR])]
        for name in (SYNC, ASYNC):
            line += [
                short(spent[name]),
                f"**{spent[name] / spent[OFFICIAL]:.3f}**",
                f"{spent[name] / spent[FLOOR]:.2f}",
            ]
        lines.append(line)
    return markdown(lines)


def wall(data: Mapping[str, Rows]) -> str:
    """What passed, in milliseconds, of all of a workload."""
    order = (OFFICIAL, FLOOR, SYNC, ASYNC)
    lines = [["wall time of all of it, ms", *(TITLES[name] for name in order)]]
    for key, rows in data.items():
        lines.append([WORKLOADS[key].title, *(short(median(rows[name], "wall")) for name in order)])
    return markdown(lines)


def requests(data: Mapping[str, Rows]) -> str:
    """How often the service was spoken to, and how many KB it was sent."""
    order = (OFFICIAL, FLOOR, SYNC, ASYNC)
    lines = [["requests, and KB sent", *(TITLES[name] for name in order)]]
    for key, rows in data.items():
        counted = [
            (median(rows[name], "requests") + median(rows[name], "reads"), median(rows[name], "received") / 1024)
            for name in order
        ]
        if any(count for count, _ in counted):
            lines.append([WORKLOADS[key].title, *(f"{count:.0f}, {short(size)}" for count, size in counted)])
    return markdown(lines)


def memory(data: Mapping[str, Rows]) -> str:
    """The most memory that a process had, in MB."""
    order = (OFFICIAL, FLOOR, SYNC, ASYNC)
    shown = [key for key in MEMORY if key in data]
    rows = [[WORKLOADS[key].title, *(short(median(data[key][name], "memory")) for name in order)] for key in shown]
    return markdown([["peak memory, MB", *(TITLES[name] for name in order)], *rows])


def distances(data: Mapping[str, Rows]) -> str:
    """Cold starts by TLS: CPU time, and wall time of start and first invocation."""
    lines = [["round trip", "", "CPU, ms", "× AWS's SDK", "start, ms", "first invocation, ms"]]
    for distance, rows in data.items():
        base = median(rows[OFFICIAL], "cpu")
        for name, runs in rows.items():
            contender, comma, way = name.partition(", ")
            lines.append(
                [
                    f"{distance} ms",
                    TITLES[contender] + comma + way,
                    short(median(runs, "cpu")),
                    f"{median(runs, 'cpu') / base:.3f}",
                    short(median(runs, "init wall")),
                    short(median(runs, "invoke wall")),
                ]
            )
    return markdown(lines, texts=2)


def curves(data: Mapping[str, Any]) -> str:
    """How costs grow, and the checks."""
    return "\n\n".join((growth(data["growth"]), suspensions(data["suspensions"]), checks(data)))


def growth(data: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Microseconds for each operation."""
    counts = list(next(iter(next(iter(data.values())).values())))
    lines = [["CPU time of an operation, µs", "", *(f"of {int(count):,}" for count in counts)]]
    for kind, by_contender in data.items():
        for name, by_count in by_contender.items():
            lines.append([kind, TITLES[name], *(short(by_count[count]) for count in counts)])
    return markdown(lines, texts=2)


def suspensions(data: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """What replaying a record costs, early and late in a workflow that suspends often."""
    lines = [["CPU time of replaying a record, µs", *(f"{name} quarter" for name in ("1st", "2nd", "3rd", "4th"))]]
    for name, invocations in data.items():
        # What an invocation costs itself is what the first ones do, which have next to nothing to replay.
        few, itself = (statistics.median(each[place] for each in invocations[:5]) for place in (0, 1))
        size = len(invocations) // 4
        quarters = [invocations[begin : begin + size] for begin in range(0, 4 * size, size)]
        spent = [sum(cpu - itself for _, cpu in quarter) * 1000 for quarter in quarters]
        recorded = [sum(count - few for count, _ in quarter) for quarter in quarters]
        lines.append([TITLES[name], *(short(time / count) for time, count in zip(spent, recorded, strict=True))])
    return markdown(lines)


def checks(data: Mapping[str, Any]) -> str:
    """What may not take longer than it has to."""
    from benchmarks.curves import BLOCKING, LATENCY, MOST_THREADS, slowest

    bars = slowest(data["latency"]["own"])
    blocking = f"{BLOCKING[0]} steps in a map that block for {BLOCKING[1]} ms, ms of wall time"
    lines = [["", TITLES[SYNC], TITLES[ASYNC], "at most"]]
    for title, part, bar in (
        (f"100 steps, the service takes {LATENCY} ms for each, ms of wall time", "latency", bars["latency"]),
        (blocking, "blocking", bars["blocking"]),
        ("threads of a map of 1,400", "threads", MOST_THREADS + 5),
    ):
        lines.append([title, f"{data[part][SYNC]:.0f}", f"{data[part][ASYNC]:.0f}", f"{bar:.0f}"])
    return markdown(lines)


def place(data: Mapping[str, Any]) -> str:
    """Where it was measured."""
    return f"Measured on {data['system']} with {data['cpus']} CPUs and Python {data['python']}."


def imports(data: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """What is imported until the first step is done, from where, and how long that takes."""
    order = [name for name in (OFFICIAL, FLOOR, SYNC, ASYNC) if name in data]
    lines = [["modules imported by the first step, and ms", *(TITLES[name] for name in order)]]
    for source in dict.fromkeys(source for by_source in data.values() for source in by_source):
        found = [data[name].get(source) for name in order]
        lines.append([source, *(f"{each[0]:.0f}, {each[1]:.1f}" if each else "" for each in found)])
    return markdown(lines)


PARTS: dict[str, Callable[[Any], str]] = {
    "machine": place,
    "workloads": workloads,
    "imports": imports,
    "distances": distances,
    "curves": curves,
}


# Forms


def short(number: float) -> str:
    """A number with as many digits as say something."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"  # noqa: PLR2004


def markdown(lines: Iterable[Sequence[str]], texts: int = 1) -> str:
    """A table whose columns stand below one another in a terminal, too; the first `texts` of them hold no numbers."""
    cells = list(lines)
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    rule = ["-" * width if number < texts else "-" * (width - 1) + ":" for number, width in enumerate(widths)]
    padded = [
        [
            cell.ljust(width) if number < texts else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in [cells[0], rule, *cells[1:]]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
