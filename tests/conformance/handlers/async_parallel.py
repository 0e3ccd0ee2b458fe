"""The workflows of suite `parallel`, as coroutines."""

from __future__ import annotations

from typing import Any

from parts import Envelope, facts

from perdure import AsyncContext, Batch, Completion, durable


async def say(text: str) -> str:
    return text


async def first_task(ctx: AsyncContext) -> str:
    return await ctx.step(say, "task-1")


async def second_task(ctx: AsyncContext) -> str:
    return await ctx.step(say, "task-2")


@durable
async def two_branches(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel([first_task, second_task], name="parallel", concurrency=1)
    return batch.values()


async def alpha(_: AsyncContext) -> str:
    return "alpha"


async def beta(_: AsyncContext) -> str:
    return "beta"


@durable
async def unnamed_parallel(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel([alpha, beta], concurrency=1)
    return batch.values()


async def one(_: AsyncContext) -> str:
    return "one"


async def two(_: AsyncContext) -> str:
    return "two"


@durable
async def named_branches(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel({"first": one, "second": two}, name="named", concurrency=1)
    return batch.values()


async def text(_: AsyncContext) -> Any:
    return "hello"


async def number(_: AsyncContext) -> Any:
    return 42


async def structure(_: AsyncContext) -> Any:
    return {"k": "v"}


@durable
async def different_results(_: None, ctx: AsyncContext) -> list[Any]:
    batch = await ctx.parallel([text, number, structure], name="hetero", concurrency=1)
    return batch.values()


@durable
async def no_branches(_: None, ctx: AsyncContext) -> list[Any]:
    batch: Batch[Any] = await ctx.parallel([], name="empty")
    return batch.values()


async def succeed(_: AsyncContext) -> str:
    return "ok"


async def fail(_: AsyncContext) -> str:
    raise RuntimeError("this branch always fails")


@durable
async def first_failure_stops(_: None, ctx: AsyncContext) -> dict[str, Any]:
    fail_fast = Completion(tolerated_failures=0)
    batch = await ctx.parallel([succeed, fail, succeed], name="failfast", concurrency=1, completion=fail_fast)
    return facts(batch)


@durable
async def raised_failure(_: None, ctx: AsyncContext) -> None:
    fail_fast = Completion(tolerated_failures=0)
    batch = await ctx.parallel([fail, succeed], name="throwing", concurrency=1, completion=fail_fast)
    batch.raise_for_failure()


@durable
async def enough_successes(_: None, ctx: AsyncContext) -> dict[str, Any]:
    two_of_them = Completion(min_successful=2)
    batch = await ctx.parallel([succeed] * 4, name="min-successful", concurrency=1, completion=two_of_them)
    return facts(batch, "status", "failureCount")


@durable
async def tolerated_failure(_: None, ctx: AsyncContext) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    batch = await ctx.parallel([succeed, fail, succeed], name="tolerated", concurrency=1, completion=tolerant)
    return facts(batch)


@durable
async def too_many_failures(_: None, ctx: AsyncContext) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    batch = await ctx.parallel([fail, fail, succeed], name="tolerated-exceeded", concurrency=1, completion=tolerant)
    return facts(batch, "status")


async def r0(_: AsyncContext) -> str:
    return "r0"


async def r1(_: AsyncContext) -> str:
    return "r1"


async def r2(_: AsyncContext) -> str:
    return "r2"


@durable
async def concurrent_branches(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel([r0, r1, r2], name="concurrent", concurrency=2)
    return batch.values()


async def first_flat_task(ctx: AsyncContext) -> str:
    return await ctx.step(say, "fa")


async def second_flat_task(ctx: AsyncContext) -> str:
    return await ctx.step(say, "fb")


@durable
async def flat(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel([first_flat_task, second_flat_task], name="flat", concurrency=1, flat=True)
    return batch.values()


@durable
async def too_large_a_share_of_failures(_: None, ctx: AsyncContext) -> dict[str, Any]:
    quarter = Completion(tolerated_percentage=25)
    batch = await ctx.parallel([fail, fail, succeed, succeed], name="tolerated-pct", concurrency=1, completion=quarter)
    return facts(batch, "status")


async def step_branch(ctx: AsyncContext) -> str:
    return await ctx.step(say, "b0")


async def wait_branch(ctx: AsyncContext) -> str:
    await ctx.wait(seconds=2)
    return "b1"


@durable
async def wait_in_a_branch(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel([step_branch, wait_branch], name="replay", concurrency=1)
    return batch.values()


async def x(_: AsyncContext) -> str:
    return "x"


async def y(_: AsyncContext) -> str:
    return "y"


@durable
async def custom_item_serdes(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel([x, y], name="serde", concurrency=1, item_serdes=Envelope())
    return batch.values()


@durable
async def all_fail(_: None, ctx: AsyncContext) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=3)
    batch = await ctx.parallel([fail, fail, fail], name="all-fail", concurrency=1, completion=tolerant)
    return facts(batch)


@durable
async def too_few_successes(_: None, ctx: AsyncContext) -> dict[str, Any]:
    three = Completion(min_successful=3)
    batch = await ctx.parallel([succeed, fail, succeed], name="min-not-reached", concurrency=1, completion=three)
    return facts(batch)


@durable
async def combined_conditions(_: None, ctx: AsyncContext) -> dict[str, Any]:
    combined = Completion(min_successful=3, tolerated_failures=1)
    batch = await ctx.parallel([fail, fail, succeed, succeed], name="combined", concurrency=1, completion=combined)
    return facts(batch, "status")


@durable
async def invalid_concurrency(_: None, ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel([x, y], name="bad-concurrency", concurrency=0)
    return batch.values()


@durable
async def accessors(_: None, ctx: AsyncContext) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    batch = await ctx.parallel([succeed, fail, succeed], name="accessors", concurrency=1, completion=tolerant)
    return {
        "hasFailure": batch.has_failure,
        "successCount": len(batch.succeeded),
        "failureCount": len(batch.failed),
        "errorCount": len(batch.errors()),
    }


async def first_inner_task(ctx: AsyncContext) -> str:
    return await ctx.step(say, "i1")


async def second_inner_task(ctx: AsyncContext) -> str:
    return await ctx.step(say, "i2")


async def inner(ctx: AsyncContext) -> list[str]:
    batch = await ctx.parallel([first_inner_task, second_inner_task], name="inner", concurrency=1)
    return batch.values()


@durable
async def nested_parallel(_: None, ctx: AsyncContext) -> list[list[str]]:
    batch = await ctx.parallel([inner], name="outer", concurrency=1)
    return batch.values()


@durable
async def tolerated_share_of_failures(_: None, ctx: AsyncContext) -> dict[str, Any]:
    quarter = Completion(tolerated_percentage=25)
    branches = [fail, succeed, succeed, succeed]
    batch = await ctx.parallel(branches, name="pct-boundary", concurrency=1, completion=quarter)
    return facts(batch)
