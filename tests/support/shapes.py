"""Random workflows, as data: drawn by Hypothesis, run as a handler, watched from outside.

A shape is a tree of nodes. Running one calls durable operations in the order of the tree; what the bodies do is fixed
by the node and the attempt alone, so a run without crashes tells what any run must come to.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from perdure import Retry, current_step, step


class Planned(Exception):
    """A body that fails because its node says so."""


@dataclass(frozen=True)
class Step:
    name: str
    value: Any
    failures: int = 0
    """Attempts that fail before one succeeds."""
    attempts: int = 3
    once: bool = False
    interrupted: bool = False


@dataclass(frozen=True)
class Wait:
    seconds: int
    name: str | None = None


@dataclass(frozen=True)
class Try:
    """Runs `body`; where it fails, runs `rescue` instead."""

    body: tuple[Node, ...]
    rescue: tuple[Node, ...]
    finally_: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Repeat:
    times: int
    body: tuple[Node, ...]


Node = Step | Wait | Try | Repeat


@dataclass
class Watch:
    """What happened, seen from outside the execution: it survives every crash."""

    bodies: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Runs of each body: by the operation's id, and the attempt."""
    after_success: list[str] = field(default_factory=list)
    """Bodies that ran although their success was recorded."""
    is_recorded: Any = None
    """Asks the ledger whether an operation has succeeded."""


def workflow(shape: tuple[Node, ...], watch: Watch) -> Any:
    """The handler for a shape; its result is everything it saw, in order."""

    def handler(event: Any, ctx: Any) -> list[Any]:
        seen: list[Any] = []
        _run(shape, ctx, seen, watch)
        return seen

    return handler


def async_workflow(shape: tuple[Node, ...], watch: Watch) -> Any:
    """The same handler in the other colour; some of its bodies are async, some run on threads."""

    async def handler(event: Any, ctx: Any) -> list[Any]:
        seen: list[Any] = []
        await _arun(shape, ctx, seen, watch)
        return seen

    return handler


async def _arun(nodes: tuple[Node, ...], ctx: Any, seen: list[Any], watch: Watch) -> None:
    for node in nodes:
        match node:
            case Step():
                body = planned(node, watch)
                seen.append(await ctx.step(body if len(node.name) > 1 else as_async(body)))
            case Wait(seconds, name):
                await ctx.wait(seconds, name=name)
                seen.append(f"waited {seconds}")
            case Try(body, rescue, finally_):
                try:
                    await _arun(body, ctx, seen, watch)
                except Planned as error:
                    seen.append(f"caught {error}")
                    await _arun(rescue, ctx, seen, watch)
                finally:
                    if not ctx.suspending:
                        await _arun(finally_, ctx, seen, watch)
            case Repeat(times, body):
                for _ in range(times):
                    await _arun(body, ctx, seen, watch)


def as_async(plain: Any) -> Any:
    async def body() -> Any:
        return plain.function()

    settings = plain.settings
    return step(body, name=settings.name, retry=settings.retry, once=settings.once)


def _run(nodes: tuple[Node, ...], ctx: Any, seen: list[Any], watch: Watch) -> None:
    for node in nodes:
        match node:
            case Step():
                seen.append(ctx.step(planned(node, watch)))
            case Wait(seconds, name):
                ctx.wait(seconds, name=name)
                seen.append(f"waited {seconds}")
            case Try(body, rescue, finally_):
                try:
                    _run(body, ctx, seen, watch)
                except Planned as error:
                    seen.append(f"caught {error}")
                    _run(rescue, ctx, seen, watch)
                finally:
                    if not ctx.suspending:
                        _run(finally_, ctx, seen, watch)
            case Repeat(times, body):
                for _ in range(times):
                    _run(body, ctx, seen, watch)


def planned(node: Step, watch: Watch) -> Any:
    def body() -> Any:
        info = current_step()
        watch.bodies[info.id, info.attempt] += 1
        if watch.is_recorded is not None and watch.is_recorded(info.id):
            watch.after_success.append(info.id)
        if info.attempt <= node.failures:
            raise Planned(f"{node.name} attempt {info.attempt}")
        return node.value

    retry = Retry.fixed(attempts=node.attempts, delay=2, interrupted=node.interrupted)
    return step(body, name=node.name, retry=retry, once=node.once)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**70), st.text(max_size=5), st.lists(st.integers(0, 3), max_size=3)
)
NAMES = st.sampled_from(["a", "b", "reserve", "pay"])
STEPS = st.builds(Step, NAMES, VALUES, st.integers(0, 3), st.integers(1, 3))
# With `interrupted` and attempts to spare, a crash delays a once step and never fails it.
ONCE_STEPS = st.builds(
    Step,
    NAMES,
    VALUES,
    failures=st.just(0),
    attempts=st.just(40),
    once=st.just(value=True),
    interrupted=st.just(value=True),
)
WAITS = st.builds(Wait, st.integers(1, 100), st.none() | NAMES)
LEAVES = st.one_of(STEPS, STEPS, ONCE_STEPS, WAITS)


def _branches(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    bodies = st.lists(children, max_size=3).map(tuple)
    return st.one_of(st.builds(Try, bodies, bodies, bodies), st.builds(Repeat, st.integers(0, 3), bodies))


SHAPES = st.lists(st.recursive(LEAVES, _branches, max_leaves=8), max_size=5).map(tuple)
