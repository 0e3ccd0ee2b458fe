"""The code of a branch: what it sees, where it may make calls, and how it is unwound when its branch has to wait."""

import asyncio
import contextvars
import gc
import threading

import pytest
from greenlet import greenlet

from perdure import DurableCallRefused, current_context, current_step, step
from support.colours import both
from support.hosting import hosted, run, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


@both
def test_a_branch_knows_its_place(colour):
    @colour
    def branch(ctx, item=None):
        yield ctx.step("one", lambda: None)
        return [ctx.index, ctx.total]

    @colour
    def workflow(event, ctx):
        one = yield ctx.parallel([branch, branch])
        two = yield ctx.map(branch, ["a", "b", "c"])
        three = yield ctx.gather(branch)
        with pytest.raises(DurableCallRefused):
            _ = ctx.index
        return [one.values(), two.values(), three]

    harness = run(workflow)
    assert succeeded(harness.execution) == [[[0, 2], [1, 2]], [[0, 3], [1, 3], [2, 3]], [[0, 1]]]


@both
def test_branches_begin_with_the_callers_variables_and_keep_their_own(colour):
    seen = []

    @colour
    def inner(ctx):
        seen.append((ctx.index, "inner", VARIABLE.get()))
        VARIABLE.set("inner")
        yield ctx.step("one", lambda: None)

    @colour
    def branch(ctx, item):
        seen.append((item, "begin", VARIABLE.get()))
        VARIABLE.set(f"branch {item}")
        yield ctx.step("one", lambda: seen.append((item, "body", VARIABLE.get())))
        seen.append((item, "after", VARIABLE.get()))
        yield ctx.parallel([inner])
        seen.append((item, "end", VARIABLE.get()))
        assert current_context() is ctx

    @colour
    def workflow(event, ctx):
        VARIABLE.set("outside")
        (yield ctx.map(branch, [0, 1])).raise_for_failure()
        seen.append(("root", VARIABLE.get()))
        assert current_context() is ctx

    assert status(run(workflow)) == "SUCCEEDED"
    assert [line for line in seen if line[1] == "begin"] == [(0, "begin", "outside"), (1, "begin", "outside")]
    for item in (0, 1):
        assert (item, "body", f"branch {item}") in seen
        assert (item, "after", f"branch {item}") in seen
        assert (item, "end", f"branch {item}") in seen
    assert [line[2] for line in seen if line[1] == "inner"].count("branch 0") == 1
    assert seen[-1] == ("root", "outside")


@both
def test_variables_that_a_body_sets_do_not_reach_its_branch(colour):
    seen = []

    def body():
        VARIABLE.set("body")

    @colour
    def branch(ctx):
        yield ctx.step(body)
        seen.append(VARIABLE.get())
        yield ctx.step("again", body)
        seen.append(VARIABLE.get())

    @colour
    def workflow(event, ctx):
        VARIABLE.set("outside")
        (yield ctx.parallel([branch, branch])).raise_for_failure()

    assert status(run(workflow)) == "SUCCEEDED"
    assert seen == ["outside"] * 4


@both
@pytest.mark.parametrize("flat", [False, True])
def test_the_callers_context_is_refused_in_a_branch(colour, flat):
    @colour
    def workflow(event, ctx):
        @colour
        def branch(own):
            with pytest.raises(DurableCallRefused):
                yield ctx.step("wrong", lambda: None)
            return (yield own.step("right", lambda: own.index))

        return (yield ctx.parallel([branch, branch], flat=flat)).values()

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [0, 1]
    assert "wrong" not in {one.name for one in harness.execution.operations}


@both
def test_a_branch_that_is_over_takes_no_more_calls(colour):
    kept = []

    @colour
    def keeping(ctx):
        kept.append(ctx)
        yield ctx.step("one", lambda: None)

    @colour
    def trying(ctx):
        yield ctx.step("first", lambda: None)
        with pytest.raises(DurableCallRefused):
            yield kept[0].step("late", lambda: None)

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([keeping, trying], concurrency=1)).raise_for_failure()
        with pytest.raises(DurableCallRefused):
            yield kept[0].step("late", lambda: None)
        return "ok"

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == "ok"
    assert "late" not in {one.name for one in harness.execution.operations}


@both
def test_a_call_inside_a_body_of_a_branch_is_refused(colour):
    refused = []

    @colour
    def branch(ctx):
        def body():
            try:
                ctx.step(add, 1, 2)
            except DurableCallRefused as error:
                refused.append(error)

        yield ctx.step("one", body)

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([branch, branch])).raise_for_failure()

    harness = run(workflow)
    assert status(harness) == "SUCCEEDED"
    assert len(refused) == 2
    assert "add" not in {one.name for one in harness.execution.operations}


@both
def test_a_call_on_a_thread_of_the_user_s_own_is_refused_in_a_branch(colour):
    refused = []

    @colour
    def branch(ctx):
        def call():
            with pytest.raises(DurableCallRefused) as caught:
                ctx.wait(seconds=5)
            refused.append(caught)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([branch, branch])).raise_for_failure()

    assert status(run(workflow)) == "SUCCEEDED"
    assert len(refused) == 2


def test_a_call_in_a_task_of_the_users_own_is_refused_in_a_branch():
    async def branch(ctx):
        async def task():
            with pytest.raises(DurableCallRefused):
                ctx.wait(seconds=5)
            return "refused"

        found = await asyncio.create_task(task())
        return [found, await ctx.step("one", lambda: None)]

    async def workflow(event, ctx):
        return (await ctx.parallel([branch, branch])).values()

    assert succeeded(run(workflow).execution) == [["refused", None]] * 2


def test_operations_of_a_branch_may_be_gathered_by_asyncio():
    async def branch(ctx):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ctx.step(add, ctx.index, number)) for number in range(3)]
            waited = group.create_task(ctx.wait(seconds=5))
        assert waited.done()
        return [task.result() for task in tasks] + list(await asyncio.gather(ctx.step(add, 5, 5), ctx.step(add, 6, 6)))

    async def workflow(event, ctx):
        return (await ctx.parallel([branch, branch])).values()

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [[0, 1, 2, 10, 12], [1, 2, 3, 10, 12]]


@both
def test_cleanup_of_branches_runs_at_each_suspension_and_can_tell(colour):
    told = []

    @colour
    def branch(ctx, item):
        try:
            yield ctx.wait(seconds=5)
            told.append((item, "through"))
        finally:
            told.append((item, ctx.suspending))

    @colour
    def workflow(event, ctx):
        try:
            (yield ctx.map(branch, [0, 1])).raise_for_failure()
        finally:
            told.append(("root", ctx.suspending))

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    first, second = told[: told.index(("root", True))], told[told.index(("root", True)) + 1 :]
    assert sorted(first) == [(0, True), (1, True)]
    assert [line for line in second if line[1] == "through"] == [(0, "through"), (1, "through")]
    assert second[-1] == ("root", False)
    assert (0, False) in second


@both
def test_cleanup_that_makes_a_call_while_it_is_unwound_records_nothing(colour):
    @colour
    def branch(ctx, item):
        try:
            yield ctx.wait(seconds=5)
        finally:
            yield ctx.step("cleanup", lambda: None)

    @colour
    def workflow(event, ctx):
        (yield ctx.map(branch, [0, 1])).raise_for_failure()

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    names = [one.name for one in harness.execution.operations]
    assert names.count("cleanup") == 2
    assert len(harness.outputs) == 2


@both
def test_code_that_swallows_its_unwinding_once_changes_nothing(colour):
    @colour
    def branch(ctx, item):
        try:
            yield ctx.wait(seconds=5)
        except BaseException:  # noqa: BLE001
            return "swallowed"
        return "waited"

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(branch, [0, 1])).values()

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == ["waited", "waited"]


@both
def test_code_that_turns_its_unwinding_into_a_failure_changes_nothing(colour):
    @colour
    def branch(ctx, item):
        try:
            yield ctx.wait(seconds=5)
        except BaseException as error:
            raise ValueError("converted") from error
        return "waited"

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(branch, [0, 1])).values()

    assert succeeded(run(workflow, strict=True).execution) == ["waited", "waited"]


@both
def test_the_step_of_a_branch_can_be_asked_for(colour):
    @step(name="known")
    def body():
        info = current_step()
        return [info.name, info.attempt, info.id]

    @colour
    def branch(ctx):
        return (yield ctx.step(body))

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([branch, body, branch])).values()

    found = succeeded(run(workflow).execution)
    assert [line[:2] for line in found] == [["known", 1]] * 3
    assert len({line[2] for line in found}) == 3


@both
@pytest.mark.slow
def test_two_hundred_warm_invocations_leave_no_greenlet_and_no_thread(colour):
    @colour
    def branch(ctx, item):
        one = yield ctx.step(add, item, 1)
        yield ctx.wait(seconds=5)
        return one

    @colour
    def workflow(event, ctx):
        first = yield ctx.map(branch, list(range(5)))
        yield ctx.parallel([lambda c: c.wait(seconds=5), lambda c: c.wait(seconds=6)])
        return first.values()

    def count():
        gc.collect()
        objects = gc.get_objects()
        return sum(type(one) is greenlet for one in objects), len(objects)

    prepared = hosted(workflow, LedgerService())
    invocations = 0
    marks = []
    gc.freeze()  # what other tests left is not looked through seventy times
    try:
        for _ in range(70):
            harness = prepared
            harness.service.__init__()
            harness.run()
            assert succeeded(harness.execution) == [1, 2, 3, 4, 5]
            invocations += len(harness.outputs)
            harness.outputs.clear()
            marks.append((*count(), threading.active_count()))
    finally:
        gc.unfreeze()
    assert invocations >= 200
    greenlets, objects, threads = zip(*marks[5:], strict=True)
    assert max(greenlets) <= greenlets[0] + 20  # of more than two hundred invocations
    assert threads[-1] <= threads[0] + 32  # the pool begins threads when it needs them
    assert objects[-1] - objects[0] < 500
