"""The workflows of suite `invoke`, as plain functions."""

from __future__ import annotations

from typing import Any

from parts import CapitalJson, Shout

from perdure import Context, InvokeError, durable

ECHO = "echo:$LATEST"
MEASURE = "measure:$LATEST"
REFUSE = "refuse:$LATEST"
ALMOST_A_MEBIBYTE = 1_048_000
"""Characters; the service takes 1,048,576 bytes at most."""


@durable
def echoed(text: str, ctx: Context) -> str:
    return ctx.invoke(ECHO, text, result=str)


@durable
def named_invoke(event: dict[str, str], ctx: Context) -> str:
    return ctx.invoke(ECHO, event["payload"], name=event["name"], result=str)


@durable
def nested_object(event: dict[str, Any], ctx: Context) -> dict[str, Any]:
    return ctx.invoke(ECHO, event, result=dict[str, Any])


@durable
def null_result(event: None, ctx: Context) -> Any:
    return ctx.invoke(ECHO, event)


@durable
def failure(_: None, ctx: Context) -> None:
    ctx.invoke(REFUSE)


@durable
def caught_failure(_: None, ctx: Context) -> str:
    try:
        ctx.invoke(REFUSE)
    except InvokeError:
        return "fallback"
    return "not caught"


@durable
def large_payload(_: None, ctx: Context) -> int:
    return ctx.invoke(MEASURE, "x" * ALMOST_A_MEBIBYTE, result=int)


@durable
def tenant(event: dict[str, str], ctx: Context) -> str:
    return ctx.invoke(ECHO, event["payload"], tenant_id=event["tenantId"], result=str)


@durable
def replayed_result(_: None, ctx: Context) -> str:
    result = ctx.invoke(ECHO, "cached", result=str)
    ctx.wait(seconds=1)
    return result


@durable
def replayed_failure(_: None, ctx: Context) -> str:
    try:
        ctx.invoke(REFUSE)
    except InvokeError:
        ctx.wait(seconds=1)
        return "caught"
    return "not caught"


def produce() -> str:
    return "produced"


@durable
def step_then_invoke(_: None, ctx: Context) -> str:
    produced = ctx.step(produce)
    return ctx.invoke(ECHO, produced, result=str)


def go_on(text: str) -> str:
    return f"{text}, and went on"


@durable
def invoke_then_step(_: None, ctx: Context) -> str:
    echo = ctx.invoke(ECHO, "came back", result=str)
    return ctx.step(go_on, echo)


def invoke_echo(ctx: Context) -> str:
    return ctx.invoke(ECHO, "from a child", result=str)


@durable
def invoke_in_a_child(_: None, ctx: Context) -> str:
    return ctx.run_in_child_context(invoke_echo)


@durable
def two_invokes(_: None, ctx: Context) -> int:
    text = ctx.invoke(ECHO, "first", result=str)
    return ctx.invoke(MEASURE, text, result=int)


@durable
def custom_payload_serdes(event: dict[str, str], ctx: Context) -> dict[str, str]:
    return ctx.invoke(ECHO, event, payload_serdes=CapitalJson(), result=dict[str, str])


@durable
def custom_result_serdes(text: str, ctx: Context) -> str:
    return ctx.invoke(ECHO, text, result_serdes=Shout())
