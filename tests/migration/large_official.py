"""A workflow whose results are too large to be recorded whole, as the official Python SDK spells it."""

from __future__ import annotations

from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import CompletionConfig, MapConfig

from migration import bodies
from migration.workflow_official import FLAT, NEVER_AGAIN, Seen, batch_of, seconds


def story(ctx: DurableContext) -> str:
    first: str = ctx.step(lambda _: "once", name="first word")
    ctx.wait(seconds(1), name="page turns")
    return first + "-" * bodies.LARGE + ctx.step(lambda _: "over", name="last word")


def chapter(ctx: DurableContext, number: int, *_: Any) -> str:
    if number == 1:
        ctx.wait(seconds(2), name="chapter rests")
    if number == 2:
        ctx.step(lambda _: bodies.declined("chapter 2 is lost"), name="lose", config=NEVER_AGAIN)
    if number == 4:
        ctx.wait(seconds(100_000), name="chapter is not written")
    return ctx.step(lambda _: str(number) * bodies.QUARTER, name=f"chapter {number}")


def page(ctx: DurableContext, number: int, *_: Any) -> str:
    ctx.wait(seconds(100_000 if number else 1), name="page turns")
    return ctx.step(lambda _: "all", name=f"page {number}") * bodies.LARGE


def summary(batch: Any) -> str:
    return f"{len(batch.all)} begun"


def large(event: Any, ctx: DurableContext) -> Seen:
    four, one = CompletionConfig(min_successful=4), CompletionConfig.first_successful()
    few_started: Any = MapConfig(completion_config=four, summary_generator=summary)
    few_completed: Any = MapConfig(completion_config=one)
    flat: Any = MapConfig(nesting_type=FLAT, completion_config=CompletionConfig.all_completed())
    told = ctx.run_in_child_context(story, name="story")
    batches: dict[str, Any] = {
        "few started": ctx.map([0, 1, 2, 3, 4, 5], chapter, name="few started", config=few_started),
        "few completed": ctx.map([0, 1, 2, 3], page, name="few completed", config=few_completed),
        "flat": ctx.map([0, 1, 2, 3, 5], chapter, name="flat", config=flat),
        "parallel": ctx.parallel([lambda ctx: page(ctx, 0), lambda ctx: chapter(ctx, 1)], name="parallel"),
    }
    ctx.wait(seconds(1), name="shelve")
    return {"told": bodies.brief(told)} | {name: bodies.brief(batch_of(batch)) for name, batch in batches.items()}
