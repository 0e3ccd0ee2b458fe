"""Operations that their code does not wait for: told of where it forgot them, and silent once it is over."""

import asyncio

import pytest

from perdure import Completion, Retry, child, step
from support.hosting import moves, run, said, status
from support.ledger_service import LedgerService, Reply, succeeded
from support.step_bodies import add

ONCE = Retry.fixed(attempts=1, delay=1)


def every_move(harness):
    return [move for request in moves(harness) for move in request]


# Operations asked for ahead


@pytest.mark.parametrize("winner", ["code", "step"])
def test_a_loser_may_leave_operations_behind_that_it_never_came_to(winner):
    async def slow(ctx):
        wait, after = ctx.wait(seconds=100), ctx.step(add, 1, 1)
        await wait
        return await after

    async def fast(ctx):
        return 7 if winner == "code" else await ctx.step(add, 3, 4)

    async def workflow(event, ctx):
        return await ctx.race(slow, fast)

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == 7


def test_losers_inside_losers_may_leave_operations_behind_too():
    async def inner(ctx):
        wait, _after = ctx.wait(seconds=100), ctx.step(add, 1, 1)
        await wait

    async def slow(ctx):
        await ctx.run_in_child_context(inner)

    async def fast(ctx):
        return await ctx.step(add, 3, 4)

    async def workflow(event, ctx):
        return await ctx.race(slow, fast)

    assert succeeded(run(workflow, strict=True).execution) == 7


@pytest.mark.parametrize("where", ["child", "branch"])
def test_an_operation_that_code_forgot_to_await_is_told_of_though_its_code_ended_well(where):
    async def forgets(ctx):
        ctx.step("forgotten", add, 1, 1)
        return 1

    async def workflow(event, ctx):
        if where == "child":
            return await ctx.run_in_child_context(forgets)
        return (await ctx.parallel([forgets, forgets])).values()

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "forgotten" in said(harness)
    assert "never awaited" in said(harness)


def test_an_operation_of_a_child_that_is_over_is_refused():
    async def asks(ctx, box):
        box.append(ctx.step("left", add, 1, 1))

    async def workflow(event, ctx):
        box = []
        await ctx.run_in_child_context(lambda child: asks(child, box))
        return await box[0]

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert harness.execution.progress.error["ErrorType"].endswith("DurableCallRefused")
    assert "ended" in said(harness)
    assert len(harness.outputs) == 1


# Operations that outlive their context


@pytest.mark.slow
@pytest.mark.parametrize("where", ["child", "branch"])
def test_nothing_is_recorded_in_a_context_after_its_own_end(where):
    ended = asyncio.Event()

    async def fails():
        raise ValueError("no")

    async def outlives():
        try:
            await asyncio.sleep(0.05)
        finally:
            ended.set()

    async def gathers(ctx):
        await asyncio.gather(
            ctx.step(step(fails, name="fails", retry=ONCE)), ctx.step(step(outlives, name="outlives", retry=ONCE))
        )

    async def workflow(event, ctx):
        if where == "child":
            try:
                await ctx.run_in_child_context(gathers)
            except ValueError as error:
                found = str(error)
        else:
            batch = await ctx.parallel([gathers], completion=Completion.ALL_COMPLETED)
            found = str(batch[0].error)
        await ctx.step(ended.wait)
        await ctx.step(add, 1, 1)
        await ctx.wait(seconds=1)
        return found

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == "no"
    recorded = every_move(harness)
    assert recorded.count("STEP SUCCEED") == 2
    ended_at = recorded.index("CONTEXT FAIL")
    names = [
        update.get("Name")
        for request in harness.service.requests
        for update in request.updates
        if update["Action"] != "START"
    ]
    assert "outlives" not in names
    assert recorded[:ended_at].count("STEP FAIL") == 1


def test_what_a_context_left_waiting_does_not_hold_the_execution():
    async def fails():
        raise ValueError("no")

    async def gathers(ctx):
        await asyncio.gather(ctx.wait(days=1), ctx.step(step(fails, retry=ONCE)))

    async def workflow(event, ctx):
        try:
            await ctx.run_in_child_context(gathers)
        except ValueError:
            await ctx.wait(seconds=5)
        return "done"

    harness = run(workflow)
    assert succeeded(harness.execution) == "done"
    assert harness.service.clock.now - harness.execution.spec.started_at == 5


def test_a_callback_is_waited_for_by_whoever_asks_for_its_result():
    async def workflow(event, ctx):
        callback = await ctx.create_callback(name="cb")

        async def asking(inner):
            return await callback.result()

        return (await ctx.parallel([asking, asking])).values()

    harness = run(workflow, service=LedgerService(answers={"cb": Reply("yes", after=30)}))
    assert succeeded(harness.execution) == ["yes", "yes"]


def test_a_sync_handler_that_is_cancelled_from_within_has_failed():
    def workflow(event, ctx):
        raise asyncio.CancelledError

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "cancelled from within" in said(harness)


def test_a_virtual_child_that_is_refused_can_still_be_awaited():
    async def code(ctx):
        return 7

    async def workflow(event, ctx):
        operation = ctx.run_in_child_context(child(code, virtual=True))
        with pytest.raises(TypeError, match="virtual"):
            await ctx.gather(operation)
        return await operation

    assert succeeded(run(workflow).execution) == 7
