"""The workflows of suite `child`, as plain functions."""

from __future__ import annotations

from parts import Uppercase, crash_the_first_time, fail_until

from perdure import Context, Retry, child, durable, step


def repeat(text: str) -> str:
    return text


def repeat_in_a_step(ctx: Context, text: str) -> str:
    return ctx.step(repeat, text)


@durable
def one_step(text: str, ctx: Context) -> str:
    return ctx.run_in_child_context(repeat_in_a_step, text)


@durable
def named_child(event: dict[str, str], ctx: Context) -> str:
    return ctx.run_in_child_context(event["name"], repeat_in_a_step, event["value"])


def repeat_twice(ctx: Context, text: str) -> str:
    first = ctx.step(repeat, text)
    return ctx.step(repeat, first)


@durable
def two_steps(text: str, ctx: Context) -> str:
    return ctx.run_in_child_context(repeat_twice, text)


@step(retry=Retry.NONE)
def fail() -> None:
    raise RuntimeError("this step always fails")


def fail_in_a_step(ctx: Context) -> None:
    ctx.step(fail)


@durable
def failed_child(_: None, ctx: Context) -> None:
    ctx.run_in_child_context(fail_in_a_step)


@durable
def caught_failure(text: str, ctx: Context) -> str:
    try:
        ctx.run_in_child_context(fail_in_a_step)
    except RuntimeError:
        return ctx.step(repeat, text)
    return "not caught"


def inner(ctx: Context, text: str) -> str:
    return ctx.step(repeat, text)


def outer(ctx: Context, text: str) -> str:
    first = ctx.step(repeat, text)
    return ctx.run_in_child_context(inner, first)


@durable
def nested_children(text: str, ctx: Context) -> str:
    return ctx.run_in_child_context(outer, text)


@step(retry=Retry.fixed(attempts=2, delay=1))
def succeed_second(text: str) -> str:
    fail_until(attempt=2)
    return text


def succeed_second_in_a_step(ctx: Context, text: str) -> str:
    return ctx.step(succeed_second, text)


@durable
def second_attempt(text: str, ctx: Context) -> str:
    return ctx.run_in_child_context(succeed_second_in_a_step, text)


@step(retry=Retry.fixed(attempts=2, delay=1))
def fail_twice() -> None:
    fail_until(attempt=3)


def fail_twice_in_a_step(ctx: Context) -> None:
    ctx.step(fail_twice)


@durable
def attempts_exhausted(_: None, ctx: Context) -> None:
    ctx.run_in_child_context(fail_twice_in_a_step)


@durable
def replayed_result(text: str, ctx: Context) -> str:
    result = ctx.run_in_child_context(repeat_in_a_step, text)
    ctx.wait(seconds=1)
    return result


def step_and_wait(ctx: Context, text: str) -> str:
    result = ctx.step(repeat, text)
    ctx.wait(seconds=1)
    return result


@durable
def wait_inside(text: str, ctx: Context) -> str:
    return ctx.run_in_child_context(step_and_wait, text)


def enlarge(ctx: Context, text: str) -> str:
    ctx.logger.info(text)
    return ctx.step(repeat, text) * 40_000


@durable(mode_aware=False)
def large_result(text: str, ctx: Context) -> int:
    result = ctx.run_in_child_context(enlarge, text)
    ctx.wait(seconds=1)
    return len(result)


def crash_in_a_step(ctx: Context, text: str) -> str:
    return ctx.step(crash_the_first_time, text)


@durable
def interrupted_child(text: str, ctx: Context) -> str:
    return ctx.run_in_child_context(crash_in_a_step, text)


def only_wait(ctx: Context, text: str) -> str:
    ctx.wait(seconds=1)
    return text


@durable
def wait_inside_and_step_after(text: str, ctx: Context) -> str:
    result = ctx.run_in_child_context(only_wait, text)
    return ctx.step(repeat, result)


@child(serdes=Uppercase())
def repeat_in_capitals(ctx: Context, text: str) -> str:
    return ctx.step(repeat, text)


@durable
def custom_serdes(text: str, ctx: Context) -> str:
    return ctx.run_in_child_context(repeat_in_capitals, text)


def fail_directly(_: Context) -> None:
    raise RuntimeError("this context always fails")


@durable
def failure_without_step(_: None, ctx: Context) -> None:
    ctx.run_in_child_context(fail_directly)


def do_nothing(_: Context) -> None:
    pass


@durable
def null_result(_: None, ctx: Context) -> None:
    return ctx.run_in_child_context(do_nothing)


def log_only(ctx: Context, text: str) -> str:
    ctx.logger.info(text)
    return text


@durable(mode_aware=False)
def logger_only(text: str, ctx: Context) -> str:
    result = ctx.run_in_child_context(log_only, text)
    ctx.wait(seconds=1)
    return result


@durable
def wait_inside_and_after(text: str, ctx: Context) -> str:
    first = ctx.run_in_child_context(step_and_wait, text)
    result = ctx.step(repeat, first)
    ctx.wait(seconds=1)
    return result
