"""Suspension unwinds user code, also where that code swallows it."""

import pytest

from support.hosting import GivenUp, hosted, moves, run
from support.ledger_service import LedgerService
from support.step_bodies import add


def swallow_once(ctx):
    try:  # noqa: SIM105
        ctx.wait(5)
    except BaseException:  # noqa: BLE001, S110
        pass
    return "wrong"


def swallow_bare(ctx):
    try:
        ctx.wait(5)
    except:  # noqa: E722
        return "wrong"


def swallow_and_call(ctx):
    try:
        ctx.wait(5)
    except BaseException:  # noqa: BLE001
        return ctx.step(add, 1, 2)


def swallow_in_finally(ctx):
    try:
        ctx.wait(5)
    finally:
        return "wrong"  # noqa: B012


def swallow_in_a_loop(ctx):
    for _ in range(50):
        try:
            ctx.wait(5)
            break
        except BaseException:  # noqa: BLE001, S112
            continue
    return "wrong"


def swallow_in_a_generator(ctx):
    def steps():
        try:
            yield ctx.wait(5)
        except BaseException:  # noqa: BLE001
            yield "wrong"

    return next(iter(list(steps())))


def swallow_and_raise_another(ctx):
    try:
        ctx.wait(5)
    except BaseException as error:
        raise ValueError("wrong") from error


@pytest.mark.parametrize(
    "workflow",
    [
        swallow_once,
        swallow_bare,
        swallow_and_call,
        swallow_in_finally,
        swallow_in_a_loop,
        swallow_in_a_generator,
        swallow_and_raise_another,
    ],
)
def test_a_swallowed_suspension_still_suspends(workflow):
    harness = hosted(lambda event, ctx: workflow(ctx), LedgerService())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert moves(harness) == [["WAIT START"]]


def test_code_that_swallows_for_ever_is_given_up():
    def workflow(event, ctx):
        while True:
            try:
                ctx.wait(5)
            except BaseException as error:
                if isinstance(error, GivenUp):
                    raise

    harness = hosted(workflow, LedgerService())
    with pytest.raises(GivenUp) as given_up:
        harness.invoke()
    assert given_up.value.output == b'{"Status":"PENDING"}'


def test_a_handler_is_told_when_it_is_unwound():
    seen = []

    def workflow(event, ctx):
        try:
            ctx.wait(5)
        finally:
            seen.append(ctx.suspending)

    run(workflow)
    assert seen == [True, False]
