"""What the workflows of suite `invoke` invoke, as plain functions.

Each of them waits before it answers: the requirements count on a caller that is suspended by then, and a worker on the
same machine would now and then be quicker than the caller's own answer.
"""

from __future__ import annotations

from typing import Any

from perdure import Context, durable


@durable
def echo(event: Any, ctx: Context) -> Any:
    ctx.wait(seconds=1)
    return event


@durable
def measure(text: str, ctx: Context) -> int:
    ctx.wait(seconds=1)
    return len(text)


@durable
def refuse(_: None, ctx: Context) -> None:
    ctx.wait(seconds=1)
    raise RuntimeError("this function always fails")
