"""As `cold_sync`, in async code."""

import sys
from typing import Any

from perdure import AsyncContext, durable


async def same(value: int) -> int:
    return value


async def item(ctx: AsyncContext, number: int) -> int:
    return await ctx.step("s", same, number)


@durable
async def handler(event: dict[str, Any], ctx: AsyncContext) -> int:
    if event["do"] == "look":
        sys.stdout.write(" ".join(sys.modules) + "\n")
        return 0
    if event["do"] == "map":
        return sum((await ctx.map(item, range(3))).values())
    if event["do"] == "log":
        ctx.logger.warning("hello")
    return await ctx.step("s", same, 3)
