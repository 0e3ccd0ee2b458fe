"""Durable calls that async code may not make."""

import asyncio

import pytest

from perdure import DurableCallRefused
from support.hosting import run, said, status
from support.ledger_service import succeeded
from support.step_bodies import add

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_an_operation_called_in_another_task_is_refused():
    async def workflow(event, ctx):
        async def elsewhere():
            await ctx.step(add, 1, 2)

        await asyncio.create_task(elsewhere())

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "in a task of your own" in said(harness)


def test_an_operation_called_on_another_thread_is_refused():
    async def workflow(event, ctx):
        return await asyncio.to_thread(lambda: ctx.step(add, 1, 2))

    assert "on a thread" in said(run(workflow))


@pytest.mark.parametrize("colour", ["sync body", "async body"])
def test_an_operation_called_inside_a_step_is_refused(colour):
    async def workflow(event, ctx):
        def nested():
            return ctx.step(add, 1, 2)

        async def anested():
            return await ctx.step(add, 1, 2)

        await ctx.step(nested if colour == "sync body" else anested)

    assert "inside a step" in said(run(workflow))


def test_an_operation_that_is_never_awaited_is_named():
    async def workflow(event, ctx):
        ctx.step("forgotten", add, 1, 2)
        return "wrong"

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "step 'forgotten'" in said(harness)
    assert "never awaited" in said(harness)


def test_an_operation_is_awaited_once():
    async def workflow(event, ctx):
        operation = ctx.step(add, 1, 2)
        await operation
        with pytest.raises(RuntimeError, match="awaited once"):
            await operation
        return repr(operation)

    assert "awaited>" in succeeded(run(workflow).execution)


def test_a_workflow_that_cancels_itself_fails():
    async def workflow(event, ctx):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    assert "cancelled its own task" in said(run(workflow))


def test_refusals_are_ordinary_errors_of_the_call():
    async def workflow(event, ctx):
        async def elsewhere():
            with pytest.raises(DurableCallRefused):
                ctx.wait(1)
            return "refused"

        return await asyncio.create_task(elsewhere())

    assert succeeded(run(workflow).execution) == "refused"
