"""The workflows of suite `wait`, as coroutines."""

from __future__ import annotations

from perdure import AsyncContext, durable


@durable
async def short_wait(_: None, ctx: AsyncContext) -> str:
    await ctx.wait(seconds=2)
    return "waited"


@durable
async def named_wait(_: None, ctx: AsyncContext) -> str:
    await ctx.wait(seconds=2, name="custom_wait_name")
    return "waited"


@durable
async def waits_in_turn(_: None, ctx: AsyncContext) -> dict[str, int]:
    await ctx.wait(seconds=2, name="wait-1")
    await ctx.wait(seconds=2, name="wait-2")
    return {"completedWaits": 2}


@durable
async def minute(_: None, ctx: AsyncContext) -> str:
    await ctx.wait(minutes=1)
    return "waited"


@durable
async def hour(_: None, ctx: AsyncContext) -> str:
    await ctx.wait(hours=1)
    return "waited"
