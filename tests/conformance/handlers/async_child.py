"""The workflows of suite `child`, as coroutines; some of the steps are plain functions, which run on a thread."""

from __future__ import annotations

from parts import Uppercase, crash_the_first_time, fail_until

from perdure import AsyncContext, Retry, child, durable, step


async def repeat(text: str) -> str:
    return text


async def repeat_in_a_step(ctx: AsyncContext, text: str) -> str:
    return await ctx.step(repeat, text)


@durable
async def one_step(text: str, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(repeat_in_a_step, text)


@durable
async def named_child(event: dict[str, str], ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(event["name"], repeat_in_a_step, event["value"])


async def repeat_twice(ctx: AsyncContext, text: str) -> str:
    first = await ctx.step(repeat, text)
    return await ctx.step(repeat, first)


@durable
async def two_steps(text: str, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(repeat_twice, text)


@step(retry=Retry.NONE)
async def fail() -> None:
    raise RuntimeError("this step always fails")


async def fail_in_a_step(ctx: AsyncContext) -> None:
    await ctx.step(fail)


@durable
async def failed_child(_: None, ctx: AsyncContext) -> None:
    await ctx.run_in_child_context(fail_in_a_step)


@durable
async def caught_failure(text: str, ctx: AsyncContext) -> str:
    try:
        await ctx.run_in_child_context(fail_in_a_step)
    except RuntimeError:
        return await ctx.step(repeat, text)
    return "not caught"


async def inner(ctx: AsyncContext, text: str) -> str:
    return await ctx.step(repeat, text)


async def outer(ctx: AsyncContext, text: str) -> str:
    first = await ctx.step(repeat, text)
    return await ctx.run_in_child_context(inner, first)


@durable
async def nested_children(text: str, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(outer, text)


@step(retry=Retry.fixed(attempts=2, delay=1))
async def succeed_second(text: str) -> str:
    fail_until(attempt=2)
    return text


async def succeed_second_in_a_step(ctx: AsyncContext, text: str) -> str:
    return await ctx.step(succeed_second, text)


@durable
async def second_attempt(text: str, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(succeed_second_in_a_step, text)


@step(retry=Retry.fixed(attempts=2, delay=1))
async def fail_twice() -> None:
    fail_until(attempt=3)


async def fail_twice_in_a_step(ctx: AsyncContext) -> None:
    await ctx.step(fail_twice)


@durable
async def attempts_exhausted(_: None, ctx: AsyncContext) -> None:
    await ctx.run_in_child_context(fail_twice_in_a_step)


@durable
async def replayed_result(text: str, ctx: AsyncContext) -> str:
    result = await ctx.run_in_child_context(repeat_in_a_step, text)
    await ctx.wait(seconds=1)
    return result


async def step_and_wait(ctx: AsyncContext, text: str) -> str:
    result = await ctx.step(repeat, text)
    await ctx.wait(seconds=1)
    return result


@durable
async def wait_inside(text: str, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(step_and_wait, text)


async def enlarge(ctx: AsyncContext, text: str) -> str:
    ctx.logger.info(text)
    return (await ctx.step(repeat, text)) * 40_000


@durable(mode_aware=False)
async def large_result(text: str, ctx: AsyncContext) -> int:
    result = await ctx.run_in_child_context(enlarge, text)
    await ctx.wait(seconds=1)
    return len(result)


async def crash_in_a_step(ctx: AsyncContext, text: str) -> str:
    return await ctx.step(crash_the_first_time, text)


@durable
async def interrupted_child(text: str, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(crash_in_a_step, text)


async def only_wait(ctx: AsyncContext, text: str) -> str:
    await ctx.wait(seconds=1)
    return text


@durable
async def wait_inside_and_step_after(text: str, ctx: AsyncContext) -> str:
    result = await ctx.run_in_child_context(only_wait, text)
    return await ctx.step(repeat, result)


@child(serdes=Uppercase())
async def repeat_in_capitals(ctx: AsyncContext, text: str) -> str:
    return await ctx.step(repeat, text)


@durable
async def custom_serdes(text: str, ctx: AsyncContext) -> str:
    return await ctx.run_in_child_context(repeat_in_capitals, text)


async def fail_directly(_: AsyncContext) -> None:
    raise RuntimeError("this context always fails")


@durable
async def failure_without_step(_: None, ctx: AsyncContext) -> None:
    await ctx.run_in_child_context(fail_directly)


async def do_nothing(_: AsyncContext) -> None:
    pass


@durable
async def null_result(_: None, ctx: AsyncContext) -> None:
    return await ctx.run_in_child_context(do_nothing)


async def log_only(ctx: AsyncContext, text: str) -> str:
    ctx.logger.info(text)
    return text


@durable(mode_aware=False)
async def logger_only(text: str, ctx: AsyncContext) -> str:
    result = await ctx.run_in_child_context(log_only, text)
    await ctx.wait(seconds=1)
    return result


@durable
async def wait_inside_and_after(text: str, ctx: AsyncContext) -> str:
    first = await ctx.run_in_child_context(step_and_wait, text)
    result = await ctx.step(repeat, first)
    await ctx.wait(seconds=1)
    return result
