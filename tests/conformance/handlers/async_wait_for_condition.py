"""The workflows of suite `wait_for_condition`, as coroutines."""

from __future__ import annotations

from typing import Any

from parts import Hexadecimal

from perdure import AsyncContext, ConditionError, Poll, durable

EVERY_SECOND = Poll.fixed(delay=1)


async def increment(number: int) -> int:
    return number + 1


@durable
async def counter(threshold: int, ctx: AsyncContext) -> int:
    return await ctx.wait_for_condition(increment, 0, until=lambda number: number >= threshold, poll=EVERY_SECOND)


async def leave(number: int) -> int:
    return number


@durable
async def immediate_stop(number: int, ctx: AsyncContext) -> int:
    return await ctx.wait_for_condition(leave, number, until=lambda state: state >= 5)


@durable
async def named_condition(threshold: int, ctx: AsyncContext) -> int:
    return await ctx.wait_for_condition(
        increment, 0, until=lambda number: number >= threshold, poll=EVERY_SECOND, name="poll-status"
    )


@durable
async def custom_initial_state(threshold: int, ctx: AsyncContext) -> int:
    return await ctx.wait_for_condition(increment, 5, until=lambda number: number >= threshold, poll=EVERY_SECOND)


@durable
async def fixed_delay(threshold: int, ctx: AsyncContext) -> int:
    every_other_second = Poll.fixed(delay=2)
    return await ctx.wait_for_condition(increment, 0, until=lambda number: number >= threshold, poll=every_other_second)


@durable
async def attempts_exhausted(number: int, ctx: AsyncContext) -> int:
    return await ctx.wait_for_condition(increment, number, until=lambda _: False, poll=Poll.fixed(delay=1, attempts=3))


async def refuse(_: None) -> None:
    raise RuntimeError("this check always fails")


@durable
async def failed_check(_: None, ctx: AsyncContext) -> None:
    await ctx.wait_for_condition(refuse, None, until=lambda _: True)


@durable
async def caught_failure(_: None, ctx: AsyncContext) -> str:
    try:
        await ctx.wait_for_condition(refuse, None, until=lambda _: True)
    except ConditionError:
        return "recovered"
    return "not caught"


async def look(state: dict[str, Any]) -> dict[str, Any]:
    attempts = state["attempts"] + 1
    return {"status": "DONE" if attempts == 2 else "PENDING", "attempts": attempts}


@durable
async def object_state(_: None, ctx: AsyncContext) -> dict[str, Any]:
    initial = {"status": "PENDING", "attempts": 0}
    return await ctx.wait_for_condition(look, initial, until=lambda state: state["status"] == "DONE", poll=EVERY_SECOND)


async def find_nothing(_: None) -> None:
    pass


@durable
async def null_result(_: None, ctx: AsyncContext) -> None:
    return await ctx.wait_for_condition(find_nothing, None, until=lambda _: True)


async def append(text: str) -> str:
    return f"{text}x"


@durable
async def custom_serdes(_: None, ctx: AsyncContext) -> str:
    return await ctx.wait_for_condition(
        append, "", until=lambda text: len(text) == 2, poll=EVERY_SECOND, serdes=Hexadecimal()
    )


async def multiply(number: int) -> int:
    return number * 10


@durable
async def condition_then_step(threshold: int, ctx: AsyncContext) -> int:
    number = await ctx.wait_for_condition(increment, 0, until=lambda number: number >= threshold, poll=EVERY_SECOND)
    return await ctx.step(multiply, number)


@durable
async def one_after_the_other(_: None, ctx: AsyncContext) -> int:
    first = await ctx.wait_for_condition(increment, 0, until=lambda number: number >= 2, poll=EVERY_SECOND)
    return await ctx.wait_for_condition(increment, first, until=lambda number: number >= 4, poll=EVERY_SECOND)
