"""The workflows of suite `step`, as coroutines; some of the steps are plain functions, which run on a thread."""

from __future__ import annotations

from typing import Any

from parts import TransientError, Uppercase, crash, fail_until, refuse_transient_errors

from perdure import AsyncContext, Jitter, Retry, current_step, durable, step


async def greet(name: str) -> str:
    return f"Hello, {name}!"


@durable
async def greeting(name: str, ctx: AsyncContext) -> str:
    return await ctx.step(greet, name)


@durable
async def named_step(name: str, ctx: AsyncContext) -> str:
    return await ctx.step("custom_step_name", greet, name)


async def begin() -> str:
    return "first"


async def go_on(text: str) -> str:
    return f"{text}_second"


@durable
async def dependent_steps(_: None, ctx: AsyncContext) -> str:
    first = await ctx.step(begin)
    return await ctx.step(go_on, first)


def describe_user(event: dict[str, Any]) -> dict[str, Any]:
    return {"user": {"name": event["name"], "tags": event["tags"]}, "count": len(event["tags"])}


@durable
async def nested_result(event: dict[str, Any], ctx: AsyncContext) -> dict[str, Any]:
    return await ctx.step(describe_user, event)


async def do_nothing() -> None:
    pass


@durable
async def null_result(_: None, ctx: AsyncContext) -> None:
    return await ctx.step(do_nothing)


@step(serdes=Uppercase())
async def repeat(text: str) -> str:
    return text


@durable
async def custom_serdes(text: str, ctx: AsyncContext) -> str:
    return await ctx.step(repeat, text)


async def greet_and_log(name: str) -> str:
    logger = current_step().logger
    logger.info("Greeting step started for: %s", name)
    logger.info("Greeting step completed with: Hello, %s!", name)
    return f"Hello, {name}!"


@durable
async def step_logger(name: str, ctx: AsyncContext) -> str:
    return await ctx.step(greet_and_log, name)


def compute() -> str:
    return "computed"


@durable
async def step_then_wait(_: None, ctx: AsyncContext) -> str:
    result = await ctx.step(compute)
    await ctx.wait(seconds=2)
    return result


async def produce() -> str:
    current_step().logger.info("step executed")
    return "cached_value"


@durable
async def replayed_result(_: None, ctx: AsyncContext) -> str:
    result = await ctx.step(produce)
    await ctx.wait(seconds=1)
    return result


@step(retry=Retry.NONE)
def log_and_fail() -> None:
    current_step().logger.info("step executed")
    raise ValueError("this step never succeeds")


@durable
async def replayed_failure(_: None, ctx: AsyncContext) -> str:
    try:
        await ctx.step(log_and_fail)
    except ValueError as error:
        await ctx.wait(seconds=1)
        return f"caught: {error}"
    return "not caught"


@step(retry=Retry.fixed(attempts=2, delay=1))
async def succeed_second() -> str:
    fail_until(attempt=2)
    return "Operation succeeded"


@durable
async def second_attempt(_: None, ctx: AsyncContext) -> str:
    return await ctx.step(succeed_second)


@step(retry=Retry.fixed(attempts=4, delay=1))
def fail_four_times() -> None:
    fail_until(attempt=5)


@durable
async def attempts_exhausted(_: None, ctx: AsyncContext) -> None:
    await ctx.step(fail_four_times)


async def succeed_third() -> str:
    fail_until(attempt=3)
    return "Operation succeeded"


@durable
async def default_retry(_: None, ctx: AsyncContext) -> str:
    return await ctx.step(succeed_third)


@step(retry=Retry.exponential(attempts=5, first=2, rate=3, jitter=Jitter.NONE))
async def succeed_third_after_delays() -> str:
    fail_until(attempt=3)
    return "Operation succeeded"


@durable
async def growing_delays(_: None, ctx: AsyncContext) -> str:
    return await ctx.step(succeed_third_after_delays)


@step(retry=Retry.fixed(attempts=3, delay=1, on=TransientError))
async def succeed_after_a_transient_error() -> str:
    fail_until(attempt=2)
    return "Operation succeeded"


@durable
async def retried_error(_: None, ctx: AsyncContext) -> str:
    return await ctx.step(succeed_after_a_transient_error)


@step(retry=refuse_transient_errors)
async def fail_transiently() -> None:
    raise TransientError("nobody tries again")


@durable
async def refused_error(_: None, ctx: AsyncContext) -> None:
    await ctx.step(fail_transiently)


@step(once=True)
async def at_most_once_flaky_step(text: str) -> None:
    current_step().logger.info(text)
    crash()


@durable
async def interrupted_once(text: str, ctx: AsyncContext) -> None:
    await ctx.step(at_most_once_flaky_step, text)


@step(once=True, retry=Retry.fixed(attempts=2, delay=1, interrupted=True))
def crash_first(text: str) -> str:
    current_step().logger.info(text)
    if current_step().attempt == 1:
        crash()
    return "succeeded on second attempt"


@durable
async def interrupted_and_retried(text: str, ctx: AsyncContext) -> str:
    return await ctx.step(crash_first, text)


@step(retry=Retry.NONE)
async def fail() -> None:
    raise RuntimeError("this step always fails")


@durable
async def failure(_: None, ctx: AsyncContext) -> None:
    await ctx.step(fail)


async def fall_back() -> str:
    return "fallback_result"


@durable
async def caught_failure(_: None, ctx: AsyncContext) -> str:
    try:
        await ctx.step(fail)
    except RuntimeError:
        return await ctx.step(fall_back)
    return "not caught"
