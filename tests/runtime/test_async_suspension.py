"""Suspension of async workflows: what is unwound, and what becomes of tasks of the user's own."""

import asyncio
import time

import pytest

from perdure_runtime.drivers.aio_loop import the_loop
from support.hosting import GivenUp, hosted, moves, run
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

pytestmark = pytest.mark.usefixtures("nothing_is_left")


async def swallow_once(ctx):
    try:  # noqa: SIM105
        await ctx.wait(5)
    except BaseException:  # noqa: BLE001, S110
        pass
    return "wrong"


async def swallow_and_call(ctx):
    try:
        await ctx.wait(5)
    except BaseException:  # noqa: BLE001
        return await ctx.step(add, 1, 2)


async def swallow_in_finally(ctx):
    try:
        await ctx.wait(5)
    finally:
        return "wrong"  # noqa: B012


async def swallow_in_a_loop(ctx):
    for _ in range(50):
        try:
            await ctx.wait(5)
            break
        except BaseException:  # noqa: BLE001, S112
            continue
    return "wrong"


async def swallow_in_a_gather(ctx):
    await asyncio.gather(ctx.wait(5), return_exceptions=True)
    return "wrong"


async def swallow_and_sleep(ctx):
    try:
        await ctx.wait(5)
    except BaseException:  # noqa: BLE001
        await asyncio.sleep(0.01)
    return "wrong"


SWALLOWS = [
    swallow_once,
    swallow_and_call,
    swallow_in_finally,
    swallow_in_a_loop,
    swallow_in_a_gather,
    swallow_and_sleep,
]


@pytest.mark.parametrize("swallow", SWALLOWS)
def test_a_swallowed_suspension_still_suspends(swallow):
    async def workflow(event, ctx):
        return await swallow(ctx)

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert moves(harness) == [["WAIT START"]]


@pytest.mark.slow
def test_code_that_holds_on_for_ever_is_left_where_it_is():
    held = []

    async def workflow(event, ctx):
        held.append(asyncio.Event())
        wait = asyncio.ensure_future(ctx.wait(5))
        while not held[0].is_set():
            try:
                await held[0].wait()
            except BaseException:  # noqa: BLE001, S112
                continue
        await wait

    harness = hosted(workflow, LedgerService())
    with pytest.raises(GivenUp) as given_up:
        harness.invoke()
    assert given_up.value.output == b'{"Status":"PENDING"}'
    held[0].set()  # on Lambda the process ends; this one has other tests to run, on the same loop
    the_loop().run_until_complete(asyncio.wait(asyncio.all_tasks(the_loop())))


def test_a_finally_that_awaits_has_time_to_clean_up():
    seen = []

    async def workflow(event, ctx):
        try:
            await ctx.wait(5)
        finally:
            await asyncio.sleep(0.02)
            seen.append(ctx.suspending)

    run(workflow)
    assert seen == [True, False]


def test_timers_and_tasks_of_the_users_own_do_not_hold_a_run_open(capsys):
    async def workflow(event, ctx):
        async def ticking():
            await asyncio.sleep(3600)

        task = asyncio.create_task(ticking(), name="ticking")
        await ctx.wait(5)
        task.cancel()
        return "done"

    begun = time.monotonic()
    harness = run(workflow)
    assert succeeded(harness.execution) == "done"
    assert time.monotonic() - begun < 20
    assert "ticking" in capsys.readouterr().out


def test_a_short_timer_of_the_users_own_is_given_its_grace():
    async def workflow(event, ctx):
        async def soon():
            await asyncio.sleep(0.02)
            return "soon"

        first, _ = await asyncio.gather(soon(), ctx.wait(5))
        return first

    assert succeeded(run(workflow).execution) == "soon"


def test_tasks_of_one_invocation_do_not_run_in_the_next():
    seen = []

    async def workflow(event, ctx):
        async def background(number):
            while True:
                seen.append(number)
                await asyncio.sleep(0.001)

        task = asyncio.create_task(background(len(seen)))
        await ctx.wait(5)
        before = len(seen)
        await asyncio.sleep(0.02)
        assert set(seen[before:]) <= {seen[before]}
        return bool(task)

    assert succeeded(run(workflow).execution) is True


def test_background_tasks_are_cancelled_before_the_answer():
    ended = []

    async def workflow(event, ctx):
        async def background():
            try:
                await asyncio.sleep(3600)
            finally:
                ended.append("background")

        task = asyncio.create_task(background())
        await asyncio.sleep(0)
        return task.done()

    assert succeeded(run(workflow).execution) is False
    assert ended == ["background"]
