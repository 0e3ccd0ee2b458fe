"""The workloads as plain functions."""

import time
from typing import Any

from payloads import records

from perdure import Context, durable


def same(value: int) -> int:
    return value


def one() -> int:
    return 1


def noop(event: dict[str, Any], ctx: Context) -> Any:
    return {"ok": True}


def steps(event: dict[str, Any], ctx: Context) -> Any:
    total = 0
    for number in range(event["n"]):
        total += ctx.step("s", same, number)
    return total


def lazy(event: dict[str, Any], ctx: Context) -> Any:
    from perdure import step  # not above: the other workloads would pay for it, at a cold start

    cheap = step(name="s", lazy=True)(same)
    total = 0
    for number in range(event["n"]):
        total += ctx.step(cheap, number)
    return total + ctx.step("s", one)


def log(event: dict[str, Any], ctx: Context) -> Any:
    ctx.logger.warning("hello")
    return steps(event, ctx)


def replay(event: dict[str, Any], ctx: Context) -> Any:
    total = steps(event, ctx)
    ctx.wait(seconds=event["wait"], name="w")
    return total + ctx.step("s", one)


def suspend(event: dict[str, Any], ctx: Context) -> Any:
    total = 0
    for _ in range(event["n"]):
        ctx.wait(seconds=event["wait"], name="w")
        total += ctx.step("s", one)
    return total


def parallel(event: dict[str, Any], ctx: Context) -> Any:
    def branch(number: int) -> Any:
        return lambda child: child.step("s", same, number)

    return sum(ctx.parallel([branch(number) for number in range(event["n"])], name="p").values())


def item(ctx: Context, number: int) -> int:
    return ctx.step("s", same, number)


def map_(event: dict[str, Any], ctx: Context) -> Any:
    return sum(ctx.map(item, range(event["n"]), name="m", concurrency=event.get("c")).values())


def map_wait(event: dict[str, Any], ctx: Context) -> Any:
    pause = event["wait"]

    def waiting(child: Context, number: int) -> int:
        child.wait(seconds=pause, name="w")
        return child.step("s", same, number)

    return sum(ctx.map(waiting, range(event["n"]), name="m", concurrency=event.get("c")).values())


def sleep(milliseconds: int, value: int) -> int:
    time.sleep(milliseconds / 1000)
    return value


def block(event: dict[str, Any], ctx: Context) -> Any:
    pause = event["ms"]

    def blocking(child: Context, number: int) -> int:
        return child.step("s", sleep, pause, number)

    return sum(ctx.map(blocking, range(event["n"]), name="m", concurrency=event.get("c")).values())


def payload(event: dict[str, Any], ctx: Context) -> Any:
    return sum(len(ctx.step("s", records, event["kb"])) for _ in range(event["n"]))


def level(ctx: Context, depth: int) -> int:
    if depth == 0:
        return ctx.step("s", one)
    return 1 + ctx.run_in_child_context("c", level, depth - 1)


def nested(event: dict[str, Any], ctx: Context) -> Any:
    return level(ctx, event["depth"])


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
def handler(event: dict[str, Any], ctx: Context) -> Any:
    return WORKLOADS[event["w"]](event, ctx)
