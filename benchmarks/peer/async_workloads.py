"""The workloads as async functions; steps that block are plain ones, and run on the pool."""

import time
from typing import Any

from payloads import records

from perdure import AsyncContext, durable


async def same(value: int) -> int:
    return value


async def one() -> int:
    return 1


async def large(kilobytes: int) -> list[dict[str, object]]:
    return records(kilobytes)


async def noop(event: dict[str, Any], ctx: AsyncContext) -> Any:
    return {"ok": True}


async def steps(event: dict[str, Any], ctx: AsyncContext) -> Any:
    total = 0
    for number in range(event["n"]):
        total += await ctx.step("s", same, number)
    return total


async def lazy(event: dict[str, Any], ctx: AsyncContext) -> Any:
    from perdure import step  # not above: the other workloads would pay for it, at a cold start

    cheap = step(name="s", lazy=True)(same)
    total = 0
    for number in range(event["n"]):
        total += await ctx.step(cheap, number)
    return total + await ctx.step("s", one)


async def log(event: dict[str, Any], ctx: AsyncContext) -> Any:
    ctx.logger.warning("hello")
    return await steps(event, ctx)


async def replay(event: dict[str, Any], ctx: AsyncContext) -> Any:
    total = await steps(event, ctx)
    await ctx.wait(seconds=event["wait"], name="w")
    return total + await ctx.step("s", one)


async def suspend(event: dict[str, Any], ctx: AsyncContext) -> Any:
    total = 0
    for _ in range(event["n"]):
        await ctx.wait(seconds=event["wait"], name="w")
        total += await ctx.step("s", one)
    return total


async def parallel(event: dict[str, Any], ctx: AsyncContext) -> Any:
    def branch(number: int) -> Any:
        return lambda child: child.step("s", same, number)

    return sum((await ctx.parallel([branch(number) for number in range(event["n"])], name="p")).values())


async def item(ctx: AsyncContext, number: int) -> int:
    return await ctx.step("s", same, number)


async def map_(event: dict[str, Any], ctx: AsyncContext) -> Any:
    return sum((await ctx.map(item, range(event["n"]), name="m", concurrency=event.get("c"))).values())


async def map_wait(event: dict[str, Any], ctx: AsyncContext) -> Any:
    pause = event["wait"]

    async def waiting(child: AsyncContext, number: int) -> int:
        await child.wait(seconds=pause, name="w")
        return await child.step("s", same, number)

    return sum((await ctx.map(waiting, range(event["n"]), name="m", concurrency=event.get("c"))).values())


def sleep(milliseconds: int, value: int) -> int:
    time.sleep(milliseconds / 1000)
    return value


async def block(event: dict[str, Any], ctx: AsyncContext) -> Any:
    pause = event["ms"]

    async def blocking(child: AsyncContext, number: int) -> int:
        return await child.step("s", sleep, pause, number)

    return sum((await ctx.map(blocking, range(event["n"]), name="m", concurrency=event.get("c"))).values())


async def payload(event: dict[str, Any], ctx: AsyncContext) -> Any:
    total = 0
    for _ in range(event["n"]):
        total += len(await ctx.step("s", large, event["kb"]))
    return total


async def level(ctx: AsyncContext, depth: int) -> int:
    if depth == 0:
        return await ctx.step("s", one)
    return 1 + await ctx.run_in_child_context("c", level, depth - 1)


async def nested(event: dict[str, Any], ctx: AsyncContext) -> Any:
    return await level(ctx, event["depth"])


WORKLOADS = {
    "noop": noop,
    "steps": steps,
    "lazy": lazy,
    "log": log,
    "replay": replay,
    "parallel": parallel,
    "map": map_,
    "map_wait": map_wait,
    "payload": payload,
    "nested": nested,
    "suspend": suspend,
    "block": block,
}


@durable
async def handler(event: dict[str, Any], ctx: AsyncContext) -> Any:
    return await WORKLOADS[event["w"]](event, ctx)
