"""The workflows of suite `callback`, as coroutines; some of the steps are plain functions, which run on a thread."""

from __future__ import annotations

from typing import Any

from parts import Message, Number

from perdure import AsyncContext, CallbackError, CallbackTimeout, durable


@durable
async def awaited(name: str, ctx: AsyncContext) -> str:
    callback = await ctx.create_callback(name=name, result=str)
    return await callback.result()


@durable
async def named_callback(_: None, ctx: AsyncContext) -> str:
    callback = await ctx.create_callback(name="approval", result=str)
    return await callback.result()


@durable
async def timeout(name: str, ctx: AsyncContext) -> str | None:
    callback = await ctx.create_callback(name=name, timeout=5)
    return await callback.result()


@durable
async def heartbeat_timeout(name: str, ctx: AsyncContext) -> str | None:
    callback = await ctx.create_callback(name=name, heartbeat=5)
    return await callback.result()


@durable
async def heartbeat(name: str, ctx: AsyncContext) -> str:
    callback = await ctx.create_callback(name=name, heartbeat=10, result=str)
    return await callback.result()


@durable
async def failure(name: str, ctx: AsyncContext) -> str | None:
    callback = await ctx.create_callback(name=name)
    return await callback.result()


def prepare() -> str:
    return "prepared"


@durable
async def step_before_failure(name: str, ctx: AsyncContext) -> str | None:
    callback = await ctx.create_callback(name=name)
    await ctx.step(prepare)
    return await callback.result()


@durable
async def step_before_timeout(name: str, ctx: AsyncContext) -> str | None:
    callback = await ctx.create_callback(name=name, timeout=5)
    await ctx.step(prepare)
    return await callback.result()


@durable
async def success_while_waiting(name: str, ctx: AsyncContext) -> str:
    callback = await ctx.create_callback(name=name, result=str)
    await ctx.wait(seconds=5)
    return await callback.result()


@durable
async def failure_while_waiting(name: str, ctx: AsyncContext) -> str | None:
    callback = await ctx.create_callback(name=name)
    await ctx.wait(seconds=5)
    return await callback.result()


@durable
async def timeout_while_waiting(name: str, ctx: AsyncContext) -> str | None:
    callback = await ctx.create_callback(name=name, timeout=3)
    await ctx.wait(seconds=6)
    return await callback.result()


@durable
async def replayed_result(name: str, ctx: AsyncContext) -> str:
    callback = await ctx.create_callback(name=name, result=str)
    result = await callback.result()
    await ctx.wait(seconds=2)
    return result


@durable
async def replayed_failure(name: str, ctx: AsyncContext) -> str:
    callback = await ctx.create_callback(name=name)
    message = "not caught"
    try:
        await callback.result()
    except CallbackError as error:
        message = str(error)
    await ctx.wait(seconds=2)
    return message


@durable
async def replayed_timeout(name: str, ctx: AsyncContext) -> str:
    callback = await ctx.create_callback(name=name, timeout=3)
    message = "not caught"
    try:
        await callback.result()
    except CallbackTimeout as error:
        message = str(error)
    await ctx.wait(seconds=2)
    return message


@durable
async def custom_serdes(name: str, ctx: AsyncContext) -> dict[str, Any]:
    callback = await ctx.create_callback(name=name, serdes=Message())
    return {"received": await callback.result()}


@durable
async def custom_serdes_of_a_number(name: str, ctx: AsyncContext) -> dict[str, int]:
    callback = await ctx.create_callback(name=name, serdes=Number())
    count = await callback.result()
    return {"count": count, "doubled": count * 2}


@durable
async def one_after_the_other(names: list[str], ctx: AsyncContext) -> list[str]:
    a = await ctx.create_callback(name=names[0], result=str)
    result_of_a = await a.result()
    b = await ctx.create_callback(name=names[1], result=str)
    return [result_of_a, await b.result()]


@durable
async def both_in_order(names: list[str], ctx: AsyncContext) -> list[str]:
    a = await ctx.create_callback(name=names[0], result=str)
    b = await ctx.create_callback(name=names[1], result=str)
    return [await a.result(), await b.result()]


@durable
async def both_in_reverse(names: list[str], ctx: AsyncContext) -> list[str]:
    a = await ctx.create_callback(name=names[0], result=str)
    b = await ctx.create_callback(name=names[1], result=str)
    result_of_b = await b.result()
    return [await a.result(), result_of_b]
