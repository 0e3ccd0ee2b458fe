"""Async workflows through the whole engine: what is the same as in the other colour."""

import asyncio

import pytest

from perdure import Retry, StepInterrupted, current_context, current_step, failure, step
from support.hosting import hosted, moves, run, said, status
from support.ledger_service import START, Faults, LedgerService, succeeded
from support.step_bodies import Declined, aadd, add

pytestmark = pytest.mark.usefixtures("nothing_is_left")


@pytest.mark.parametrize("body", [add, aadd])
def test_a_quick_step_costs_one_request(body):
    async def workflow(event, ctx):
        return await ctx.step(body, 1, 2)

    harness = run(workflow)
    assert succeeded(harness.execution) == 3
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]


def test_step_wait_step_takes_two_invocations():
    async def workflow(event, ctx):
        assert current_context() is ctx
        first = await ctx.step(add, event["n"], 1)
        await ctx.wait(hours=2, name="carrier pickup")
        return await ctx.step("again", aadd, first, 1)

    harness = run(workflow, '{"n": 5}')
    assert succeeded(harness.execution) == 7
    assert moves(harness) == [["STEP START", "STEP SUCCEED"], ["WAIT START"], ["STEP START", "STEP SUCCEED"]]
    assert harness.service.clock.now - START == 7200
    assert len(harness.outputs) == 2


def test_a_failed_step_raises_its_own_class_live_and_on_replay():
    caught = []

    @step(retry=Retry.NONE)
    async def decline():
        raise Declined("no funds")

    async def workflow(event, ctx):
        try:
            await ctx.step(decline)
        except Declined as error:
            caught.append((str(error), failure(error).operation))
        await ctx.wait(1)
        return "went on"

    assert succeeded(run(workflow).execution) == "went on"
    assert caught == [("no funds", "decline")] * 2


@pytest.mark.parametrize("colour", ["sync body", "async body"])
def test_a_failed_attempt_is_retried(colour):
    attempts = []

    def flaky():
        attempts.append(current_step().attempt)
        if len(attempts) < 3:
            raise OSError("busy")
        return "ok"

    async def aflaky():
        return flaky()

    body = step(flaky if colour == "sync body" else aflaky, retry=Retry.fixed(attempts=3, delay=10))

    async def workflow(event, ctx):
        return await ctx.step(body)

    harness = run(workflow)
    assert succeeded(harness.execution) == "ok"
    assert attempts == [1, 2, 3]
    assert harness.service.clock.now - START == 20


def test_an_interrupted_once_step_is_not_run_again():
    runs = []

    @step(once=True)
    async def charge():
        runs.append(1)

    async def workflow(event, ctx):
        try:
            await ctx.step(charge)
        except StepInterrupted:
            return "unknown"

    harness = run(workflow, faults=Faults(before=frozenset({2})))
    assert succeeded(harness.execution) == "unknown"
    assert len(runs) == 1


def test_a_batch_that_recorded_branches_decide_goes_on():
    @step
    async def recorded():
        return 7

    async def code(ctx):
        return await ctx.step(aadd, 1, 2)

    async def workflow(event, ctx):
        batch = await ctx.parallel([code, recorded], concurrency=1, flat=True)
        await ctx.wait(5)
        return batch.values()

    harness = run(workflow, faults=Faults(before=frozenset({3})))  # of the batch nothing is recorded but its branches
    assert succeeded(harness.execution) == [3, 7]
    assert len(harness.outputs) == 3


def test_a_sync_workflow_may_call_async_steps():
    def workflow(event, ctx):
        first = ctx.step(aadd, 1, 2)
        ctx.wait(1)
        return ctx.step(aadd, first, 1)

    assert succeeded(run(workflow).execution) == 4


def test_a_sync_workflow_sees_the_failure_of_an_async_step():
    @step(retry=Retry.NONE)
    async def decline():
        await asyncio.sleep(0)
        raise Declined("no funds")

    def workflow(event, ctx):
        with pytest.raises(Declined):
            ctx.step(decline)

    assert succeeded(run(workflow).execution) is None


def test_an_async_step_knows_itself():
    async def who():
        await asyncio.sleep(0)
        return current_step().name

    async def workflow(event, ctx):
        return await ctx.step(who)

    assert succeeded(run(workflow).execution) == "who"
    assert succeeded(run(lambda event, ctx: ctx.step(who)).execution) == "who"


def test_a_changed_workflow_fails_with_the_place_of_the_call():
    service = LedgerService()

    async def before(event, ctx):
        await ctx.step("reserve", add, 1, 2)
        await ctx.wait(1)

    async def after(event, ctx):
        await ctx.step("book", add, 1, 2)

    hosted(before, service).invoke()
    harness = hosted(after, service)
    harness.run()
    assert "name: recorded 'reserve', asked 'book'" in said(harness)
    assert "test_async_workflows.py:" in said(harness)


def test_an_async_step_that_cancels_itself_fails_a_sync_workflow_like_any_other():
    @step(retry=Retry.NONE)
    async def cancels():
        raise asyncio.CancelledError

    harness = run(lambda event, ctx: ctx.step(cancels))
    assert status(harness) == "FAILED"
    assert "cancelled from within" in said(harness)


def test_a_loop_that_runs_already_lets_lambda_retry_and_is_not_taken_for_a_suspension():
    async def workflow(event, ctx):
        return "never"

    async def elsewhere(harness):
        harness.invoke()

    harness = hosted(workflow, LedgerService())
    asyncio.run(elsewhere(harness))
    (output,) = harness.outputs
    assert isinstance(output, RuntimeError)
