"""The workflows of suite `map`, as plain functions."""

from __future__ import annotations

from typing import Any

from parts import Joined, Prefix, facts

from perdure import Completion, Context, durable, step


def greet(name: str) -> str:
    return f"Hello, {name}!"


def greet_in_a_step(ctx: Context, name: str) -> str:
    return ctx.step(greet, name)


@durable
def greetings(names: list[str], ctx: Context) -> list[str]:
    batch = ctx.map(greet_in_a_step, names, name="map", concurrency=1)
    return batch.values()


def double(_: Context, number: int) -> int:
    return number * 2


@durable
def unnamed_map(numbers: list[int], ctx: Context) -> list[int]:
    batch = ctx.map(double, numbers, concurrency=1)
    return batch.values()


def add_index(ctx: Context, number: int) -> int:
    return number + ctx.index


@durable
def item_and_index(numbers: list[int], ctx: Context) -> list[int]:
    batch = ctx.map(add_index, numbers, name="indexed", concurrency=1)
    return batch.values()


@durable
def no_items(numbers: list[int], ctx: Context) -> list[int]:
    batch = ctx.map(double, numbers, name="empty")
    return batch.values()


def succeed_or_fail(_: Context, item: str) -> str:
    if item == "fail":
        raise RuntimeError("this item always fails")
    return item


@durable
def first_failure_stops(_: None, ctx: Context) -> dict[str, Any]:
    fail_fast = Completion(tolerated_failures=0)
    items = ["ok", "fail", "ok"]
    batch = ctx.map(succeed_or_fail, items, name="failfast", concurrency=1, completion=fail_fast)
    return facts(batch)


@durable
def raised_failure(_: None, ctx: Context) -> None:
    fail_fast = Completion(tolerated_failures=0)
    batch = ctx.map(succeed_or_fail, ["fail", "ok"], name="throwing", concurrency=1, completion=fail_fast)
    batch.raise_for_failure()


@durable
def enough_successes(_: None, ctx: Context) -> dict[str, Any]:
    two_of_them = Completion(min_successful=2)
    batch = ctx.map(succeed_or_fail, ["ok"] * 4, name="min-successful", concurrency=1, completion=two_of_them)
    return facts(batch, "status", "failureCount")


@durable
def tolerated_failure(_: None, ctx: Context) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    items = ["ok", "fail", "ok"]
    batch = ctx.map(succeed_or_fail, items, name="tolerated", concurrency=1, completion=tolerant)
    return facts(batch)


@durable
def too_many_failures(_: None, ctx: Context) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    items = ["fail", "fail", "ok"]
    batch = ctx.map(succeed_or_fail, items, name="tolerated-exceeded", concurrency=1, completion=tolerant)
    return facts(batch, "status")


@durable
def too_large_a_share_of_failures(_: None, ctx: Context) -> dict[str, Any]:
    a_quarter = Completion(tolerated_percentage=25)
    items = ["fail", "fail", "ok", "ok"]
    batch = ctx.map(succeed_or_fail, items, name="tolerated-pct", concurrency=1, completion=a_quarter)
    return facts(batch, "status")


def name_index(ctx: Context, _: str) -> str:
    return f"r{ctx.index}"


@durable
def concurrent_items(_: None, ctx: Context) -> list[str]:
    batch = ctx.map(name_index, ["a", "b", "c"], name="concurrent", concurrency=2)
    return batch.values()


@step
def repeat(item: str) -> str:
    return item


@durable
def flat(_: None, ctx: Context) -> list[str]:
    batch = ctx.map(repeat, ["fa", "fb"], name="flat", concurrency=1, flat=True)
    return batch.values()


def multiply(_: Context, number: int) -> int:
    return number * 10


def name_of(number: int, _: int) -> str:
    return f"item-{number}"


@durable
def named_items(numbers: list[int], ctx: Context) -> list[int]:
    batch = ctx.map(multiply, numbers, name="named-items", concurrency=1, namer=name_of)
    return batch.values()


def capitalize(_: Context, item: str) -> str:
    return item.upper()


@durable
def custom_item_serdes(_: None, ctx: Context) -> list[str]:
    batch = ctx.map(capitalize, ["x", "y"], name="serdes", concurrency=1, item_serdes=Prefix())
    return batch.values()


def wait_if_second(ctx: Context, item: str) -> str:
    if ctx.index == 1:
        ctx.wait(seconds=1)
    return ctx.step(repeat, item)


@durable
def wait_in_an_iteration(_: None, ctx: Context) -> list[str]:
    batch = ctx.map(wait_if_second, ["r0", "r1"], name="suspend", concurrency=1)
    return batch.values()


def enlarge(_: Context, letter: str) -> str:
    return letter * 70_000


@durable
def large_result(_: None, ctx: Context) -> dict[str, int]:
    batch = ctx.map(enlarge, ["a", "b", "c", "d"], name="large", concurrency=1)
    return {"successCount": batch.success_count, "totalCount": len(batch)}


@durable
def replayed_result(_: None, ctx: Context) -> list[str]:
    batch = ctx.map(capitalize, ["a", "b"], name="then-wait", concurrency=1)
    ctx.wait(seconds=1)
    return batch.values()


@durable
def replayed_failure(_: None, ctx: Context) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    batch = ctx.map(succeed_or_fail, ["ok", "fail"], name="fail-then-wait", concurrency=1, completion=tolerant)
    ctx.wait(seconds=1)
    return facts(batch)


@durable
def custom_serdes(_: None, ctx: Context) -> list[str]:
    batch = ctx.map(capitalize, ["x", "y"], name="op-serde", concurrency=1, serdes=Joined())
    return batch.values()


@durable
def replayed_custom_serdes(_: None, ctx: Context) -> list[str]:
    batch = ctx.map(capitalize, ["x", "y"], name="op-serde-replay", concurrency=1, serdes=Joined())
    ctx.wait(seconds=1)
    return batch.values()
