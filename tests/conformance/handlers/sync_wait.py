"""The workflows of suite `wait`, as plain functions."""

from __future__ import annotations

from perdure import Context, durable


@durable
def short_wait(_: None, ctx: Context) -> str:
    ctx.wait(seconds=2)
    return "waited"


@durable
def named_wait(_: None, ctx: Context) -> str:
    ctx.wait(seconds=2, name="custom_wait_name")
    return "waited"


@durable
def waits_in_turn(_: None, ctx: Context) -> dict[str, int]:
    ctx.wait(seconds=2, name="wait-1")
    ctx.wait(seconds=2, name="wait-2")
    return {"completedWaits": 2}


@durable
def minute(_: None, ctx: Context) -> str:
    ctx.wait(minutes=1)
    return "waited"


@durable
def hour(_: None, ctx: Context) -> str:
    ctx.wait(hours=1)
    return "waited"
