"""The workflows of suite `step`, as plain functions."""

from __future__ import annotations

from typing import Any

from parts import TransientError, Uppercase, crash, fail_until, refuse_transient_errors

from perdure import Context, Jitter, Retry, current_step, durable, step


def greet(name: str) -> str:
    return f"Hello, {name}!"


@durable
def greeting(name: str, ctx: Context) -> str:
    return ctx.step(greet, name)


@durable
def named_step(name: str, ctx: Context) -> str:
    return ctx.step("custom_step_name", greet, name)


def begin() -> str:
    return "first"


def go_on(text: str) -> str:
    return f"{text}_second"


@durable
def dependent_steps(_: None, ctx: Context) -> str:
    first = ctx.step(begin)
    return ctx.step(go_on, first)


def describe_user(event: dict[str, Any]) -> dict[str, Any]:
    return {"user": {"name": event["name"], "tags": event["tags"]}, "count": len(event["tags"])}


@durable
def nested_result(event: dict[str, Any], ctx: Context) -> dict[str, Any]:
    return ctx.step(describe_user, event)


def do_nothing() -> None:
    pass


@durable
def null_result(_: None, ctx: Context) -> None:
    return ctx.step(do_nothing)


@step(serdes=Uppercase())
def repeat(text: str) -> str:
    return text


@durable
def custom_serdes(text: str, ctx: Context) -> str:
    return ctx.step(repeat, text)


def greet_and_log(name: str) -> str:
    logger = current_step().logger
    logger.info("Greeting step started for: %s", name)
    logger.info("Greeting step completed with: Hello, %s!", name)
    return f"Hello, {name}!"


@durable
def step_logger(name: str, ctx: Context) -> str:
    return ctx.step(greet_and_log, name)


def compute() -> str:
    return "computed"


@durable
def step_then_wait(_: None, ctx: Context) -> str:
    result = ctx.step(compute)
    ctx.wait(seconds=2)
    return result


def produce() -> str:
    current_step().logger.info("step executed")
    return "cached_value"


@durable
def replayed_result(_: None, ctx: Context) -> str:
    result = ctx.step(produce)
    ctx.wait(seconds=1)
    return result


@step(retry=Retry.NONE)
def log_and_fail() -> None:
    current_step().logger.info("step executed")
    raise ValueError("this step never succeeds")


@durable
def replayed_failure(_: None, ctx: Context) -> str:
    try:
        ctx.step(log_and_fail)
    except ValueError as error:
        ctx.wait(seconds=1)
        return f"caught: {error}"
    return "not caught"


@step(retry=Retry.fixed(attempts=2, delay=1))
def succeed_second() -> str:
    fail_until(attempt=2)
    return "Operation succeeded"


@durable
def second_attempt(_: None, ctx: Context) -> str:
    return ctx.step(succeed_second)


@step(retry=Retry.fixed(attempts=4, delay=1))
def fail_four_times() -> None:
    fail_until(attempt=5)


@durable
def attempts_exhausted(_: None, ctx: Context) -> None:
    ctx.step(fail_four_times)


def succeed_third() -> str:
    fail_until(attempt=3)
    return "Operation succeeded"


@durable
def default_retry(_: None, ctx: Context) -> str:
    return ctx.step(succeed_third)


@step(retry=Retry.exponential(attempts=5, first=2, rate=3, jitter=Jitter.NONE))
def succeed_third_after_delays() -> str:
    fail_until(attempt=3)
    return "Operation succeeded"


@durable
def growing_delays(_: None, ctx: Context) -> str:
    return ctx.step(succeed_third_after_delays)


@step(retry=Retry.fixed(attempts=3, delay=1, on=TransientError))
def succeed_after_a_transient_error() -> str:
    fail_until(attempt=2)
    return "Operation succeeded"


@durable
def retried_error(_: None, ctx: Context) -> str:
    return ctx.step(succeed_after_a_transient_error)


@step(retry=refuse_transient_errors)
def fail_transiently() -> None:
    raise TransientError("nobody tries again")


@durable
def refused_error(_: None, ctx: Context) -> None:
    ctx.step(fail_transiently)


@step(once=True)
def at_most_once_flaky_step(text: str) -> None:
    current_step().logger.info(text)
    crash()


@durable
def interrupted_once(text: str, ctx: Context) -> None:
    ctx.step(at_most_once_flaky_step, text)


@step(once=True, retry=Retry.fixed(attempts=2, delay=1, interrupted=True))
def crash_first(text: str) -> str:
    current_step().logger.info(text)
    if current_step().attempt == 1:
        crash()
    return "succeeded on second attempt"


@durable
def interrupted_and_retried(text: str, ctx: Context) -> str:
    return ctx.step(crash_first, text)


@step(retry=Retry.NONE)
def fail() -> None:
    raise RuntimeError("this step always fails")


@durable
def failure(_: None, ctx: Context) -> None:
    ctx.step(fail)


def fall_back() -> str:
    return "fallback_result"


@durable
def caught_failure(_: None, ctx: Context) -> str:
    try:
        ctx.step(fail)
    except RuntimeError:
        return ctx.step(fall_back)
    return "not caught"
