"""The workflows of suite `map`, as coroutines."""

from __future__ import annotations

from typing import Any

from parts import Joined, Prefix, facts

from perdure import AsyncContext, Completion, durable, step


async def greet(name: str) -> str:
    return f"Hello, {name}!"


async def greet_in_a_step(ctx: AsyncContext, name: str) -> str:
    return await ctx.step(greet, name)


@durable
async def greetings(names: list[str], ctx: AsyncContext) -> list[str]:
    batch = await ctx.map(greet_in_a_step, names, name="map", concurrency=1)
    return batch.values()


async def double(_: AsyncContext, number: int) -> int:
    return number * 2


@durable
async def unnamed_map(numbers: list[int], ctx: AsyncContext) -> list[int]:
    batch = await ctx.map(double, numbers, concurrency=1)
    return batch.values()


async def add_index(ctx: AsyncContext, number: int) -> int:
    return number + ctx.index


@durable
async def item_and_index(numbers: list[int], ctx: AsyncContext) -> list[int]:
    batch = await ctx.map(add_index, numbers, name="indexed", concurrency=1)
    return batch.values()


@durable
async def no_items(numbers: list[int], ctx: AsyncContext) -> list[int]:
    batch = await ctx.map(double, numbers, name="empty")
    return batch.values()


async def succeed_or_fail(_: AsyncContext, item: str) -> str:
    if item == "fail":
        raise RuntimeError("this item always fails")
    return item


@durable
async def first_failure_stops(_: None, ctx: AsyncContext) -> dict[str, Any]:
    fail_fast = Completion(tolerated_failures=0)
    items = ["ok", "fail", "ok"]
    batch = await ctx.map(succeed_or_fail, items, name="failfast", concurrency=1, completion=fail_fast)
    return facts(batch)


@durable
async def raised_failure(_: None, ctx: AsyncContext) -> None:
    fail_fast = Completion(tolerated_failures=0)
    batch = await ctx.map(succeed_or_fail, ["fail", "ok"], name="throwing", concurrency=1, completion=fail_fast)
    batch.raise_for_failure()


@durable
async def enough_successes(_: None, ctx: AsyncContext) -> dict[str, Any]:
    two_of_them = Completion(min_successful=2)
    batch = await ctx.map(succeed_or_fail, ["ok"] * 4, name="min-successful", concurrency=1, completion=two_of_them)
    return facts(batch, "status", "failureCount")


@durable
async def tolerated_failure(_: None, ctx: AsyncContext) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    items = ["ok", "fail", "ok"]
    batch = await ctx.map(succeed_or_fail, items, name="tolerated", concurrency=1, completion=tolerant)
    return facts(batch)


@durable
async def too_many_failures(_: None, ctx: AsyncContext) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    items = ["fail", "fail", "ok"]
    batch = await ctx.map(succeed_or_fail, items, name="tolerated-exceeded", concurrency=1, completion=tolerant)
    return facts(batch, "status")


@durable
async def too_large_a_share_of_failures(_: None, ctx: AsyncContext) -> dict[str, Any]:
    a_quarter = Completion(tolerated_percentage=25)
    items = ["fail", "fail", "ok", "ok"]
    batch = await ctx.map(succeed_or_fail, items, name="tolerated-pct", concurrency=1, completion=a_quarter)
    return facts(batch, "status")


async def name_index(ctx: AsyncContext, _: str) -> str:
    return f"r{ctx.index}"


@durable
async def concurrent_items(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.map(name_index, ["a", "b", "c"], name="concurrent", concurrency=2)
    return batch.values()


@step
async def repeat(item: str) -> str:
    return item


@durable
async def flat(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.map(repeat, ["fa", "fb"], name="flat", concurrency=1, flat=True)
    return batch.values()


async def multiply(_: AsyncContext, number: int) -> int:
    return number * 10


def name_of(number: int, _: int) -> str:
    return f"item-{number}"


@durable
async def named_items(numbers: list[int], ctx: AsyncContext) -> list[int]:
    batch = await ctx.map(multiply, numbers, name="named-items", concurrency=1, namer=name_of)
    return batch.values()


async def capitalize(_: AsyncContext, item: str) -> str:
    return item.upper()


@durable
async def custom_item_serdes(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.map(capitalize, ["x", "y"], name="serdes", concurrency=1, item_serdes=Prefix())
    return batch.values()


async def wait_if_second(ctx: AsyncContext, item: str) -> str:
    if ctx.index == 1:
        await ctx.wait(seconds=1)
    return await ctx.step(repeat, item)


@durable
async def wait_in_an_iteration(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.map(wait_if_second, ["r0", "r1"], name="suspend", concurrency=1)
    return batch.values()


async def enlarge(_: AsyncContext, letter: str) -> str:
    return letter * 70_000


@durable
async def large_result(_: None, ctx: AsyncContext) -> dict[str, int]:
    batch = await ctx.map(enlarge, ["a", "b", "c", "d"], name="large", concurrency=1)
    return {"successCount": batch.success_count, "totalCount": len(batch)}


@durable
async def replayed_result(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.map(capitalize, ["a", "b"], name="then-wait", concurrency=1)
    await ctx.wait(seconds=1)
    return batch.values()


@durable
async def replayed_failure(_: None, ctx: AsyncContext) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    batch = await ctx.map(succeed_or_fail, ["ok", "fail"], name="fail-then-wait", concurrency=1, completion=tolerant)
    await ctx.wait(seconds=1)
    return facts(batch)


@durable
async def custom_serdes(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.map(capitalize, ["x", "y"], name="op-serde", concurrency=1, serdes=Joined())
    return batch.values()


@durable
async def replayed_custom_serdes(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.map(capitalize, ["x", "y"], name="op-serde-replay", concurrency=1, serdes=Joined())
    await ctx.wait(seconds=1)
    return batch.values()
