"""The workflows of suite `wait_for_callback`, as coroutines."""

from __future__ import annotations

from perdure import AsyncContext, CallbackError, CallbackTimeout, Retry, durable


async def submit(callback_id: str) -> None:
    """Leave it to the one who looks for callbacks in the history."""


@durable
async def submitted(name: str, ctx: AsyncContext) -> str:
    return await ctx.wait_for_callback(submit, name=name, result=str)


@durable
async def named_callback(_: None, ctx: AsyncContext) -> str:
    return await ctx.wait_for_callback(submit, name="approval", result=str)


@durable
async def unnamed_callback(_: None, ctx: AsyncContext) -> str:
    return await ctx.wait_for_callback(lambda _: None, result=str)


@durable
async def failure(name: str, ctx: AsyncContext) -> str | None:
    return await ctx.wait_for_callback(submit, name=name)


@durable
async def timeout(name: str, ctx: AsyncContext) -> str | None:
    return await ctx.wait_for_callback(submit, name=name, timeout=3)


@durable
async def caught_failure(name: str, ctx: AsyncContext) -> str | None:
    try:
        return await ctx.wait_for_callback(submit, name=name)
    except CallbackError:
        return "recovered"


async def fail_to_submit(callback_id: str) -> None:
    raise ConnectionError(f"nobody takes {callback_id}")


@durable
async def submitter_exhausted(name: str, ctx: AsyncContext) -> str | None:
    return await ctx.wait_for_callback(fail_to_submit, name=name, retry=Retry.fixed(attempts=2, delay=1))


async def wait_inside(ctx: AsyncContext, name: str) -> str:
    return await ctx.wait_for_callback(submit, name=name, result=str)


@durable
async def callback_in_a_child(name: str, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context("wrapper", wait_inside, name)


@durable
async def one_after_the_other(_: None, ctx: AsyncContext) -> str:
    await ctx.wait_for_callback(submit, name="first", result=str)
    return await ctx.wait_for_callback(submit, name="second", result=str)


async def prepare() -> str:
    return "prepared"


@durable
async def wait_and_step_before(name: str, ctx: AsyncContext) -> str:
    await ctx.wait(seconds=1)
    await ctx.step(prepare)
    return await ctx.wait_for_callback(submit, name=name, result=str)


@durable
async def structured_result(name: str, ctx: AsyncContext) -> str:
    answer = await ctx.wait_for_callback(submit, name=name, result=dict[str, str])
    return answer["status"]


@durable
async def heartbeat_timeout(name: str, ctx: AsyncContext) -> str | None:
    return await ctx.wait_for_callback(submit, name=name, heartbeat=5)


@durable
async def heartbeat(name: str, ctx: AsyncContext) -> str:
    return await ctx.wait_for_callback(submit, name=name, heartbeat=10, result=str)


@durable
async def caught_timeout(name: str, ctx: AsyncContext) -> str | None:
    try:
        return await ctx.wait_for_callback(submit, name=name, timeout=3)
    except CallbackTimeout:
        return "timed-out-handled"


@durable
async def null_result(name: str, ctx: AsyncContext) -> str | None:
    return await ctx.wait_for_callback(submit, name=name)
