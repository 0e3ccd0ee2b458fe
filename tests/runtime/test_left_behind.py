"""An invocation leaves nothing that only the collector would find: memory stays flat between its runs."""

import asyncio
import gc
import time
from collections import Counter

import pytest

from perdure import Retry, step
from perdure_runtime.core.records import Record
from perdure_runtime.core.vocabulary import Kind
from perdure_runtime.logs.settings import SETTINGS
from support.colours import both
from support.hosting import hosted, status
from support.ledger_service import LedgerService

ANSWERS = {"cb": "hello", "human create callback id": "1", "*": '{"r":1}'}
OF_A_RUN = (Record, asyncio.Task, asyncio.Future)


@pytest.fixture(autouse=True)
def silence():
    level, SETTINGS.level = SETTINGS.level, 100
    yield
    SETTINGS.level = level


@step(retry=Retry.fixed(attempts=2, delay=1))
def fails_for_good(item):
    raise ValueError(item)


@step
def same(item):
    return item


def branch(ctx, item):
    ctx.wait(seconds=5 + item)
    return ctx.step(same, item) + ctx.index


def raising(ctx):
    raise KeyError("no")


def again(ctx, attempt):
    ctx.step(same, attempt)
    if attempt < 3:
        raise LookupError(attempt)


def workflow(event, ctx):
    ctx.run_in_child_context(branch_alone, 1)
    ctx.map(branch, [1, 2, 3])
    ctx.map(same, [1, 2, 3], concurrency=2)
    ctx.map(branch, [1], flat=True)
    ctx.create_callback(name="cb").result()
    ctx.wait_for_callback(lambda callback_id: None, name="human")
    ctx.invoke("other", {"a": 1})
    ctx.wait_for_condition(lambda state: state + 1, 0, until=lambda state: state >= 3, name="cond")
    ctx.with_retry(again)
    ctx.race(lambda c: c.wait(seconds=100), lambda c: c.step(same, 1))
    ctx.settle(raising, lambda c: c.step(fails_for_good, 1), lambda c: c.step(same, 1))
    with pytest.raises(ValueError, match="7"):
        ctx.step(fails_for_good, 7)


def branch_alone(ctx, item):
    ctx.wait(seconds=5)
    return ctx.step(same, item)


async def async_branch(ctx, item):
    await ctx.wait(seconds=5 + item)
    return await ctx.step(same, item) + ctx.index


async def async_alone(ctx, item):
    await ctx.wait(seconds=5)
    return await ctx.step(same, item)


async def async_raising(ctx):
    raise KeyError("no")


async def async_again(ctx, attempt):
    await ctx.step(same, attempt)
    if attempt < 3:
        raise LookupError(attempt)


async def async_workflow(event, ctx):
    await ctx.run_in_child_context(async_alone, 1)
    await ctx.map(async_branch, [1, 2, 3])
    await ctx.map(same, [1, 2, 3], concurrency=2)
    await ctx.map(async_branch, [1], flat=True)
    await (await ctx.create_callback(name="cb")).result()
    await ctx.wait_for_callback(lambda callback_id: None, name="human")
    await ctx.invoke("other", {"a": 1})
    await ctx.wait_for_condition(lambda state: state + 1, 0, until=lambda state: state >= 3, name="cond")
    await ctx.with_retry(async_again)
    await ctx.race(lambda c: c.wait(seconds=100), lambda c: c.step(same, 1))
    await ctx.race(ctx.wait(seconds=100), ctx.step(same, 1))
    await ctx.settle(async_raising, lambda c: c.step(fails_for_good, 1), lambda c: c.step(same, 1))
    with pytest.raises(ValueError, match="7"):
        await ctx.step(fails_for_good, 7)


@pytest.mark.slow
@pytest.mark.parametrize("code", [workflow, async_workflow], ids=["sync", "async"])
def test_a_run_with_every_operation_leaves_nothing_to_the_collector(code):
    harness = hosted(code, LedgerService(answers=ANSWERS), strict=True)

    def run():
        harness.service.__init__(answers=ANSWERS)
        harness.run()
        assert status(harness) == "SUCCEEDED"
        harness.outputs.clear()

    def left():
        return Counter(type(it).__name__ for it in gc.get_objects() if type(it) in OF_A_RUN)

    run()
    gc.collect()
    gc.disable()
    gc.freeze()  # what there was before is not looked through, and not counted
    try:
        run()
        deadline = time.monotonic() + 10
        while left() and time.monotonic() < deadline:
            time.sleep(0.005)  # a thread of the pool lets go of what it worked on last when its turn comes
        assert left() == Counter()
    finally:
        gc.unfreeze()
        gc.enable()


@both
def test_a_logger_that_outlives_its_run_keeps_no_history(colour):
    loggers = []

    @colour
    def keeping(event, ctx):
        loggers.append(ctx.logger)
        yield ctx.step(same, 1)
        yield ctx.wait(seconds=5)
        return (yield ctx.step(same, 2))

    harness = hosted(keeping, LedgerService(), strict=True)
    before = gc.get_objects()
    known = set(map(id, before))
    harness.run()
    assert status(harness) == "SUCCEEDED"
    records = [it for it in gc.get_objects() if type(it) is Record and id(it) not in known]
    left = [it for it in records if it.kind is not Kind.EXECUTION]  # that one is among the facts of `ctx.execution`
    assert (len(loggers), left) == (2, [])
    del before
