"""A shape as a handler, in either colour, and what is seen of its run from outside the execution.

The code of a workflow, of a child, of a branch is a generator of no colour: it yields what an operation's call
returned, and is sent what came of it. In the sync colour the two are the same thing.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from perdure import OperationError, Poll, Retry, child, current_step, step
from support import shapes
from support.lazy_values import LazyValues
from support.shapes import PAYLOAD, Nodes

Work = Generator[Any, Any, Any]
LONGEST_SEEN = 2_000
AGES = 90_000_000
"""Seconds that a callback has which is answered."""


class Planned(Exception):
    """A body that fails because its node says so."""


class Renamed(Exception):
    """What a child with an `on_error` fails with."""


FAILURES = (Planned, Renamed, OperationError)


class Seen(NamedTuple):
    """What the code had seen when it asked for an operation."""

    text: str
    """By the code around the operation."""
    lazy_values: frozenset[str]
    """By all code."""


@dataclass
class Watch:
    """What happened, seen from outside the execution: it survives every crash."""

    bodies: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Runs of each body: by the operation's id, and the attempt."""
    once: set[str] = field(default_factory=set)
    """The ids of `once` steps."""
    too_late: list[str] = field(default_factory=list)
    """Code that ran although its outcome was recorded."""
    saw: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """What the code around each body had seen when the body began; no two runs of it may differ in that."""
    lazy_values: LazyValues = field(default_factory=LazyValues)
    is_over: Callable[[str], bool] = lambda _id: False
    """Asks the ledger whether an operation has an outcome that stands for it."""
    is_dead: Callable[[], bool] = lambda: False
    """Asks whether the worker is dead, and what still runs in its place does not run."""
    advance: Callable[[int], None] = lambda _seconds: None
    """Lets the ledger's time pass."""

    def begins(self, line: Seen, *, once: bool = False) -> int:
        """An ordinary body begins; its attempt."""
        info = current_step()
        self.saw[info.id].add(line.text)
        self.lazy_values.begins(f"body of {info.name} {info.id[:6]}", line.lazy_values)
        if once:
            self.once.add(info.id)
        return self.begins_lazily()

    def begins_lazily(self) -> int:
        """Any body begins; its attempt."""
        info = current_step()
        self.bodies[info.id, info.attempt] += 1
        if self.is_over(info.id):
            self.too_late.append(f"body of {info.name} {info.id[:6]}")
        return info.attempt

    def enters(self, ctx: Any) -> None:
        """The code of a context begins."""
        owner = ctx.calls.scope.owner
        if owner is not None and self.is_over(owner.id):
            self.too_late.append(f"code of {owner}")


def workflow(shape: Nodes, watch: Watch) -> Any:
    """The handler for a shape; its result is everything it saw, in order."""
    return Play(watch, sync_code).handler(shape)


def async_workflow(shape: Nodes, watch: Watch) -> Any:
    """The same handler in the other colour."""
    return Play(watch, async_code).handler(shape)


COLOURS = {"sync": workflow, "async": async_workflow}


def sync_code(work: Callable[..., Work]) -> Callable[..., Any]:
    """A plain function made of a generator function."""

    def code(*args: Any) -> Any:
        running, reply = work(*args), None
        while True:
            try:
                reply = running.send(reply)
            except StopIteration as end:
                return end.value

    return code


def async_code(work: Callable[..., Work]) -> Callable[..., Any]:
    """An `async def` made of a generator function."""

    async def code(*args: Any) -> Any:
        running = work(*args)
        reply: Any = None
        error: BaseException | None = None
        while True:
            try:
                asked = running.send(reply) if error is None else running.throw(error)
            except StopIteration as end:
                return end.value
            try:
                reply, error = await asked, None
            except BaseException as raised:  # noqa: BLE001  a suspension, too, passes through the workflow
                reply, error = None, raised

    return code


class Line(NamedTuple):
    """Code of one context."""

    ctx: Any
    seen: list[Any]
    around: tuple[list[Any], ...] = ()
    """What the code around it has seen."""

    def note(self, value: object) -> None:
        self.seen.append(brief(value))

    @property
    def all(self) -> tuple[list[Any], ...]:
        return (*self.around, self.seen)


class Play:
    """Runs shapes in one colour."""

    def __init__(self, watch: Watch, code: Callable[[Callable[..., Work]], Callable[..., Any]]) -> None:
        self.watch = watch
        self.code = code

    def handler(self, shape: Nodes) -> Any:
        def whole(ctx: Any) -> Work:
            self.watch.lazy_values.begin_invocation()
            return (yield from self.context(shape, ctx, ()))

        code = self.code(whole)

        def handler(event: Any, ctx: Any) -> Any:
            return code(ctx)

        async def async_handler(event: Any, ctx: Any) -> Any:
            return await code(ctx)

        return handler if self.code is sync_code else async_handler

    def context(self, nodes: Nodes, ctx: Any, around: tuple[list[Any], ...], *facts: Any, large: bool = False) -> Work:
        """The code of a context: runs the nodes, and ends with everything it saw."""
        self.watch.enters(ctx)
        line = Line(ctx, list(facts), around)
        yield from self.nodes(nodes, line)
        return [*line.seen, "x" * 2 * PAYLOAD] if large else line.seen

    def nodes(self, nodes: Nodes, line: Line) -> Work:
        for node in nodes:
            yield from MOVES[type(node)](self, node, line)

    def inside(self, nodes: Nodes, line: Line, *, large: bool = False) -> Callable[..., Any]:
        """A function of a context for `run_in_child_context` and the like."""
        around = line.all
        return self.code(lambda ctx, *facts: self.context(nodes, ctx, around, *facts, large=large))

    def body(self, node: shapes.Step, line: Line) -> Any:
        watch, seen = self.watch, self.seen(line)

        def plain(*items: Any) -> Any:
            attempt = watch.begins_lazily() if node.lazy else watch.begins(seen, once=node.once)
            watch.advance(node.takes)
            if attempt <= node.failures:
                raise Planned(f"{node.name} attempt {attempt}")
            value = watch.lazy_values.make(node.value) if node.drifts else node.value
            return [*items, value] if items else value

        async def coroutine(*items: Any) -> Any:
            return plain(*items)

        retry = Retry.fixed(attempts=node.attempts, delay=2, interrupted=node.interrupted)
        fn = coroutine if node.coroutine else plain
        return step(fn, name=node.name, retry=retry, once=node.once, lazy=node.lazy)

    def seen(self, line: Line) -> Seen:
        """What an operation rests on that this line asks for now."""
        return Seen(repr(line.all), self.watch.lazy_values.got())

    def asks(self, line: Line) -> Any:
        """The line's context, which is about to be asked for an operation that is no step."""
        self.watch.lazy_values.ask(line.ctx.calls.scope.peek())
        return line.ctx

    # One for each kind of node

    def step(self, node: shapes.Step, line: Line) -> Work:
        value = yield line.ctx.step(self.body(node, line))
        if node.drifts:
            self.watch.lazy_values.get(value)
        line.note(value)

    def wait(self, node: shapes.Wait, line: Line) -> Work:
        yield self.asks(line).wait(node.seconds, name=node.name)
        line.note(f"waited {node.seconds}")

    def try_(self, node: shapes.Try, line: Line) -> Work:
        try:
            yield from self.nodes(node.body, line)
        except FAILURES as error:
            line.note(error)
            yield from self.nodes(node.rescue, line)
        finally:
            if not line.ctx.suspending and not self.watch.is_dead():
                yield from self.nodes(node.finally_, line)

    def repeat(self, node: shapes.Repeat, line: Line) -> Work:
        for _ in range(node.times):
            yield from self.nodes(node.body, line)

    def child(self, node: shapes.Child, line: Line) -> Work:
        on_error = _renamed if node.renames_failures else None
        code = child(self.inside(node.body, line, large=node.large), virtual=node.virtual, on_error=on_error)
        line.note((yield line.ctx.run_in_child_context(node.name, code)))

    def parallel(self, node: shapes.Parallel, line: Line) -> Work:
        codes = [self.branch(branch, line, node) for branch in node.branches]
        branches = {f"branch {index}": code for index, code in enumerate(codes)} if node.named else codes
        line.note(_told((yield line.ctx.parallel(branches, **_policy(node, len(codes)))), strict=node.strict))

    def branch(self, nodes: Nodes | shapes.Step, line: Line, batch: shapes.Parallel | shapes.Map) -> Any:
        if isinstance(nodes, shapes.Step):
            return self.body(nodes, line)
        around, is_large = line.all, batch.large

        def work(ctx: Any, *items: Any) -> Work:
            seen = yield from self.context(nodes, ctx, around, *items, ctx.index, ctx.total)
            return [*seen, "x" * PAYLOAD] if is_large else seen

        code = self.code(work)
        return child(code, virtual=True) if isinstance(batch, shapes.Parallel) and batch.virtual else code

    def map(self, node: shapes.Map, line: Line) -> Work:
        namer = (lambda item, index: f"item {item} at {index}") if node.named else None
        code = self.branch(node.body, line, node)
        policy = _policy(node, len(node.items))
        batch = yield line.ctx.map(code, list(node.items), name="items", namer=namer, **policy)
        line.note(_told(batch, strict=node.strict))

    def together(self, node: shapes.Together, line: Line) -> Work:
        codes = [self.inside(branch, line) for branch in node.branches]
        found = yield getattr(line.ctx, node.how)(*codes, name=node.how)
        line.note([_told_item(item) for item in found] if node.how == "settle" else found)

    def operations(self, node: shapes.Operations, line: Line) -> Work:
        calls = [MOVES[type(one)](self, one, line) for one in node.operations]
        asked = [next(call) for call in calls]
        if node.how == "asyncio.gather":
            found = yield asyncio.gather(*asked, return_exceptions=True)
            line.note([brief(one) for one in found])
        else:
            found = yield getattr(line.ctx, node.how)(*asked, name=node.how)
            line.note([_told_item(item) for item in found] if node.how == "settle" else found)

    def callback(self, node: shapes.Callback, line: Line) -> Work:
        callback = yield self.asks(line).create_callback(name=node.key, result=dict, **_limits(node))
        yield from self.nodes(node.body, line)
        line.note((yield callback.result()))

    def wait_for_callback(self, node: shapes.WaitForCallback, line: Line) -> Work:
        seen = self.seen(line)

        def submit(callback_id: str) -> None:
            attempt = self.watch.begins(seen)
            if attempt <= node.failures:
                raise Planned(f"submit attempt {attempt}")

        retry = Retry.fixed(attempts=2, delay=2)
        options = {"name": node.key, "retry": retry, "result": dict, **_limits(node)}
        line.note((yield self.asks(line).wait_for_callback(submit, **options)))

    def invoke(self, node: shapes.Invoke, line: Line) -> Work:
        line.note((yield self.asks(line).invoke(node.key, {"asked": node.after}, name="invoke", result=dict)))

    def condition(self, node: shapes.Condition, line: Line) -> Work:
        seen = self.seen(line)

        def check(state: int) -> int:
            self.watch.begins(seen)
            if node.how == "raises" and state + 1 >= node.polls:
                raise Planned(f"check {state}")
            return state + 1

        async def async_check(state: int) -> int:
            return check(state)

        if node.how == "judged":
            terms: dict[str, Any] = {"poll": lambda state, _attempt: None if state >= node.polls else 3}
        else:
            attempts = node.polls if node.how == "exhausted" else 10
            goal = node.polls + (node.how == "exhausted")
            terms = {"until": lambda state: state >= goal, "poll": Poll.fixed(delay=3, attempts=attempts)}
        line.note((yield line.ctx.wait_for_condition(async_check if node.coroutine else check, 0, name="it", **terms)))

    def with_retry(self, node: shapes.WithRetry, line: Line) -> Work:
        around = line.all

        def work(ctx: Any, attempt: int) -> Work:
            seen = yield from self.context(node.body, ctx, around, attempt)
            if attempt <= node.failures:
                raise Planned(f"{node.name} attempt {attempt}")
            return seen

        retry = Retry.fixed(attempts=node.attempts, delay=2)
        line.note((yield line.ctx.with_retry(self.code(work), name=node.name, retry=retry)))


MOVES: dict[type, Callable[[Play, Any, Line], Work]] = {
    shapes.Step: Play.step,
    shapes.Wait: Play.wait,
    shapes.Try: Play.try_,
    shapes.Repeat: Play.repeat,
    shapes.Child: Play.child,
    shapes.Parallel: Play.parallel,
    shapes.Map: Play.map,
    shapes.Together: Play.together,
    shapes.Operations: Play.operations,
    shapes.Callback: Play.callback,
    shapes.WaitForCallback: Play.wait_for_callback,
    shapes.Invoke: Play.invoke,
    shapes.Condition: Play.condition,
    shapes.WithRetry: Play.with_retry,
}


def brief(value: object) -> Any:
    """What is kept of a value that was seen: itself, or of a large one enough to tell it from others."""
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {value}"
    text = repr(value)
    return value if len(text) <= LONGEST_SEEN else f"{len(text)} characters, {zlib.crc32(text.encode())}"


def _told(batch: Any, *, strict: bool) -> list[Any]:
    if strict:
        return [brief(value) for value in batch.values()]
    return [batch.name, str(batch.reason), str(batch.status), batch.total, *map(_told_item, batch)]


def _told_item(item: Any) -> list[Any]:
    return [item.index, item.name, str(item.status), brief(item.result), item.error and brief(item.error)]


def _policy(node: shapes.Parallel | shapes.Map, total: int) -> dict[str, Any]:
    completion = node.completion
    if completion.min_successful is not None and total:
        completion = replace(completion, min_successful=min(completion.min_successful, total))
    return {"completion": completion, "concurrency": node.concurrency, "flat": node.flat}


def _limits(node: shapes.Callback | shapes.WaitForCallback) -> dict[str, int]:
    if node.how == "silence":
        return {"heartbeat": 1 + node.after}
    return {"timeout": 1 + node.after if node.how == "timeout" else AGES}


def _renamed(error: Exception) -> Exception:
    return Renamed(f"renamed {type(error).__name__}: {error}")
