"""The workflows that tests of the whole stack run, as plain functions; run by workers in processes of their own."""

import contextlib
import os
import signal
import time
import uuid
from typing import Any

from bodies import ran

from perdure import Context, Retry, current_step, durable, step


def die() -> None:
    """End this process as nothing can be prepared for."""
    os.kill(os.getpid(), signal.SIGKILL)


def noted(name: str, value: Any = None) -> Any:
    ran(f"{name} {current_step().attempt}")
    return value


# The scenarios


@durable
def step_wait_step(event: dict, ctx: Context) -> dict:
    first = ctx.step("validate", noted, "validate", f"validated-{event['order']}")
    ctx.wait(3, name="short wait")
    second = ctx.step("process", noted, "process", f"processed-{first}")
    return {"status": "completed", "data": second}


@durable
def multiple_steps(event: dict, ctx: Context) -> list:
    value = event["start"]
    seen = []
    for number in range(1, 6):
        value = ctx.step(f"step {number}", noted, f"step {number}", value + number)
        seen.append(value)
    return seen


@durable
def wait_only(event: dict, ctx: Context) -> str:
    ctx.wait(5, name="only wait")
    return "waited"


@durable
def longer_wait(event: dict, ctx: Context) -> list:
    before = ctx.step("before", noted, "before", 1)
    ctx.wait(days=30, hours=2, name="long wait")
    after = ctx.step("after", noted, "after", 2)
    return [before, after]


@durable
def replay_determinism(event: dict, ctx: Context) -> list:
    def make() -> str:
        return str(noted("make", str(uuid.uuid4())))

    made = ctx.step("make", make)
    ctx.wait(2, name="first boundary")
    again = ctx.step("echo", noted, "echo", made)
    ctx.wait(2, name="second boundary")
    return [made, again]


@durable
def retry_succeeds(event: dict, ctx: Context) -> str:
    @step(name="flaky", retry=Retry.fixed(attempts=3, delay=4))
    def flaky() -> str:
        noted("flaky")
        attempt = current_step().attempt
        if attempt < 3:
            raise ConnectionError(f"attempt {attempt} failed")
        return f"ok on attempt {attempt}"

    return ctx.step(flaky)


@durable
def retry_exhausts(event: dict, ctx: Context) -> str:
    @step(name="hopeless", retry=Retry.exponential(attempts=3, first=1, rate=2, jitter=Retry.NONE.jitter))
    def hopeless() -> str:
        noted("hopeless")
        raise ConnectionError(f"attempt {current_step().attempt} failed")

    return ctx.step(hopeless)


@durable
def step_fails(event: dict, ctx: Context) -> str:
    @step(name="bad", retry=Retry.NONE)
    def bad() -> str:
        noted("bad")
        raise ValueError("intentional failure")

    ctx.step("good", noted, "good", 1)
    return ctx.step(bad)


@durable
def at_most_once_crash_replay(event: dict, ctx: Context) -> str:
    @step(name="charge", once=True)
    def charge() -> str:
        noted("charge")
        die()
        return "charged"

    ctx.step("before", noted, "before", 1)
    return ctx.step(charge)


@durable
def at_most_once_crash_retry(event: dict, ctx: Context) -> str:
    @step(name="charge", once=True, retry=Retry.fixed(attempts=2, delay=1, interrupted=True))
    def charge() -> str:
        noted("charge")
        if current_step().attempt == 1:
            die()
        return f"charged on attempt {current_step().attempt}"

    return ctx.step(charge)


# Killed from inside, or from outside by whoever reads what the bodies wrote


@durable
def dies_in_a_step(event: dict, ctx: Context) -> list:
    def body() -> str:
        noted("body")
        if not os.path.exists(event["mark"]):  # noqa: PTH110
            with open(event["mark"], "x"):  # noqa: PTH123
                die()
        return "done"

    first = ctx.step("first", noted, "first", 1)
    return [first, ctx.step("body", body)]


@durable
def lasts(event: dict, ctx: Context) -> list:
    def long() -> str:
        noted("long")
        while not os.path.exists(event["until"]):  # noqa: PTH110
            time.sleep(0.005)
        return "done"

    return [ctx.step("first", noted, "first", 1), ctx.step(long)]


@durable
def pays_then_waits(event: dict, ctx: Context) -> list:
    @step(name="pay", once=True)
    def pay() -> str:
        return str(noted("pay", "paid"))

    paid = ctx.step(pay)
    ctx.wait(event.get("seconds", 60), name="clearing")
    return [paid, ctx.step("send", noted, "send", "sent")]


# A suspension that is swallowed


@durable
def swallows(event: dict, ctx: Context) -> str:
    with contextlib.suppress(BaseException):
        ctx.wait(5, name="pause")
    return "went on"


@durable
def swallows_in_a_loop(event: dict, ctx: Context) -> list:
    seen = []
    for number in range(3):
        try:
            ctx.wait(5, name=f"pause {number}")
            seen.append(number)
        except BaseException:  # noqa: BLE001, S112
            continue
    return seen


@durable
def swallows_in_finally(event: dict, ctx: Context) -> str:
    try:
        ctx.wait(5, name="pause")
    finally:
        return ctx.step("cleanup", noted, "cleanup", "clean")  # noqa: B012


@durable
def swallows_in_a_generator(event: dict, ctx: Context) -> list:
    def pauses():
        for number in range(2):
            try:
                ctx.wait(5, name=f"pause {number}")
            except BaseException:  # noqa: BLE001
                yield "swallowed"
            else:
                yield number

    return list(pauses())


@durable
def swallows_for_ever(event: dict, ctx: Context) -> str:
    ctx.step("before", noted, "before", 1)
    while True:
        try:
            ctx.wait(5, name="pause")
        except BaseException:  # noqa: BLE001, S112
            continue
        return str(ctx.step("after", noted, "after", "went on"))


# Everything at once, and no durability at all


@durable
def full(event: dict, ctx: Context) -> dict:
    @step(name="flaky", retry=Retry.fixed(attempts=2, delay=3))
    def flaky() -> int:
        noted("flaky")
        if current_step().attempt == 1:
            raise TimeoutError("too slow")
        return current_step().attempt

    reserved = ctx.step("reserve", noted, "reserve", event["item"])
    ctx.wait(hours=2, name="pickup")
    return {"reserved": reserved, "attempts": ctx.step(flaky)}


def plain(event: dict, context: object) -> dict:
    if event.get("fail"):
        raise ValueError("as asked")
    return {"echo": event, "function": context.function_name}


# A thousand times over


@durable
def warm(event: dict, ctx: Context) -> dict | None:
    """Three invocations: one ends in a failed attempt, one in a wait, one in what the process holds by then."""
    from census import census

    @step(name="flaky", retry=Retry.fixed(attempts=2, delay=3))
    def flaky() -> list:
        if current_step().attempt == 1:
            raise TimeoutError("too slow")
        return [1, {"two": "x" * 1_000}]

    @step(name="hopeless", retry=Retry.NONE)
    def hopeless() -> None:
        raise ValueError("as ever")

    ctx.step(flaky)
    with contextlib.suppress(ValueError):
        ctx.step(hopeless)
    ctx.wait(1, name="pause")
    ctx.logger.info("almost through")
    return census() if event["look"] else None
