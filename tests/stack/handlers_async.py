"""The workflows of `handlers_sync`, as coroutines: the same operations in the same order, so the same histories."""

import asyncio
import contextlib
import os
import uuid
from typing import Any

from bodies import ran
from handlers_sync import die

from perdure import AsyncContext, Retry, current_step, durable, step


async def noted(name: str, value: Any = None) -> Any:
    ran(f"{name} {current_step().attempt}")
    return value


# The scenarios


@durable
async def step_wait_step(event: dict, ctx: AsyncContext) -> dict:
    first = await ctx.step("validate", noted, "validate", f"validated-{event['order']}")
    await ctx.wait(3, name="short wait")
    second = await ctx.step("process", noted, "process", f"processed-{first}")
    return {"status": "completed", "data": second}


@durable
async def multiple_steps(event: dict, ctx: AsyncContext) -> list:
    value = event["start"]
    seen = []
    for number in range(1, 6):
        value = await ctx.step(f"step {number}", noted, f"step {number}", value + number)
        seen.append(value)
    return seen


@durable
async def wait_only(event: dict, ctx: AsyncContext) -> str:
    await ctx.wait(5, name="only wait")
    return "waited"


@durable
async def longer_wait(event: dict, ctx: AsyncContext) -> list:
    before = await ctx.step("before", noted, "before", 1)
    await ctx.wait(days=30, hours=2, name="long wait")
    after = await ctx.step("after", noted, "after", 2)
    return [before, after]


@durable
async def replay_determinism(event: dict, ctx: AsyncContext) -> list:
    async def make() -> str:
        return str(await noted("make", str(uuid.uuid4())))

    made = await ctx.step("make", make)
    await ctx.wait(2, name="first boundary")
    again = await ctx.step("echo", noted, "echo", made)
    await ctx.wait(2, name="second boundary")
    return [made, again]


@durable
async def retry_succeeds(event: dict, ctx: AsyncContext) -> str:
    @step(name="flaky", retry=Retry.fixed(attempts=3, delay=4))
    async def flaky() -> str:
        await noted("flaky")
        attempt = current_step().attempt
        if attempt < 3:
            raise ConnectionError(f"attempt {attempt} failed")
        return f"ok on attempt {attempt}"

    return await ctx.step(flaky)


@durable
async def retry_exhausts(event: dict, ctx: AsyncContext) -> str:
    @step(name="hopeless", retry=Retry.exponential(attempts=3, first=1, rate=2, jitter=Retry.NONE.jitter))
    async def hopeless() -> str:
        await noted("hopeless")
        raise ConnectionError(f"attempt {current_step().attempt} failed")

    return await ctx.step(hopeless)


@durable
async def step_fails(event: dict, ctx: AsyncContext) -> str:
    @step(name="bad", retry=Retry.NONE)
    async def bad() -> str:
        await noted("bad")
        raise ValueError("intentional failure")

    await ctx.step("good", noted, "good", 1)
    return await ctx.step(bad)


@durable
async def at_most_once_crash_replay(event: dict, ctx: AsyncContext) -> str:
    @step(name="charge", once=True)
    async def charge() -> str:
        await noted("charge")
        die()
        return "charged"

    await ctx.step("before", noted, "before", 1)
    return await ctx.step(charge)


@durable
async def at_most_once_crash_retry(event: dict, ctx: AsyncContext) -> str:
    @step(name="charge", once=True, retry=Retry.fixed(attempts=2, delay=1, interrupted=True))
    async def charge() -> str:
        await noted("charge")
        if current_step().attempt == 1:
            die()
        return f"charged on attempt {current_step().attempt}"

    return await ctx.step(charge)


# Killed from inside, or from outside by whoever reads what the bodies wrote


@durable
async def dies_in_a_step(event: dict, ctx: AsyncContext) -> list:
    async def body() -> str:
        await noted("body")
        if not os.path.exists(event["mark"]):  # noqa: ASYNC240, PTH110
            with open(event["mark"], "x"):  # noqa: ASYNC230, PTH123
                die()
        return "done"

    first = await ctx.step("first", noted, "first", 1)
    return [first, await ctx.step("body", body)]


@durable
async def lasts(event: dict, ctx: AsyncContext) -> list:
    async def long() -> str:
        await noted("long")
        while not os.path.exists(event["until"]):  # noqa: ASYNC110, ASYNC240, PTH110
            await asyncio.sleep(0.005)
        return "done"

    return [await ctx.step("first", noted, "first", 1), await ctx.step(long)]


@durable
async def pays_then_waits(event: dict, ctx: AsyncContext) -> list:
    @step(name="pay", once=True)
    async def pay() -> str:
        return str(await noted("pay", "paid"))

    paid = await ctx.step(pay)
    await ctx.wait(event.get("seconds", 60), name="clearing")
    return [paid, await ctx.step("send", noted, "send", "sent")]


# A suspension that is swallowed


@durable
async def swallows(event: dict, ctx: AsyncContext) -> str:
    with contextlib.suppress(BaseException):
        await ctx.wait(5, name="pause")
    return "went on"


@durable
async def swallows_in_a_loop(event: dict, ctx: AsyncContext) -> list:
    seen = []
    for number in range(3):
        try:
            await ctx.wait(5, name=f"pause {number}")
            seen.append(number)
        except BaseException:  # noqa: BLE001, S112
            continue
    return seen


@durable
async def swallows_in_finally(event: dict, ctx: AsyncContext) -> str:
    try:
        await ctx.wait(5, name="pause")
    finally:
        return await ctx.step("cleanup", noted, "cleanup", "clean")  # noqa: B012


@durable
async def swallows_in_a_generator(event: dict, ctx: AsyncContext) -> list:
    async def pauses():
        for number in range(2):
            try:
                await ctx.wait(5, name=f"pause {number}")
            except BaseException:  # noqa: BLE001
                yield "swallowed"
            else:
                yield number

    return [seen async for seen in pauses()]


@durable
async def swallows_for_ever(event: dict, ctx: AsyncContext) -> str:
    await ctx.step("before", noted, "before", 1)
    while True:
        try:
            await ctx.wait(5, name="pause")
        except BaseException:  # noqa: BLE001, S112
            continue
        return str(await ctx.step("after", noted, "after", "went on"))


# Everything at once


@durable
async def full(event: dict, ctx: AsyncContext) -> dict:
    @step(name="flaky", retry=Retry.fixed(attempts=2, delay=3))
    async def flaky() -> int:
        await noted("flaky")
        if current_step().attempt == 1:
            raise TimeoutError("too slow")
        return current_step().attempt

    reserved = await ctx.step("reserve", noted, "reserve", event["item"])
    await ctx.wait(hours=2, name="pickup")
    return {"reserved": reserved, "attempts": await ctx.step(flaky)}


# A thousand times over


@durable
async def warm(event: dict, ctx: AsyncContext) -> dict | None:
    from census import census

    @step(name="flaky", retry=Retry.fixed(attempts=2, delay=3))
    async def flaky() -> list:
        if current_step().attempt == 1:
            raise TimeoutError("too slow")
        return [1, {"two": "x" * 1_000}]

    @step(name="hopeless", retry=Retry.NONE)
    def hopeless() -> None:
        raise ValueError("as ever")

    await ctx.step(flaky)
    with contextlib.suppress(ValueError):
        await ctx.step(hopeless)
    await ctx.wait(1, name="pause")
    ctx.logger.info("almost through")
    return census() if event["look"] else None
