"""A workflow begins before the loop turns, and may end there: what it sees of the loop, and leaves on it."""

import asyncio
import sys

import pytest

from perdure_runtime.drivers.aio_loop import the_loop
from support.hosting import hosted, run
from support.ledger_service import LedgerService, succeeded


def test_what_a_workflow_leaves_ready_to_run_runs_before_its_answer():
    ran = []

    async def workflow(event, ctx):
        asyncio.get_running_loop().call_soon(ran.append, "left")
        return "fine"

    assert succeeded(run(workflow).execution) == "fine"
    assert ran == ["left"]


def test_a_workflow_that_waits_for_nothing_sees_a_loop_that_runs():
    async def workflow(event, ctx):
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="running"):
            loop.run_until_complete(loop.create_future())
        return [loop.is_running(), asyncio.current_task().get_name()]

    hooks = sys.get_asyncgen_hooks()
    assert succeeded(run(workflow).execution) == [True, "the workflow"]
    assert not the_loop().is_running()
    assert asyncio._get_running_loop() is None
    assert sys.get_asyncgen_hooks() == hooks


def test_what_a_workflow_that_waits_for_nothing_leaves_behind_ends_with_it():
    ended = []

    async def numbers():
        try:
            yield 1
        finally:
            ended.append("generator")

    async def idle():
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("task")

    eager = {"eager_start": True} if sys.version_info >= (3, 12) else {}
    kept = []

    async def workflow(event, ctx):
        left = numbers()
        kept.extend((left, asyncio.Task(idle(), loop=asyncio.get_running_loop(), **eager)))
        return await anext(left)

    assert succeeded(run(workflow).execution) == 1
    assert sorted(ended) == ["generator", "task"]


def test_a_workflow_that_stops_the_loop_and_returns_fails_the_invocation():
    async def workflow(event, ctx):
        asyncio.get_running_loop().stop()
        return "fine"

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    assert "stopped the event loop" in str(harness.outputs[0])


def test_a_workflow_that_stops_the_loop_fails_the_invocation_and_not_the_next_one():
    stops = [True, False]

    async def workflow(event, ctx):
        if stops.pop(0):
            asyncio.get_running_loop().stop()
            await asyncio.sleep(0.01)
        return "fine"

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    assert "stopped the event loop" in str(harness.outputs[0])
    assert succeeded(run(workflow).execution) == "fine"
