"""A workflow whose results are too large to be recorded whole, as Perdure spells it, in plain functions."""

from __future__ import annotations

from typing import Any

from migration import bodies
from migration.workflow_sync import NEVER_AGAIN, Seen, batch_of, constant
from perdure import Batch, Completion, Context, durable, step


def story(ctx: Context) -> str:
    first = ctx.step("first word", constant("once"))
    ctx.wait(1, name="page turns")
    return first + "-" * bodies.LARGE + ctx.step("last word", constant("over"))


def chapter(ctx: Context, number: int) -> str:
    if number == 1:
        ctx.wait(2, name="chapter rests")
    if number == 2:
        ctx.step(step(lambda: bodies.declined("chapter 2 is lost"), name="lose", retry=NEVER_AGAIN))
    if number == 4:
        ctx.wait(100_000, name="chapter is not written")
    return ctx.step(f"chapter {number}", constant(str(number) * bodies.QUARTER))


def page(ctx: Context, number: int) -> str:
    ctx.wait(100_000 if number else 1, name="page turns")
    return ctx.step(f"page {number}", constant("all")) * bodies.LARGE


def first_page(ctx: Context) -> str:
    return page(ctx, 0)


def first_chapter(ctx: Context) -> str:
    return chapter(ctx, 1)


def summary(batch: Batch[Any]) -> str:
    return f"{len(batch)} begun"


@durable
def large(event: Any, ctx: Context) -> Seen:
    four, one = Completion(min_successful=4), Completion.FIRST_SUCCESSFUL
    told = ctx.run_in_child_context("story", story)
    batches: dict[str, Batch[Any]] = {
        "few started": ctx.map(chapter, [0, 1, 2, 3, 4, 5], name="few started", completion=four, summary=summary),
        "few completed": ctx.map(page, [0, 1, 2, 3], name="few completed", completion=one),
        "flat": ctx.map(chapter, [0, 1, 2, 3, 5], name="flat", flat=True, completion=Completion.ALL_COMPLETED),
        "parallel": ctx.parallel([first_page, first_chapter], name="parallel"),
    }
    ctx.wait(1, name="shelve")
    return {"told": bodies.brief(told)} | {name: bodies.brief(batch_of(batch)) for name, batch in batches.items()}
