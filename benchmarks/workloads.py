"""The workloads: the event of one execution, what has to come of it, and how it is counted.

The handlers of all contenders answer the same events (`peer/`):

    noop      return {"ok": true}
    steps     n steps, one after another; step i returns i; the sum
    lazy      n lazy steps, the i-th of which returns i, and an ordinary one that returns 1; the sum
    log       one line, a warning, written by the contender's own logger; then as steps
    replay    n steps, a wait, one step that returns 1; the sum
    parallel  n branches with one step each that returns the branch's number; the sum
    map       n items with one step each that returns the item, `c` at a time if there is a c; the sum
    map_wait  as map, with a wait before the step
    payload   n steps that return the same list of records, `kb` KB as JSON; the number of records in all
    nested    child contexts, `depth` of them each in the one before, and a step within that returns 1; each adds 1
    suspend   n times a wait and a step that returns 1; the sum
    block     as map, with steps that sleep `ms` milliseconds
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = ["WARM_UP", "WORKLOADS", "Workload", "blocking", "lazy", "replayed", "steps", "suspending"]

HOUR = 3600
"""How long the workloads' waits last, which the service lets be over at once."""


class Workload(NamedTuple):
    """One row of the table."""

    title: str
    event: dict[str, Any]
    result: object
    moves: Mapping[str, int] = MappingProxyType({})
    """Updates that have to be among those recorded: so many of each."""
    operations: int = 1
    """What the figures are divided by."""
    unit: str = "ms"
    is_cold: bool = False
    """Whether it is the first thing a process does, with its start counted."""
    is_replay: bool = False
    """Whether the last invocation counts alone."""
    inline: int | None = None
    page: int = 1000


def total(count: int) -> int:
    """The sum of the numbers below this one."""
    return count * (count - 1) // 2


def steps(count: int) -> Workload:
    """So many steps, live."""
    event = {"w": "steps", "n": count}
    return Workload(f"{count:,} steps", event, total(count), {"STEP.SUCCEED": count}, count, "µs a step")


def replayed(count: int, inline: int | None = None, page: int = 1000) -> Workload:
    """So many steps, replayed, with one more that is live."""
    return Workload(
        f"{count:,} steps replayed" + (", in pages" if inline else ""),
        {"w": "replay", "n": count, "wait": HOUR},
        total(count) + 1,
        {"STEP.SUCCEED": count + 1, "WAIT.START": 1},
        count,
        "µs a step",
        is_replay=True,
        inline=inline,
        page=page,
    )


def mapped(count: int, title: str, at_a_time: int | None = None, *, waits: bool = False) -> Workload:
    """A map with a step for each item, and a wait before it."""
    event: dict[str, Any] = {"w": "map_wait" if waits else "map", "n": count}
    event |= {"wait": HOUR} if waits else {}
    event |= {"c": at_a_time} if at_a_time else {}
    moves = {"STEP.SUCCEED": count} | ({"WAIT.START": count} if waits else {})
    return Workload(title, event, total(count), moves, count, "µs an item")


def suspending(count: int) -> Workload:
    """A workflow that suspends so many times."""
    event = {"w": "suspend", "n": count, "wait": HOUR}
    return Workload(f"{count} suspensions", event, count, {"STEP.SUCCEED": count, "WAIT.START": count}, count)


def lazy(count: int) -> Workload:
    """So many lazy steps, and an ordinary one."""
    event = {"w": "lazy", "n": count}
    return Workload(
        f"{count:,} lazy steps, and one", event, total(count) + 1, {"STEP.SUCCEED": count + 1}, count + 1, "µs a step"
    )


def blocking(count: int, milliseconds: int) -> Workload:
    """A map whose steps block."""
    event = {"w": "block", "n": count, "ms": milliseconds}
    return Workload(f"{count} steps of {milliseconds} ms", event, total(count), {"STEP.SUCCEED": count}, count)


def single(title: str, name: str) -> Workload:
    """One step, by a process that has done nothing before."""
    return Workload(title, {"w": name, "n": 1}, 0, {"STEP.SUCCEED": 1}, is_cold=True)


WARM_UP = Workload("warm-up", {"w": "steps", "n": 1}, 0)
"""The first execution of a process that is not measured cold: it pays for clients and late imports."""

WORKLOADS: dict[str, Workload] = {
    "noop": Workload("nothing, cold", {"w": "noop"}, {"ok": True}, is_cold=True),
    "cold_step": single("one step, cold", "steps"),
    "cold_step_log": single("one step and one logged line, cold", "log"),
    "warm_noop": Workload("nothing, warm", {"w": "noop"}, {"ok": True}),
    "steps_1000": steps(1000),
    "lazy_1000": lazy(1000),
    "replay_1000": replayed(1000),
    "replay_1000_paged": replayed(1000, inline=100, page=250),
    "parallel_50": Workload(
        "parallel of 50", {"w": "parallel", "n": 50}, total(50), {"STEP.SUCCEED": 50}, 50, "µs a branch"
    ),
    "map_1000_c50": mapped(1000, "map of 1,000, 50 at a time", 50),
    "map_1000": mapped(1000, "map of 1,000"),
    "map_1000_wait": mapped(1000, "map of 1,000 with a wait each", waits=True),
    "map_1000_wait_c50": mapped(1000, "map of 1,000 with a wait each, 50 at a time", 50, waits=True),
    "payload_200k": Workload(
        "20 steps of 200 KB each", {"w": "payload", "n": 20, "kb": 200}, 20_000, {"STEP.SUCCEED": 20}, 20, "ms a step"
    ),
    "nested_50": Workload(
        "contexts nested 50 deep", {"w": "nested", "depth": 50}, 51, {"STEP.SUCCEED": 1}, 50, "µs a level"
    ),
}
