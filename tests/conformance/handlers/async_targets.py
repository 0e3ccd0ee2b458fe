"""What the workflows of suite `invoke` invoke, as coroutines.

Each of them waits before it answers: the requirements count on a caller that is suspended by then, and a worker on the
same machine would now and then be quicker than the caller's own answer.
"""

from __future__ import annotations

from typing import Any

from perdure import AsyncContext, durable


@durable
async def echo(event: Any, ctx: AsyncContext) -> Any:
    await ctx.wait(seconds=1)
    return event


@durable
async def measure(text: str, ctx: AsyncContext) -> int:
    await ctx.wait(seconds=1)
    return len(text)


@durable
async def refuse(_: None, ctx: AsyncContext) -> None:
    await ctx.wait(seconds=1)
    raise RuntimeError("this function always fails")
