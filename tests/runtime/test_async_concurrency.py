"""Several operations open in one line of work, and bodies beside one another."""

import asyncio
import threading

import orjson
import pytest

from perdure import Completion, DurableCallRefused, Retry, step
from perdure_runtime.drivers.ticker import Ticker
from support.hosting import NoTicker, hosted, moves, run, said, status, until
from support.ledger_service import START, Faults, LedgerService, succeeded
from support.step_bodies import aadd, add

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_gathered_operations_keep_the_order_of_their_calls():
    async def workflow(event, ctx):
        return await asyncio.gather(ctx.step("a", aadd, 1, 1), ctx.step("b", add, 2, 2), ctx.step("c", aadd, 3, 3))

    harness = run(workflow)
    assert succeeded(harness.execution) == [2, 4, 6]
    assert [operation.name for operation in harness.execution.operations][1:] == ["a", "b", "c"]


def test_a_task_group_of_operations():
    async def workflow(event, ctx):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ctx.step(aadd, n, n)) for n in range(5)]
        return [task.result() for task in tasks]

    assert succeeded(run(workflow).execution) == [0, 2, 4, 6, 8]


def test_a_step_goes_on_while_a_wait_is_parked():
    async def workflow(event, ctx):
        results = await asyncio.gather(ctx.wait(30), ctx.step(aadd, 1, 2))
        return results[1]

    harness = run(workflow)
    assert succeeded(harness.execution) == 3
    assert len(harness.outputs) == 2


def test_waits_that_are_awaited_together_elapse_together():
    async def workflow(event, ctx):
        await asyncio.gather(ctx.wait(30), ctx.wait(60), asyncio.gather(ctx.wait(45)))

    harness = run(workflow)
    assert harness.service.clock.now - START == 60


def test_an_event_between_two_lines_does_not_hang_the_run():
    async def workflow(event, ctx):
        done = asyncio.Event()

        async def after(operation):
            await operation
            done.set()

        async def then():
            await done.wait()
            return "then"

        wait = ctx.wait(30)
        _, last = await asyncio.gather(after(wait), then())
        return last

    harness = run(workflow)
    assert succeeded(harness.execution) == "then"


def test_commits_of_several_operations_share_a_request():
    async def workflow(event, ctx):
        await asyncio.gather(*(ctx.step(aadd, n, n) for n in range(20)))

    assert len(run(workflow).service.requests) <= 3


def test_sync_bodies_run_beside_one_another():
    meeting = threading.Barrier(3, timeout=20)

    async def workflow(event, ctx):
        await asyncio.gather(*(ctx.step("meet", meeting.wait) for _ in range(3)))
        return "met"

    assert succeeded(run(workflow).execution) == "met"


def test_as_completed_and_wait_keep_identities():
    async def workflow(event, ctx):
        tasks = [asyncio.create_task(ctx.step(aadd, n, n)) for n in range(3)]
        first = [await task for task in asyncio.as_completed(tasks)]
        more = [asyncio.create_task(ctx.step(aadd, n, n)) for n in range(3)]
        done, _ = await asyncio.wait(more)
        await ctx.wait(1)
        return sorted(first) + sorted(task.result() for task in done)

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [0, 2, 4, 0, 2, 4]


def test_wait_for_gives_up_by_the_real_clock():
    async def workflow(event, ctx):
        try:
            await asyncio.wait_for(ctx.wait(hours=1), timeout=0.01)
        except TimeoutError:
            return "too late"

    assert succeeded(run(workflow).execution) == "too late"


def test_a_timeout_round_a_body_cancels_it():
    seen = []

    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            seen.append("cancelled")

    async def workflow(event, ctx):
        try:
            async with asyncio.timeout(0.01):
                await ctx.step(slow)
        except TimeoutError:
            return "too late"

    harness = run(workflow)
    assert succeeded(harness.execution) == "too late"
    assert seen == ["cancelled"]
    assert "STEP SUCCEED" not in [move for request in moves(harness) for move in request]


def test_a_body_that_cancels_itself_fails_like_any_other():
    @step(retry=Retry.NONE)
    async def cancels():
        raise asyncio.CancelledError

    async def workflow(event, ctx):
        await ctx.step(cancels)

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "cancelled from within" in said(harness)


# Commits while bodies run


@pytest.mark.slow
@pytest.mark.parametrize("colour", ["sync body", "async body"])
def test_the_start_of_a_long_step_is_seen_while_its_body_runs(colour):
    def is_seen():
        return moves(harness) == [["STEP START"]]

    async def along():
        while not is_seen():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return "seen"

    def long():
        until(is_seen)
        return "seen"

    async def workflow(event, ctx):
        return await ctx.step(long if colour == "sync body" else along)

    harness = hosted(workflow, LedgerService(), ticker=Ticker(period=0.01))
    harness.run()
    assert succeeded(harness.execution) == "seen"


def test_a_commit_does_not_hold_up_a_body_that_runs():
    release = threading.Event()

    class Slow(LedgerService):
        def checkpoint(self, arn, token, updates, client_token):
            if any(orjson.loads(update)["Action"] == "SUCCEED" for update in updates):
                assert release.wait(20), "the other body never got its turn"
            return super().checkpoint(arn, token, updates, client_token)

    async def quick():
        return "quick"

    async def other():
        await asyncio.sleep(0.02)
        release.set()
        return "other"

    async def workflow(event, ctx):
        return await asyncio.gather(ctx.step(quick), ctx.step(other))

    harness = hosted(workflow, Slow(), ticker=NoTicker())
    harness.run()
    assert succeeded(harness.execution) == ["quick", "other"]


def test_a_loop_that_never_idles_commits_all_the_same():
    async def workflow(event, ctx):
        spinning = True

        async def spin():
            while spinning:  # noqa: ASYNC110
                await asyncio.sleep(0)

        task = asyncio.create_task(spin())
        result = await ctx.step(aadd, 1, 2)
        spinning = False
        await task
        return result

    assert succeeded(run(workflow).execution) == 3


def test_a_wait_that_falls_due_goes_on_while_other_work_runs():
    service = LedgerService()
    gone_on = asyncio.Event()

    async def long():
        while not any("WAIT START" in request for request in moves(harness)):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        service.clock.advance(5)
        await asyncio.wait_for(gone_on.wait(), 20)

    async def workflow(event, ctx):
        first, wait = ctx.step(long), ctx.wait(5)

        async def after():
            await wait
            gone_on.set()

        await asyncio.gather(first, after())
        return "done"

    harness = hosted(workflow, service)
    harness.invoke()
    assert orjson.loads(harness.outputs[0])["Status"] == "SUCCEEDED"
    assert [] in moves(harness)


def test_steps_one_after_another_leave_turns_to_other_work():
    async def workflow(event, ctx):
        turns = []

        async def beat():
            while True:
                turns.append("beat")
                await asyncio.sleep(0)

        beating = asyncio.create_task(beat())
        for n in range(5):
            await ctx.step(aadd, n, n)
        beating.cancel()
        asyncio.get_running_loop().call_later(0, turns.append, "timer")
        for n in range(2):
            await ctx.step(aadd, n, n)
        return turns.count("beat") >= 5, turns[-1]

    assert succeeded(run(workflow).execution) == [True, "timer"]


def test_an_operation_of_the_code_around_may_be_awaited_in_a_child():
    async def workflow(event, ctx):
        asked = ctx.step("around", aadd, 1, 2)

        async def inside(child):
            await child.step("inside", aadd, 1, 1)
            with pytest.raises(DurableCallRefused, match="other code"):
                ctx.step(aadd, 1, 1)
            first = await asked
            return first + await child.step("after", aadd, 2, 2)

        return await ctx.run_in_child_context(inside)

    assert succeeded(run(workflow).execution) == 7


def test_an_operation_whose_code_is_through_is_refused():
    async def workflow(event, ctx):
        left = []

        async def inside(child):
            left.append(child.step("left", aadd, 1, 1))

        await ctx.run_in_child_context(inside)
        with pytest.raises(DurableCallRefused, match="has ended"):
            await left[0]
        return "refused"

    assert succeeded(run(workflow).execution) == "refused"


def test_no_branch_begins_where_recorded_ones_decide():
    began = []

    @step
    async def held():
        began.append("held")
        await asyncio.Event().wait()

    @step
    async def quick():
        return 1

    async def workflow(event, ctx):
        batch = await ctx.parallel([held, quick], completion=Completion(min_successful=1))
        return batch.success_count

    faults = Faults(after=frozenset({3}), cut=lambda _: (1,))  # the end of the second branch is recorded, no more
    assert succeeded(run(workflow, faults=faults).execution) == 1
    assert began == ["held"]
