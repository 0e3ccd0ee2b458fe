"""Child functions as branches: their options hold live and on replay, and what cannot be one is refused."""

import pytest

from perdure import Completion, child
from support.colours import both
from support.hosting import error_of, moves, run, said, status
from support.ledger_service import succeeded
from support.step_bodies import Declined, add


def mapped(error):
    return Declined(f"mapped {error}")


@both
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("call", ["parallel", "map"])
def test_on_error_maps_the_failure_of_a_branch_live_and_on_replay(colour, call, flat):
    seen = []

    @colour
    def failing(ctx, *item):
        yield ctx.step(add, 1, 1)
        raise ValueError("no")

    @colour
    def workflow(event, ctx):
        code = child(failing, on_error=mapped)
        options = {"completion": Completion.ALL_COMPLETED, "flat": flat}
        batch = yield (ctx.parallel([code], **options) if call == "parallel" else ctx.map(code, [1], **options))
        seen.append([repr(item.error) for item in batch])
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen == [["Declined('mapped no')"]] * 2


@both
def test_on_error_of_one_branch_is_not_that_of_another(colour):
    seen = []

    @colour
    def failing(ctx):
        raise ValueError("no")
        yield

    @colour
    def workflow(event, ctx):
        branches = [child(failing, on_error=mapped), failing]
        batch = yield ctx.parallel(branches, completion=Completion.ALL_COMPLETED)
        seen.append([repr(item.error) for item in batch])
        yield ctx.wait(seconds=1)

    run(workflow, strict=True)
    assert seen == [["Declined('mapped no')", "ValueError('no')"]] * 2


@pytest.mark.parametrize("call", ["race", "gather", "settle"])
def test_a_virtual_child_that_was_called_is_no_branch(call):
    async def code(ctx):
        return await ctx.step(add, 1, 1)

    async def workflow(event, ctx):
        called = ctx.run_in_child_context(child(code, virtual=True))
        await getattr(ctx, call)(called, ctx.step(add, 2, 2))

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert error_of(harness)["ErrorType"] == "TypeError"
    assert "is virtual; hand the function over" in said(harness)
    assert not moves(harness)


@both
def test_the_function_of_a_virtual_child_is_a_branch(colour):
    @colour
    def code(ctx):
        return (yield ctx.step(add, 1, 1))

    @colour
    def workflow(event, ctx):
        found = yield ctx.gather(child(code, virtual=True), code)
        yield ctx.wait(seconds=1)
        return list(found)

    assert succeeded(run(workflow, strict=True).execution) == [2, 2]
