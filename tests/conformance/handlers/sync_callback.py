"""The workflows of suite `callback`, as plain functions."""

from __future__ import annotations

from typing import Any

from parts import Message, Number

from perdure import CallbackError, CallbackTimeout, Context, durable


@durable
def awaited(name: str, ctx: Context) -> str:
    callback = ctx.create_callback(name=name, result=str)
    return callback.result()


@durable
def named_callback(_: None, ctx: Context) -> str:
    callback = ctx.create_callback(name="approval", result=str)
    return callback.result()


@durable
def timeout(name: str, ctx: Context) -> str | None:
    callback = ctx.create_callback(name=name, timeout=5)
    return callback.result()


@durable
def heartbeat_timeout(name: str, ctx: Context) -> str | None:
    callback = ctx.create_callback(name=name, heartbeat=5)
    return callback.result()


@durable
def heartbeat(name: str, ctx: Context) -> str:
    callback = ctx.create_callback(name=name, heartbeat=10, result=str)
    return callback.result()


@durable
def failure(name: str, ctx: Context) -> str | None:
    callback = ctx.create_callback(name=name)
    return callback.result()


def prepare() -> str:
    return "prepared"


@durable
def step_before_failure(name: str, ctx: Context) -> str | None:
    callback = ctx.create_callback(name=name)
    ctx.step(prepare)
    return callback.result()


@durable
def step_before_timeout(name: str, ctx: Context) -> str | None:
    callback = ctx.create_callback(name=name, timeout=5)
    ctx.step(prepare)
    return callback.result()


@durable
def success_while_waiting(name: str, ctx: Context) -> str:
    callback = ctx.create_callback(name=name, result=str)
    ctx.wait(seconds=5)
    return callback.result()


@durable
def failure_while_waiting(name: str, ctx: Context) -> str | None:
    callback = ctx.create_callback(name=name)
    ctx.wait(seconds=5)
    return callback.result()


@durable
def timeout_while_waiting(name: str, ctx: Context) -> str | None:
    callback = ctx.create_callback(name=name, timeout=3)
    ctx.wait(seconds=6)
    return callback.result()


@durable
def replayed_result(name: str, ctx: Context) -> str:
    callback = ctx.create_callback(name=name, result=str)
    result = callback.result()
    ctx.wait(seconds=2)
    return result


@durable
def replayed_failure(name: str, ctx: Context) -> str:
    callback = ctx.create_callback(name=name)
    message = "not caught"
    try:
        callback.result()
    except CallbackError as error:
        message = str(error)
    ctx.wait(seconds=2)
    return message


@durable
def replayed_timeout(name: str, ctx: Context) -> str:
    callback = ctx.create_callback(name=name, timeout=3)
    message = "not caught"
    try:
        callback.result()
    except CallbackTimeout as error:
        message = str(error)
    ctx.wait(seconds=2)
    return message


@durable
def custom_serdes(name: str, ctx: Context) -> dict[str, Any]:
    callback = ctx.create_callback(name=name, serdes=Message())
    return {"received": callback.result()}


@durable
def custom_serdes_of_a_number(name: str, ctx: Context) -> dict[str, int]:
    callback = ctx.create_callback(name=name, serdes=Number())
    count = callback.result()
    return {"count": count, "doubled": count * 2}


@durable
def one_after_the_other(names: list[str], ctx: Context) -> list[str]:
    a = ctx.create_callback(name=names[0], result=str)
    result_of_a = a.result()
    b = ctx.create_callback(name=names[1], result=str)
    return [result_of_a, b.result()]


@durable
def both_in_order(names: list[str], ctx: Context) -> list[str]:
    a = ctx.create_callback(name=names[0], result=str)
    b = ctx.create_callback(name=names[1], result=str)
    return [a.result(), b.result()]


@durable
def both_in_reverse(names: list[str], ctx: Context) -> list[str]:
    a = ctx.create_callback(name=names[0], result=str)
    b = ctx.create_callback(name=names[1], result=str)
    result_of_b = b.result()
    return [a.result(), result_of_b]
