"""A workflow whose results are too large to be recorded whole, as Perdure spells it, with `async def`."""

from __future__ import annotations

from typing import Any

from migration import bodies
from migration.workflow_async import NEVER_AGAIN, Seen, batch_of, constant
from perdure import AsyncContext, Batch, Completion, durable, step


async def story(ctx: AsyncContext) -> str:
    first = await ctx.step("first word", constant("once"))
    await ctx.wait(1, name="page turns")
    return first + "-" * bodies.LARGE + await ctx.step("last word", constant("over"))


async def chapter(ctx: AsyncContext, number: int) -> str:
    if number == 1:
        await ctx.wait(2, name="chapter rests")
    if number == 2:
        await ctx.step(step(lambda: bodies.declined("chapter 2 is lost"), name="lose", retry=NEVER_AGAIN))
    if number == 4:
        await ctx.wait(100_000, name="chapter is not written")
    return await ctx.step(f"chapter {number}", constant(str(number) * bodies.QUARTER))


async def page(ctx: AsyncContext, number: int) -> str:
    await ctx.wait(100_000 if number else 1, name="page turns")
    return await ctx.step(f"page {number}", constant("all")) * bodies.LARGE


async def first_page(ctx: AsyncContext) -> str:
    return await page(ctx, 0)


async def first_chapter(ctx: AsyncContext) -> str:
    return await chapter(ctx, 1)


def summary(batch: Batch[Any]) -> str:
    return f"{len(batch)} begun"


@durable
async def large(event: Any, ctx: AsyncContext) -> Seen:
    four, one = Completion(min_successful=4), Completion.FIRST_SUCCESSFUL
    told = await ctx.run_in_child_context("story", story)
    batches: dict[str, Batch[Any]] = {
        "few started": await ctx.map(chapter, [0, 1, 2, 3, 4, 5], name="few started", completion=four, summary=summary),
        "few completed": await ctx.map(page, [0, 1, 2, 3], name="few completed", completion=one),
        "flat": await ctx.map(chapter, [0, 1, 2, 3, 5], name="flat", flat=True, completion=Completion.ALL_COMPLETED),
        "parallel": await ctx.parallel([first_page, first_chapter], name="parallel"),
    }
    await ctx.wait(1, name="shelve")
    return {"told": bodies.brief(told)} | {name: bodies.brief(batch_of(batch)) for name, batch in batches.items()}
