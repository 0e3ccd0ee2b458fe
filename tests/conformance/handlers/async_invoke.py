"""The workflows of suite `invoke`, as coroutines; some of the steps are plain functions, which run on a thread."""

from __future__ import annotations

from typing import Any

from parts import CapitalJson, Shout

from perdure import AsyncContext, InvokeError, durable

ECHO = "echo:$LATEST"
MEASURE = "measure:$LATEST"
REFUSE = "refuse:$LATEST"
ALMOST_A_MEBIBYTE = 1_048_000
"""Characters; the service takes 1,048,576 bytes at most."""


@durable
async def echoed(text: str, ctx: AsyncContext) -> str:
    return await ctx.invoke(ECHO, text, result=str)


@durable
async def named_invoke(event: dict[str, str], ctx: AsyncContext) -> str:
    return await ctx.invoke(ECHO, event["payload"], name=event["name"], result=str)


@durable
async def nested_object(event: dict[str, Any], ctx: AsyncContext) -> dict[str, Any]:
    return await ctx.invoke(ECHO, event, result=dict[str, Any])


@durable
async def null_result(event: None, ctx: AsyncContext) -> Any:
    return await ctx.invoke(ECHO, event)


@durable
async def failure(_: None, ctx: AsyncContext) -> None:
    await ctx.invoke(REFUSE)


@durable
async def caught_failure(_: None, ctx: AsyncContext) -> str:
    try:
        await ctx.invoke(REFUSE)
    except InvokeError:
        return "fallback"
    return "not caught"


@durable
async def large_payload(_: None, ctx: AsyncContext) -> int:
    return await ctx.invoke(MEASURE, "x" * ALMOST_A_MEBIBYTE, result=int)


@durable
async def tenant(event: dict[str, str], ctx: AsyncContext) -> str:
    return await ctx.invoke(ECHO, event["payload"], tenant_id=event["tenantId"], result=str)


@durable
async def replayed_result(_: None, ctx: AsyncContext) -> str:
    result = await ctx.invoke(ECHO, "cached", result=str)
    await ctx.wait(seconds=1)
    return result


@durable
async def replayed_failure(_: None, ctx: AsyncContext) -> str:
    try:
        await ctx.invoke(REFUSE)
    except InvokeError:
        await ctx.wait(seconds=1)
        return "caught"
    return "not caught"


def produce() -> str:
    return "produced"


@durable
async def step_then_invoke(_: None, ctx: AsyncContext) -> str:
    produced = await ctx.step(produce)
    return await ctx.invoke(ECHO, produced, result=str)


async def go_on(text: str) -> str:
    return f"{text}, and went on"


@durable
async def invoke_then_step(_: None, ctx: AsyncContext) -> str:
    echo = await ctx.invoke(ECHO, "came back", result=str)
    return await ctx.step(go_on, echo)


async def invoke_echo(ctx: AsyncContext) -> str:
    return await ctx.invoke(ECHO, "from a child", result=str)


@durable
async def invoke_in_a_child(_: None, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(invoke_echo)


@durable
async def two_invokes(_: None, ctx: AsyncContext) -> int:
    text = await ctx.invoke(ECHO, "first", result=str)
    return await ctx.invoke(MEASURE, text, result=int)


@durable
async def custom_payload_serdes(event: dict[str, str], ctx: AsyncContext) -> dict[str, str]:
    return await ctx.invoke(ECHO, event, payload_serdes=CapitalJson(), result=dict[str, str])


@durable
async def custom_result_serdes(text: str, ctx: AsyncContext) -> str:
    return await ctx.invoke(ECHO, text, result_serdes=Shout())
