"""The workflows of suite `wait_for_condition`, as plain functions."""

from __future__ import annotations

from typing import Any

from parts import Hexadecimal

from perdure import ConditionError, Context, Poll, durable

EVERY_SECOND = Poll.fixed(delay=1)


def increment(number: int) -> int:
    return number + 1


@durable
def counter(threshold: int, ctx: Context) -> int:
    return ctx.wait_for_condition(increment, 0, until=lambda number: number >= threshold, poll=EVERY_SECOND)


def leave(number: int) -> int:
    return number


@durable
def immediate_stop(number: int, ctx: Context) -> int:
    return ctx.wait_for_condition(leave, number, until=lambda state: state >= 5)


@durable
def named_condition(threshold: int, ctx: Context) -> int:
    return ctx.wait_for_condition(
        increment, 0, until=lambda number: number >= threshold, poll=EVERY_SECOND, name="poll-status"
    )


@durable
def custom_initial_state(threshold: int, ctx: Context) -> int:
    return ctx.wait_for_condition(increment, 5, until=lambda number: number >= threshold, poll=EVERY_SECOND)


@durable
def fixed_delay(threshold: int, ctx: Context) -> int:
    every_other_second = Poll.fixed(delay=2)
    return ctx.wait_for_condition(increment, 0, until=lambda number: number >= threshold, poll=every_other_second)


@durable
def attempts_exhausted(number: int, ctx: Context) -> int:
    return ctx.wait_for_condition(increment, number, until=lambda _: False, poll=Poll.fixed(delay=1, attempts=3))


def refuse(_: None) -> None:
    raise RuntimeError("this check always fails")


@durable
def failed_check(_: None, ctx: Context) -> None:
    ctx.wait_for_condition(refuse, None, until=lambda _: True)


@durable
def caught_failure(_: None, ctx: Context) -> str:
    try:
        ctx.wait_for_condition(refuse, None, until=lambda _: True)
    except ConditionError:
        return "recovered"
    return "not caught"


def look(state: dict[str, Any]) -> dict[str, Any]:
    attempts = state["attempts"] + 1
    return {"status": "DONE" if attempts == 2 else "PENDING", "attempts": attempts}


@durable
def object_state(_: None, ctx: Context) -> dict[str, Any]:
    initial = {"status": "PENDING", "attempts": 0}
    return ctx.wait_for_condition(look, initial, until=lambda state: state["status"] == "DONE", poll=EVERY_SECOND)


def find_nothing(_: None) -> None:
    pass


@durable
def null_result(_: None, ctx: Context) -> None:
    return ctx.wait_for_condition(find_nothing, None, until=lambda _: True)


def append(text: str) -> str:
    return f"{text}x"


@durable
def custom_serdes(_: None, ctx: Context) -> str:
    return ctx.wait_for_condition(
        append, "", until=lambda text: len(text) == 2, poll=EVERY_SECOND, serdes=Hexadecimal()
    )


def multiply(number: int) -> int:
    return number * 10


@durable
def condition_then_step(threshold: int, ctx: Context) -> int:
    number = ctx.wait_for_condition(increment, 0, until=lambda number: number >= threshold, poll=EVERY_SECOND)
    return ctx.step(multiply, number)


@durable
def one_after_the_other(_: None, ctx: Context) -> int:
    first = ctx.wait_for_condition(increment, 0, until=lambda number: number >= 2, poll=EVERY_SECOND)
    return ctx.wait_for_condition(increment, first, until=lambda number: number >= 4, poll=EVERY_SECOND)
