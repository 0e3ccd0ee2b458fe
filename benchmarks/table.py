"""The benchmark's tables, as Markdown; `python -m benchmarks.table [FILE]` writes them into docs/performance.md.

A part of the page is what stands between two comments that name it. Parts of which the file has no figures stay.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import curves, distances
from benchmarks.contenders import FLOOR, OFFICIAL, OURS, RESULTS, ROOT
from benchmarks.figures import ENOUGH, Rows, calm, median
from benchmarks.workloads import WORKLOADS

__all__ = ["report"]

PAGE = ROOT / "docs/performance.md"
MARK = re.compile(r"(<!-- (\w+): written by benchmarks/table.py -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
SYNC, ASYNC = OURS
TITLES = {OFFICIAL: "AWS's SDK", FLOOR: "floor", SYNC: "`def`", ASYNC: "`async def`"}
ORDER = (OFFICIAL, FLOOR, SYNC, ASYNC)
MEMORY = ("steps_1000", "map_1000", "map_1000_wait")
"""The workloads whose peak memory is shown."""

TOP = 15
"""How much of a profile is shown."""
WHEN = ("before", "after")

Tasks = Mapping[str, Rows]
Profile = Sequence[tuple[str, str, float, float]]
"""Functions, by module and name, with how often they are entered for an operation, and their instructions."""


def main(arguments: Sequence[str]) -> int:
    """Bring the page up to date."""
    source = Path(arguments[0]) if arguments else RESULTS
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


def workloads(data: Tasks) -> str:
    """Four tables: CPU time with its ratios, wall time, requests, memory."""
    known = {key: data[key] for key in WORKLOADS if key in data}
    return "\n\n".join(filter(None, (how_many(known), cpu(known), wall(known), requests(known), memory(known))))


def cpu(data: Tasks) -> str:
    """CPU time, and how it compares."""
    head = ["CPU time", TITLES[OFFICIAL], TITLES[FLOOR]]
    for name in OURS:
        head += [TITLES[name], "× AWS's SDK", "× floor"]
    lines = [head]
    for key, rows in data.items():
        workload = WORKLOADS[key]
        scale = (1000 if workload.unit.startswith("µs") else 1) / workload.operations
        theirs, least = figure(rows, OFFICIAL, "cpu", scale), figure(rows, FLOOR, "cpu", scale)
        line = [f"{workload.title}, {workload.unit}", short(theirs), short(least)]
        for name in OURS:
            spent = figure(rows, name, "cpu", scale)
            line += [short(spent), ratio(spent, theirs, "**{:.3f}**"), ratio(spent, least, "{:.2f}")]
        lines.append(line)
    return markdown(lines)


def wall(data: Tasks) -> str:
    """What passed, in milliseconds, of all of a workload."""
    return by_contender(
        "wall time of all of it, ms",
        {WORKLOADS[key].title: [short(figure(rows, name, "wall")) for name in ORDER] for key, rows in data.items()},
    )


def requests(data: Tasks) -> str:
    """How often the service was spoken to, and how many KB it was sent."""
    found = {}
    for key, rows in data.items():
        cells = [exchanged(rows, name) for name in ORDER]
        if any(count for count, _ in cells):
            found[WORKLOADS[key].title] = [
                NOTHING if count is None else f"{count:.0f}, {short(size)}" for count, size in cells
            ]
    return by_contender("requests, and KB sent", found)


def exchanged(rows: Rows, name: str) -> tuple[float | None, float | None]:
    """How many requests a contender made, and how many KB they had; None if there are no figures."""
    writes, reads = figure(rows, name, "requests"), figure(rows, name, "reads")
    return None if writes is None or reads is None else writes + reads, figure(rows, name, "received", 1 / 1024)


def memory(data: Tasks) -> str:
    """The most memory that a process had, in MB."""
    return by_contender(
        "peak memory, MB",
        {
            WORKLOADS[key].title: [short(figure(data[key], name, "memory")) for name in ORDER]
            for key in MEMORY
            if key in data
        },
    )


def away(data: Tasks) -> str:
    """Cold starts by TLS: CPU time, wall time of start and first invocation, and what connecting ahead saves of it."""
    lines = [["round trip", "", "CPU, ms", "× AWS's SDK", "start, ms", "first invocation, ms"]]
    for distance, rows in data.items():
        theirs = figure(rows, OFFICIAL, "cpu")
        for name in rows:
            contender, comma, way = name.partition(", ")
            spent = figure(rows, name, "cpu")
            lines.append(
                [
                    f"{distance} ms",
                    TITLES[contender] + comma + way,
                    short(spent),
                    ratio(spent, theirs, "{:.3f}"),
                    short(figure(rows, name, "init wall")),
                    short(figure(rows, name, "invoke wall")),
                ]
            )
    saved = [["connecting ahead saves, ms of the first invocation", *(f"at {distance} ms" for distance in data)]]
    for name in OURS:
        pairs = [
            [figure(rows, name + way, "invoke wall") for way in (distances.LATE, distances.SLOW)]
            for rows in data.values()
        ]
        saved.append([TITLES[name], *(difference(late, early) for late, early in pairs)])
    return "\n\n".join((how_many(data), markdown(lines, texts=2), markdown(saved)))


def growth(data: Tasks) -> str:
    """How costs grow, and the checks."""
    return "\n\n".join((how_many(data), by_count(data), by_quarter(data), checks(data)))


def by_count(data: Tasks) -> str:
    """Microseconds for each operation, among few and many."""
    lines = [["CPU time of an operation, µs", "", *(f"of {count:,}" for count in curves.COUNTS)]]
    for kind in curves.KINDS:
        for name in (FLOOR, *OURS):
            spent = [figure(data.get(f"{kind} {count}", {}), name, "cpu", 1000 / count) for count in curves.COUNTS]
            lines.append([kind, TITLES[name], *map(short, spent)])
    return markdown(lines, texts=2)


def by_quarter(data: Tasks) -> str:
    """What replaying a record costs, early and late in a workflow that suspends often."""
    rows = data.get("suspensions", {})
    lines = [["CPU time of replaying a record, µs", *curves.QUARTERS]]
    lines += [[TITLES[name], *(short(figure(rows, name, quarter)) for quarter in curves.QUARTERS)] for name in OURS]
    return markdown(lines)


def checks(data: Tasks) -> str:
    """What may not take longer than it has to."""
    bars = curves.slowest(figure(data.get("no latency", {}), FLOOR, "wall") or 0.0)
    count, milliseconds = curves.BLOCKING
    delayed = f"{curves.DELAYED_STEPS} steps, the service takes {curves.LATENCY} ms for each, ms of wall time"
    blocking = f"{count} steps in a map that block for {milliseconds} ms, ms of wall time"
    lines = [["", TITLES[SYNC], TITLES[ASYNC], "at most"]]
    for title, task, what, bar in (
        (delayed, "latency", "wall", bars["latency"]),
        (blocking, "blocking", "wall", bars["blocking"]),
        (f"threads of a map of {curves.LARGE_MAP:,}", "threads", "threads", curves.MOST_THREADS + curves.OTHER_THREADS),
    ):
        found = [figure(data.get(task, {}), name, what) for name in OURS]
        lines.append([title, *(NOTHING if value is None else f"{value:.0f}" for value in found), f"{bar:.0f}"])
    return markdown(lines)


def place(data: Mapping[str, Any]) -> str:
    """Where it was measured."""
    return f"Measured on {data['system']} with {data['cpus']} CPUs and Python {data['python']}."


def imports(data: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """What is imported until the first step is done, from where, and how long that takes."""
    found = {}
    for source in dict.fromkeys(source for by_source in data.values() for source in by_source):
        each = [data.get(name, {}).get(source) for name in ORDER]
        found[source] = [f"{one[0]:.0f}, {one[1]:.1f}" if one else "" for one in each]
    return by_contender("modules imported by the first step, and ms", found)


def profiles(data: Mapping[str, Mapping[str, Profile]]) -> str:
    """Where the work of some workloads was done before, and is now."""
    return "\n\n".join(
        table
        for title, both in data.items()
        for table in (
            by_module(title, both),
            *(functions(f"{title}, {when}", both[when]) for when in WHEN if when in both),
        )
    )


def by_module(title: str, both: Mapping[str, Profile]) -> str:
    """Instructions by module, before and after."""
    found = {when: instructions(both.get(when, [])) for when in WHEN}
    most = {module: max(each.get(module, 0.0) for each in found.values()) for each in found.values() for module in each}
    shown = sorted(most, key=most.__getitem__, reverse=True)[:TOP]
    lines = [[f"{title}: instructions", *WHEN]]
    lines += [[module, *(short(found[when].get(module)) for when in WHEN)] for module in shown]
    rest = {when: [count for module, count in found[when].items() if module not in shown] for when in WHEN}
    lines.append(["others", *(short(sum(rest[when])) for when in WHEN)])
    lines.append(["all", *(short(sum(found[when].values())) for when in WHEN)])
    return markdown(lines)


def functions(title: str, profile: Profile) -> str:
    """The functions that do most."""
    total = sum(count for *_, count in profile)
    lines = [[title, "", "entered", "instructions", "%"]]
    for module, name, entries, count in profile[:TOP]:
        place = [code(name), code(module)] if name else [module, ""]
        lines.append([*place, short(entries), short(count), f"{100 * count / total:.1f}"])
    rest = sum(count for *_, count in profile[TOP:])
    lines.append([f"{len(profile[TOP:])} others", "", "", short(rest), f"{100 * rest / total:.1f}"])
    lines.append(["all", "", "", short(total), "100"])
    return markdown(lines, texts=2)


def instructions(profile: Profile) -> dict[str, float]:
    """Those of each module."""
    found: dict[str, float] = {}
    for module, _, _, count in profile:
        found[module] = found.get(module, 0.0) + count
    return found


def code(name: str) -> str:
    """A name, whose signs are none of Markdown's."""
    return f"`{name}`"


PARTS: dict[str, Callable[[Any], str]] = {
    "machine": place,
    "workloads": workloads,
    "imports": imports,
    "distances": away,
    "curves": growth,
    "profiles": profiles,
}


# Figures


def figure(rows: Rows, name: str, what: str, scale: float = 1.0) -> float | None:
    """A contender's figure; None if all its runs failed, or it has not run."""
    runs = rows.get(name)
    return median(runs, what) * scale if runs else None


def how_many(data: Tasks) -> str:
    """What the figures below are medians of."""
    cells = [runs for rows in data.values() for runs in rows.values() if runs]
    if not cells:
        return "No figures."
    least, most, count = min(map(len, cells)), max(map(len, cells)), sum(map(len, cells))
    said = f"Medians of {least if least == most else f'{least} to {most}'} runs each, of {count} in all."
    enough = [runs for runs in cells if len(calm(runs)) >= min(ENOUGH, len(runs))]
    if left_out := sum(len(runs) - len(calm(runs)) for runs in enough):
        said += f" Left out: {left_out} that other work disturbed, or during which the CPU ran slower."
    if few := len(cells) - len(enough):
        said += f" {few} of {len(cells)} figures are of disturbed runs, too: there were not {ENOUGH} others."
    return said


# Forms


NOTHING = "-"


def short(number: float | None) -> str:
    """A number with as many digits as say something."""
    if number is None:
        return NOTHING
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"  # noqa: PLR2004


def ratio(spent: float | None, other: float | None, form: str) -> str:
    """How many times the other it is."""
    return NOTHING if spent is None or not other else form.format(spent / other)


def difference(more: float | None, less: float | None) -> str:
    """By how much it is less."""
    return NOTHING if more is None or less is None else short(more - less)


def by_contender(title: str, cells: Mapping[str, Sequence[str]]) -> str:
    """A table with a column for each contender; nothing, if it had no lines."""
    if not cells:
        return ""
    return markdown([[title, *(TITLES[name] for name in ORDER)], *([name, *each] for name, each in cells.items())])


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
