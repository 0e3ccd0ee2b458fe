"""Bodies of an async workflow: each has a task or a thread of its own, and costs the loop no more than it must."""

import asyncio
import gc
from contextvars import ContextVar, copy_context

import pytest

from perdure import Retry, step
from perdure_runtime.core.effects import Ok
from perdure_runtime.drivers.aio_bodies import AioBodies
from perdure_runtime.drivers.aio_loop import Loop
from perdure_runtime.drivers.pool import Job
from support.hosting import run, status
from support.ledger_service import succeeded

WHO = ContextVar("WHO", default="nobody")


async def at_once():
    """Does not wait for anything."""


async def later():
    """Lets the loop turn."""
    await asyncio.sleep(0)


@pytest.mark.parametrize("waits", [at_once, later])
def test_an_async_body_is_a_task_of_its_own_with_variables_of_its_own(waits):
    tasks = []

    async def body():
        tasks.append(asyncio.current_task())
        await waits()
        assert asyncio.current_task() is tasks[-1]
        WHO.set("the body")

    async def workflow(event, ctx):
        tasks.append(asyncio.current_task())
        await ctx.step(body)
        return [asyncio.current_task() is tasks[0], WHO.get()]

    assert succeeded(run(workflow).execution) == [True, "nobody"]
    assert len(set(tasks)) == 2


@pytest.mark.parametrize("waits", [at_once, later])
def test_an_async_body_that_cancels_its_task_ends_itself_alone(waits):
    @step(retry=Retry.NONE)
    async def body():
        await waits()
        asyncio.current_task().cancel()
        await asyncio.sleep(3600)

    async def workflow(event, ctx):
        with pytest.raises(Exception, match="cancel"):
            await ctx.step(body)
        return "went on"

    assert succeeded(run(workflow).execution) == "went on"


@pytest.mark.parametrize("waits", [at_once, later])
def test_a_task_factory_of_the_users_makes_the_tasks_of_bodies(waits):
    made = []

    def factory(loop, coroutine, **options):
        made.append(coroutine.__name__)
        return asyncio.Task(coroutine, loop=loop, **options)

    async def body():
        await waits()

    async def workflow(event, ctx):
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        try:
            await ctx.step(body)
        finally:
            loop.set_task_factory(None)

    assert status(run(workflow)) == "SUCCEEDED"
    assert made == ["body"]


class RightHere:
    """A pool whose jobs are done as soon as they are handed over."""

    def submit(self, call):
        call()
        return Job()


class Told(Loop):
    """A loop that counts how often other threads wake it."""

    woken = 0

    def call_soon_threadsafe(self, *what, **options):
        self.woken += 1
        return super().call_soon_threadsafe(*what, **options)


def test_the_loop_is_woken_once_for_all_plain_bodies_that_end_until_it_looks():
    loop = Told()
    bodies = AioBodies(loop, RightHere(), None)

    async def many():
        return await asyncio.gather(*(bodies.on_pool(copy_context(), lambda attempt: attempt, n) for n in range(9)))

    try:
        for times in (1, 2):
            assert loop.run_until_complete(many()) == [Ok(number) for number in range(9)]
            assert loop.woken == times
    finally:
        loop.close()


@pytest.mark.parametrize("waits", [at_once, later])
@pytest.mark.parametrize("end", [SystemExit, KeyboardInterrupt])
def test_a_body_that_ends_the_process_does_so_and_nobody_else_tells_of_it(end, waits, caplog):
    async def body():
        await waits()
        raise end

    async def workflow(event, ctx):
        await ctx.step(body)

    with pytest.raises(end):
        run(workflow)
    gc.collect()
    assert [line for line in caplog.records if line.name == "asyncio"] == []
