"""Combinators over operations, which only async workflows have."""

import pytest

from perdure import DurableCallRefused, Retry, failure, step
from support.hosting import error_of, run, said, status
from support.ledger_service import LedgerService, Reply, succeeded
from support.step_bodies import Declined, add


def test_operations_are_branches_of_an_async_combinator():
    seen = []

    async def workflow(event, ctx):
        found = await ctx.gather(ctx.step(add, 1, 2), ctx.wait(seconds=5), ctx.step("two", lambda: "x"), waiter)
        seen.append(found)
        await ctx.wait(seconds=1)
        return found

    async def waiter(ctx):
        await ctx.wait(seconds=2)
        return ctx.index

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [3, None, "x", 3]
    assert set(seen) == {(3, None, "x", 3)}


@pytest.mark.parametrize(("after", "winner"), [(2, "answered"), (60, None)])
def test_a_wait_races_a_callback(after, winner):
    seen = []

    async def workflow(event, ctx):
        callback = await ctx.create_callback(name="cb")

        async def answer(own):
            return await callback.result()

        seen.append(await ctx.race(ctx.wait(seconds=30), answer))
        seen.append(await ctx.race(ctx.wait(seconds=30), ctx.wait_for_callback(lambda callback_id: None, name="human")))
        await ctx.wait(seconds=90)

    service = LedgerService(answers={"*": Reply("answered", after=after)})
    harness = run(workflow, service=service, strict=True)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert set(seen) == {winner}


def test_a_callback_s_result_is_an_operation_of_a_combinator():
    async def workflow(event, ctx):
        callback = await ctx.create_callback(name="cb")
        return await ctx.race(ctx.wait(seconds=30), callback.result())

    harness = run(workflow, service=LedgerService(answers={"cb": "yes"}), strict=True)
    assert succeeded(harness.execution) == "yes"


def test_failures_of_operations_are_equal_live_and_on_replay():
    seen = []

    @step(retry=Retry.NONE)
    def pay():
        raise Declined("no", 7)

    async def workflow(event, ctx):
        try:
            await ctx.gather(ctx.step(pay), ctx.wait(seconds=60))
        except Declined as error:
            seen.append((error.args, failure(error), type(error.__cause__), error.__notes__))
        items = await ctx.settle(ctx.step(pay), ctx.invoke("other"))
        seen.append([(item.status, item.result, repr(item.error), type(item.error)) for item in items])
        await ctx.wait(seconds=1)

    from perdure_local.ledger import ErrorObject

    service = LedgerService(answers={"other": Reply(error=ErrorObject(ErrorType="T", ErrorMessage="m"))})
    harness = run(workflow, service=service, strict=True)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert seen[-2] == seen[0]
    assert seen[-1] == seen[-3] or len(seen) == 4


def test_an_operation_that_was_handed_over_is_not_awaited_again():
    async def workflow(event, ctx):
        one = ctx.step(add, 1, 2)
        await ctx.gather(one, ctx.wait(seconds=5))
        with pytest.raises(RuntimeError, match="awaited once"):
            await one
        return "ok"

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == "ok"


@pytest.mark.parametrize("how", ["twice", "awaited"])
def test_an_operation_is_handed_over_once(how):
    async def workflow(event, ctx):
        one = ctx.step(add, 1, 2)
        if how == "awaited":
            await one
        branches = [one, one] if how == "twice" else [one]
        with pytest.raises(RuntimeError, match="awaited once"):
            ctx.gather(*branches)
        if how == "twice":
            assert True
        return await ctx.step("after", lambda: 5)

    harness = run(workflow)
    if how == "awaited":
        assert succeeded(harness.execution) == 5
    else:  # the operation has its place, and nobody ran it: the workflow is told so
        assert status(harness) == "FAILED"
        assert "never awaited" in said(harness)


def test_a_foreign_coroutine_is_refused():
    async def foreign():
        return 1

    async def workflow(event, ctx):
        coroutine = foreign()
        try:
            with pytest.raises(TypeError):
                ctx.gather(coroutine)
        finally:
            coroutine.close()
        return await ctx.step("after", lambda: 5)

    assert succeeded(run(workflow).execution) == 5


def test_an_operation_in_parallel_or_map_is_refused():
    async def workflow(event, ctx):
        one = ctx.step(add, 1, 2)
        with pytest.raises(TypeError):
            ctx.parallel([one])
        return await one

    assert succeeded(run(workflow).execution) == 3


def test_a_combinator_never_awaited_is_told_of():
    async def workflow(event, ctx):
        ctx.gather(ctx.step(add, 1, 2), ctx.wait(seconds=5))
        return 1

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "never awaited" in said(harness)
    assert error_of(harness)["ErrorType"].endswith(DurableCallRefused.__name__)


def test_an_operation_of_the_branch_s_own_context_is_handed_over_inside_a_branch():
    async def branch(ctx, item):
        return await ctx.gather(ctx.step(add, item, 1), ctx.wait(seconds=item + 1))

    async def workflow(event, ctx):
        return (await ctx.map(branch, [1, 2])).values()

    assert succeeded(run(workflow, strict=True).execution) == [[2, None], [3, None]]
