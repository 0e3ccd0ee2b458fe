"""What workflows see of random annotated values, in every operation that records one: live as on replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import GenericAlias
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from perdure import HandlerRefused, Retry, step
from perdure_runtime.values.annotations import converter
from support.hosting import run
from support.value_strategies import shown, types

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import AsyncContext, Context


@dataclass
class Seen:
    """What one value looked like, in each operation and each invocation."""

    annotation: Any
    value: Any
    looks: dict[str, list[str]] = field(default_factory=dict)
    bodies: int = 0

    def look(self, operation: str, value: object) -> None:
        self.looks.setdefault(operation, []).append(shown(value))

    def function(self, make: Callable[..., object]) -> Callable[..., Any]:
        make.__annotations__ = {"return": self.annotation}
        return make


def sync_workflow(seen: Seen) -> Callable[[Any, Context], None]:
    def body() -> object:
        seen.bodies += 1
        return seen.value

    one = step(seen.function(body), retry=Retry.NONE)
    child = seen.function(lambda _: seen.value)
    branch = seen.function(lambda ctx, _: ctx.step(one))
    check = seen.function(lambda _: seen.value)

    def nested(ctx: Context) -> object:
        return ctx.map(branch, [1]).values()[0]

    def workflow(_: Any, ctx: Context) -> None:
        for _again in range(2):
            seen.look("step", ctx.step(one))
            seen.look("child", ctx.run_in_child_context(child))
            seen.look("map", ctx.map(branch, [1, 2], concurrency=1).values()[1])
            seen.look("nested", ctx.parallel([seen.function(nested)]).values()[0])
            seen.look("condition", ctx.wait_for_condition(check, seen.value, until=lambda _: True))
            ctx.wait(5)

    return workflow


def async_workflow(seen: Seen) -> Callable[[Any, AsyncContext], Any]:
    async def body() -> object:
        seen.bodies += 1
        return seen.value

    async def child(_: AsyncContext) -> object:
        return seen.value

    async def branch(ctx: AsyncContext, _: int) -> object:
        return await ctx.step(one)

    async def check(_: object) -> object:
        return seen.value

    async def nested(ctx: AsyncContext) -> object:
        return (await ctx.map(branch, [1])).values()[0]

    one = step(seen.function(body), retry=Retry.NONE)
    for function in (child, branch, check, nested):
        seen.function(function)

    async def workflow(_: Any, ctx: AsyncContext) -> None:
        for _again in range(2):
            seen.look("step", await ctx.step(one))
            seen.look("child", await ctx.run_in_child_context(child))
            seen.look("map", (await ctx.map(branch, [1, 2], concurrency=1)).values()[1])
            seen.look("nested", (await ctx.parallel([nested])).values()[0])
            seen.look("condition", await ctx.wait_for_condition(check, seen.value, until=lambda _: True))
            await ctx.wait(5)

    return workflow


@pytest.mark.slow
@pytest.mark.parametrize("workflow", [sync_workflow, async_workflow], ids=["sync", "async"])
@given(st.data())
@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
def test_every_operation_gives_what_the_body_returned_live_and_on_replay(workflow: Any, data: Any) -> None:
    typed = data.draw(types)
    seen = Seen(typed.annotation, data.draw(typed.values))
    try:
        converter(seen.annotation, owner="f")
    except HandlerRefused:
        reject()
    run(workflow(seen))
    live = {operation: looks[0] for operation, looks in seen.looks.items()}
    assert len({*live.values()}) == 1
    for operation, looks in seen.looks.items():
        # Seen in the first invocation, then on replay and live again, then on replay twice.
        assert looks == [live[operation]] * 5, operation
    assert seen.bodies == 8
    assert live["step"] == shown(seen.value) or "float" in repr(seen.annotation)


# What a workflow does to a value is its own affair


MUTABLE = [
    (list[int], lambda: [1], lambda it: it.append(2)),
    (dict[str, list[int]], lambda: {"a": [1]}, lambda it: it["a"].append(2)),
    (Any, lambda: {"a": [1, (2, [3])]}, lambda it: it["a"][1][1].append(2)),
    (set[int], lambda: {1}, lambda it: it.add(2)),
    (bytearray, lambda: bytearray(b"x"), lambda it: it.extend(b"y")),
    (GenericAlias(list, Seen), lambda: [Seen(1, [2])], lambda it: it[0].value.append(2)),
]


@pytest.mark.parametrize(("annotation", "make", "spoil"), MUTABLE)
def test_value_that_the_workflow_changes_is_not_changed_in_the_record(annotation: Any, make: Any, spoil: Any) -> None:
    returned = make()
    seen: list[tuple[str, str, str]] = []

    def body() -> object:
        return returned

    def branch(_: Context, __: int) -> object:
        return returned

    body.__annotations__ = branch.__annotations__ = {"return": annotation}

    def workflow(_: Any, ctx: Context) -> None:
        first, batch = ctx.step(body), ctx.map(branch, [1])
        (second,) = batch.values()
        seen.append((repr(first), repr(second), repr(returned)))
        spoil(first)
        spoil(second)
        assert repr(returned) == repr(make())
        ctx.wait(5)
        spoil(returned)
        ctx.step("again", body)

    run(workflow)
    assert seen == [(repr(make()),) * 3] * len(seen)
    assert len(seen) == 2
