"""The workflows of suite `wait_for_callback`, as plain functions."""

from __future__ import annotations

from perdure import CallbackError, CallbackTimeout, Context, Retry, durable


def submit(callback_id: str) -> None:
    """Leave it to the one who looks for callbacks in the history."""


@durable
def submitted(name: str, ctx: Context) -> str:
    return ctx.wait_for_callback(submit, name=name, result=str)


@durable
def named_callback(_: None, ctx: Context) -> str:
    return ctx.wait_for_callback(submit, name="approval", result=str)


@durable
def unnamed_callback(_: None, ctx: Context) -> str:
    return ctx.wait_for_callback(lambda _: None, result=str)


@durable
def failure(name: str, ctx: Context) -> str | None:
    return ctx.wait_for_callback(submit, name=name)


@durable
def timeout(name: str, ctx: Context) -> str | None:
    return ctx.wait_for_callback(submit, name=name, timeout=3)


@durable
def caught_failure(name: str, ctx: Context) -> str | None:
    try:
        return ctx.wait_for_callback(submit, name=name)
    except CallbackError:
        return "recovered"


def fail_to_submit(callback_id: str) -> None:
    raise ConnectionError(f"nobody takes {callback_id}")


@durable
def submitter_exhausted(name: str, ctx: Context) -> str | None:
    return ctx.wait_for_callback(fail_to_submit, name=name, retry=Retry.fixed(attempts=2, delay=1))


def wait_inside(ctx: Context, name: str) -> str:
    return ctx.wait_for_callback(submit, name=name, result=str)


@durable
def callback_in_a_child(name: str, ctx: Context) -> str:
    return ctx.run_in_child_context("wrapper", wait_inside, name)


@durable
def one_after_the_other(_: None, ctx: Context) -> str:
    ctx.wait_for_callback(submit, name="first", result=str)
    return ctx.wait_for_callback(submit, name="second", result=str)


def prepare() -> str:
    return "prepared"


@durable
def wait_and_step_before(name: str, ctx: Context) -> str:
    ctx.wait(seconds=1)
    ctx.step(prepare)
    return ctx.wait_for_callback(submit, name=name, result=str)


@durable
def structured_result(name: str, ctx: Context) -> str:
    answer = ctx.wait_for_callback(submit, name=name, result=dict[str, str])
    return answer["status"]


@durable
def heartbeat_timeout(name: str, ctx: Context) -> str | None:
    return ctx.wait_for_callback(submit, name=name, heartbeat=5)


@durable
def heartbeat(name: str, ctx: Context) -> str:
    return ctx.wait_for_callback(submit, name=name, heartbeat=10, result=str)


@durable
def caught_timeout(name: str, ctx: Context) -> str | None:
    try:
        return ctx.wait_for_callback(submit, name=name, timeout=3)
    except CallbackTimeout:
        return "timed-out-handled"


@durable
def null_result(name: str, ctx: Context) -> str | None:
    return ctx.wait_for_callback(submit, name=name)
