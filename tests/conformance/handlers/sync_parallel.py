"""The workflows of suite `parallel`, as plain functions."""

from __future__ import annotations

from typing import Any

from parts import Envelope, facts

from perdure import Batch, Completion, Context, durable


def say(text: str) -> str:
    return text


def first_task(ctx: Context) -> str:
    return ctx.step(say, "task-1")


def second_task(ctx: Context) -> str:
    return ctx.step(say, "task-2")


@durable
def two_branches(_: None, ctx: Context) -> list[str]:
    batch = ctx.parallel([first_task, second_task], name="parallel", concurrency=1)
    return batch.values()


def alpha(_: Context) -> str:
    return "alpha"


def beta(_: Context) -> str:
    return "beta"


@durable
def unnamed_parallel(_: None, ctx: Context) -> list[str]:
    batch = ctx.parallel([alpha, beta], concurrency=1)
    return batch.values()


def one(_: Context) -> str:
    return "one"


def two(_: Context) -> str:
    return "two"


@durable
def named_branches(_: None, ctx: Context) -> list[str]:
    batch = ctx.parallel({"first": one, "second": two}, name="named", concurrency=1)
    return batch.values()


def text(_: Context) -> Any:
    return "hello"


def number(_: Context) -> Any:
    return 42


def structure(_: Context) -> Any:
    return {"k": "v"}


@durable
def different_results(_: None, ctx: Context) -> list[Any]:
    batch = ctx.parallel([text, number, structure], name="hetero", concurrency=1)
    return batch.values()


@durable
def no_branches(_: None, ctx: Context) -> list[Any]:
    batch: Batch[Any] = ctx.parallel([], name="empty")
    return batch.values()


def succeed(_: Context) -> str:
    return "ok"


def fail(_: Context) -> str:
    raise RuntimeError("this branch always fails")


@durable
def first_failure_stops(_: None, ctx: Context) -> dict[str, Any]:
    fail_fast = Completion(tolerated_failures=0)
    batch = ctx.parallel([succeed, fail, succeed], name="failfast", concurrency=1, completion=fail_fast)
    return facts(batch)


@durable
def raised_failure(_: None, ctx: Context) -> None:
    fail_fast = Completion(tolerated_failures=0)
    batch = ctx.parallel([fail, succeed], name="throwing", concurrency=1, completion=fail_fast)
    batch.raise_for_failure()


@durable
def enough_successes(_: None, ctx: Context) -> dict[str, Any]:
    two_of_them = Completion(min_successful=2)
    batch = ctx.parallel([succeed] * 4, name="min-successful", concurrency=1, completion=two_of_them)
    return facts(batch, "status", "failureCount")


@durable
def tolerated_failure(_: None, ctx: Context) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    batch = ctx.parallel([succeed, fail, succeed], name="tolerated", concurrency=1, completion=tolerant)
    return facts(batch)


@durable
def too_many_failures(_: None, ctx: Context) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    batch = ctx.parallel([fail, fail, succeed], name="tolerated-exceeded", concurrency=1, completion=tolerant)
    return facts(batch, "status")


def r0(_: Context) -> str:
    return "r0"


def r1(_: Context) -> str:
    return "r1"


def r2(_: Context) -> str:
    return "r2"


@durable
def concurrent_branches(_: None, ctx: Context) -> list[str]:
    batch = ctx.parallel([r0, r1, r2], name="concurrent", concurrency=2)
    return batch.values()


def first_flat_task(ctx: Context) -> str:
    return ctx.step(say, "fa")


def second_flat_task(ctx: Context) -> str:
    return ctx.step(say, "fb")


@durable
def flat(_: None, ctx: Context) -> list[str]:
    batch = ctx.parallel([first_flat_task, second_flat_task], name="flat", concurrency=1, flat=True)
    return batch.values()


@durable
def too_large_a_share_of_failures(_: None, ctx: Context) -> dict[str, Any]:
    quarter = Completion(tolerated_percentage=25)
    batch = ctx.parallel([fail, fail, succeed, succeed], name="tolerated-pct", concurrency=1, completion=quarter)
    return facts(batch, "status")


def step_branch(ctx: Context) -> str:
    return ctx.step(say, "b0")


def wait_branch(ctx: Context) -> str:
    ctx.wait(seconds=2)
    return "b1"


@durable
def wait_in_a_branch(_: None, ctx: Context) -> list[str]:
    batch = ctx.parallel([step_branch, wait_branch], name="replay", concurrency=1)
    return batch.values()


def x(_: Context) -> str:
    return "x"


def y(_: Context) -> str:
    return "y"


@durable
def custom_item_serdes(_: None, ctx: Context) -> list[str]:
    batch = ctx.parallel([x, y], name="serde", concurrency=1, item_serdes=Envelope())
    return batch.values()


@durable
def all_fail(_: None, ctx: Context) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=3)
    batch = ctx.parallel([fail, fail, fail], name="all-fail", concurrency=1, completion=tolerant)
    return facts(batch)


@durable
def too_few_successes(_: None, ctx: Context) -> dict[str, Any]:
    three = Completion(min_successful=3)
    batch = ctx.parallel([succeed, fail, succeed], name="min-not-reached", concurrency=1, completion=three)
    return facts(batch)


@durable
def combined_conditions(_: None, ctx: Context) -> dict[str, Any]:
    combined = Completion(min_successful=3, tolerated_failures=1)
    batch = ctx.parallel([fail, fail, succeed, succeed], name="combined", concurrency=1, completion=combined)
    return facts(batch, "status")


@durable
def invalid_concurrency(_: None, ctx: Context) -> list[str]:
    batch = ctx.parallel([x, y], name="bad-concurrency", concurrency=0)
    return batch.values()


@durable
def accessors(_: None, ctx: Context) -> dict[str, Any]:
    tolerant = Completion(tolerated_failures=1)
    batch = ctx.parallel([succeed, fail, succeed], name="accessors", concurrency=1, completion=tolerant)
    return {
        "hasFailure": batch.has_failure,
        "successCount": len(batch.succeeded),
        "failureCount": len(batch.failed),
        "errorCount": len(batch.errors()),
    }


def first_inner_task(ctx: Context) -> str:
    return ctx.step(say, "i1")


def second_inner_task(ctx: Context) -> str:
    return ctx.step(say, "i2")


def inner(ctx: Context) -> list[str]:
    batch = ctx.parallel([first_inner_task, second_inner_task], name="inner", concurrency=1)
    return batch.values()


@durable
def nested_parallel(_: None, ctx: Context) -> list[list[str]]:
    batch = ctx.parallel([inner], name="outer", concurrency=1)
    return batch.values()


@durable
def tolerated_share_of_failures(_: None, ctx: Context) -> dict[str, Any]:
    quarter = Completion(tolerated_percentage=25)
    branches = [fail, succeed, succeed, succeed]
    batch = ctx.parallel(branches, name="pct-boundary", concurrency=1, completion=quarter)
    return facts(batch)
