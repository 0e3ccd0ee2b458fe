"""Gather, race, first success, settle: what they answer, live and on replay."""

import asyncio
import gc

import pytest

from perdure import BatchError, BatchStatus, DurableCallRefused, Retry, child, failure, step
from support.colours import both
from support.hosting import error_of, run, said, status
from support.ledger_service import Faults, LedgerService, Reply, succeeded
from support.step_bodies import Declined, add


def operations(harness):
    return [(str(one.kind), one.name) for one in harness.execution.operations][1:]


def waiting(colour, seconds, value):
    @colour
    def branch(ctx):
        yield ctx.wait(seconds=seconds)
        return value

    return branch


def failing(colour, seconds, error):
    @colour
    def branch(ctx):
        yield ctx.wait(seconds=seconds)
        raise error

    return branch


@both
def test_gather_returns_all_results_in_order(colour):
    @colour
    def workflow(event, ctx):
        found = yield ctx.gather(waiting(colour, 9, "slow"), waiting(colour, 1, 2), lambda c: c.step(add, 1, 2))
        assert isinstance(found, tuple)
        yield ctx.wait(seconds=1)
        return found

    assert succeeded(run(workflow, strict=True).execution) == ["slow", 2, 3]


@both
def test_gather_raises_what_the_first_to_fail_raised_live_and_on_replay(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.gather(
                failing(colour, 50, KeyError("late")), failing(colour, 5, Declined("early", 1)), waiting(colour, 90, 0)
            )
        except Declined as error:
            seen.append((error.args, failure(error), type(error.__cause__), error.__notes__))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert seen[0][0] == ("early", 1)
    assert harness.service.clock.now - harness.execution.spec.started_at == 6


@both
def test_race_answers_as_the_first_that_is_over(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((yield ctx.race(waiting(colour, 50, "slow"), waiting(colour, 5, "quick"))))
        try:
            yield ctx.race(waiting(colour, 50, "slow"), failing(colour, 5, Declined("quick")))
        except Declined as error:
            seen.append(str(error))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen[-2:] == ["quick", "quick"]
    assert set(seen) == {"quick"}


@both
def test_the_winner_of_a_race_stays_the_winner_when_others_could_end_too(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((1, (yield ctx.race(waiting(colour, 6, "first"), waiting(colour, 5, "second")))))
        yield ctx.wait(seconds=60)
        seen.append((2, (yield ctx.race(lambda c: c.step("a", lambda: "a"), waiting(colour, 5, "b")))))
        yield ctx.wait(seconds=60)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert len(seen) > 3
    assert set(seen) == {(1, "second"), (2, "a")}


@both
@pytest.mark.parametrize("crash", range(1, 9))
def test_a_crash_anywhere_leaves_one_winner(colour, crash):
    seen = []

    @colour
    def workflow(event, ctx):
        winner = yield ctx.race(waiting(colour, 6, "first"), waiting(colour, 5, "second"))
        yield ctx.step("use it", lambda: seen.append(winner))
        yield ctx.wait(seconds=60)
        return winner

    for faults in (Faults(before=frozenset({crash})), Faults(after=frozenset({crash}))):
        seen.clear()
        harness = run(workflow, faults=faults, strict=True)
        assert status(harness) == "SUCCEEDED", said(harness)
        assert {succeeded(harness.execution)} == set(seen)


@both
def test_first_success_passes_over_failures(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((yield ctx.first_success(failing(colour, 1, Declined("no")), waiting(colour, 5, "yes"))))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen == ["yes", "yes"]


@both
def test_first_success_raises_a_batch_error_where_all_failed(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.first_success(failing(colour, 2, Declined("one")), failing(colour, 1, KeyError("two")))
        except BatchError as error:
            seen.append((str(error), [repr(one) for one in error.exceptions]))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert seen[0][1] == ["Declined('one')", "KeyError('two')"]


@both
def test_settle_tells_what_became_of_each(colour):
    seen = []

    @colour
    def workflow(event, ctx):
        items = yield ctx.settle(failing(colour, 2, Declined("one")), waiting(colour, 1, 2), lambda c: c.step(add, 1, 2))
        assert isinstance(items, tuple)
        seen.append([(item.index, item.status, item.result, repr(item.error)) for item in items])
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert [line[1] for line in seen[0]] == [BatchStatus.FAILED, BatchStatus.SUCCEEDED, BatchStatus.SUCCEEDED]


@both
def test_nothing_to_gather_is_nothing(colour):
    @colour
    def workflow(event, ctx):
        one = yield ctx.gather()
        two = yield ctx.settle()
        yield ctx.wait(seconds=1)
        return [one, two]

    assert succeeded(run(workflow, strict=True).execution) == [[], []]


@both
def test_a_name_is_the_batch_s_and_none_is_made_up(colour):
    @colour
    def workflow(event, ctx):
        yield ctx.gather(waiting(colour, 1, 0), name="given")
        yield ctx.race(waiting(colour, 1, 0))
        yield ctx.settle(waiting(colour, 1, 0), name="settled")

    names = [name for kind, name in operations(run(workflow)) if kind == "CONTEXT"]
    assert names == ["given", "parallel-branch-0", None, "parallel-branch-0", "settled", "parallel-branch-0"]


@both
def test_steps_and_children_are_branches_of_a_combinator(colour):
    @step(name="plain")
    def plain():
        return "plain"

    @colour
    def code(ctx):
        return (yield ctx.step("inner", lambda: ctx.index))

    @colour
    def workflow(event, ctx):
        return (yield ctx.gather(plain, child(code, name="named"), code))

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == ["plain", 1, 2]


@both
def test_combinators_nest(colour):
    @colour
    def inner(ctx):
        return (yield ctx.race(waiting(colour, 9, "slow"), waiting(colour, 3, "quick")))

    @colour
    def outer(ctx):
        return (yield ctx.gather(inner, inner))

    @colour
    def workflow(event, ctx):
        return (yield ctx.first_success(outer, waiting(colour, 60, "never")))

    assert succeeded(run(workflow, strict=True).execution) == ["quick", "quick"]


@both
def test_large_results_come_back_on_replay(colour):
    seen = []

    @colour
    def branch(ctx):
        return (yield ctx.step("big", lambda: "x" * 200_000))

    @colour
    def workflow(event, ctx):
        found = yield ctx.gather(branch, branch)
        one = yield ctx.race(branch, waiting(colour, 60, 0))
        seen.append(([len(text) for text in found], len(one)))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen == [([200_000, 200_000], 200_000)] * 2


# Operations as branches: async workflows only


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
        seen.append(await ctx.race(ctx.wait(seconds=30), ctx.wait_for_callback(lambda id: None, name="human")))
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
        with pytest.raises(RuntimeError, match="awaited once"):
            if how == "twice":
                ctx.gather(one, one)
            else:
                ctx.gather(one)
        if how == "twice":
            assert await asyncio.sleep(0, "done") == "done"
        return (await ctx.step("after", lambda: 5))

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
    gc.collect()


def test_an_operation_of_the_branch_s_own_context_is_handed_over_inside_a_branch():
    async def branch(ctx, item):
        return await ctx.gather(ctx.step(add, item, 1), ctx.wait(seconds=item + 1))

    async def workflow(event, ctx):
        return (await ctx.map(branch, [1, 2])).values()

    assert succeeded(run(workflow, strict=True).execution) == [[2, None], [3, None]]
