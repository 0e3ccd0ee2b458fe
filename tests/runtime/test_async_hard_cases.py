"""Cases of async workflows that once went wrong, or would have: each is the rule that holds now."""

import asyncio
import signal
import threading
import time

import orjson
import pytest

from perdure import Retry, failure, step
from support.hosting import hosted, moves, run, said, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import aadd, add

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_bodies_that_nobody_waits_for_any_more_do_not_begin():
    release, ran = threading.Event(), []

    def slow(number):
        ran.append(number)
        release.wait(20)

    async def workflow(event, ctx):
        try:
            async with asyncio.timeout(0.05):
                await asyncio.gather(*(ctx.step(slow, number) for number in range(60)))
        except TimeoutError:
            return "too late"

    harness = run(workflow)
    began = len(ran)
    release.set()
    assert succeeded(harness.execution) == "too late"
    assert began <= 32
    assert len(ran) == began


@pytest.mark.parametrize("where", ["beside", "in finally"])
def test_a_task_that_spins_does_not_keep_a_run_from_suspending(where):
    async def spin(ctx):
        while True:  # noqa: ASYNC110
            await asyncio.sleep(0)

    async def workflow(event, ctx):
        task = asyncio.create_task(spin(ctx)) if where == "beside" else None
        try:
            await ctx.wait(5)
        finally:
            if where == "in finally" and ctx.suspending:
                await spin(ctx)
        return bool(task)

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']


def test_a_task_group_that_is_unwound_is_a_suspension():
    async def workflow(event, ctx):
        first, cleanup = ctx.wait(5), ctx.step(add, 1, 2)

        async def worker():
            try:
                await first
            finally:
                await cleanup

        async with asyncio.TaskGroup() as group:
            group.create_task(worker())

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']


def test_operations_that_the_end_cuts_off_are_named(capsys):
    async def workflow(event, ctx):
        task = asyncio.create_task(ctx.wait(3600, name="forgotten"))
        await ctx.step(aadd, 1, 2)
        return task.done()

    harness = run(workflow)
    assert succeeded(harness.execution) is False
    assert "wait 'forgotten'" in capsys.readouterr().out


def test_operations_of_a_branch_that_lost_are_not_said_to_be_cut_off(capsys):
    async def loser(ctx):
        await asyncio.gather(ctx.wait(seconds=100), ctx.wait(seconds=200))

    async def winner(ctx):
        return await ctx.step(aadd, 3, 4)

    async def workflow(event, ctx):
        return await ctx.race(loser, winner)

    assert succeeded(run(workflow).execution) == 7
    assert "cut off" not in capsys.readouterr().out


def test_queueing_does_not_wait_for_a_request_on_its_way():
    release = threading.Event()

    class Slow(LedgerService):
        def checkpoint(self, arn, token, updates, client_token):
            if any(orjson.loads(update).get("Name") == "quick" for update in updates):
                assert release.wait(20), "the other operation never got into the queue"
            return super().checkpoint(arn, token, updates, client_token)

    async def until_the_request_is_on_its_way():
        await asyncio.sleep(0.05)

    async def workflow(event, ctx):
        holding, quick, other = (
            ctx.step(until_the_request_is_on_its_way),
            ctx.step("quick", aadd, 1, 2),
            ctx.step("other", release.set),
        )

        async def then():
            await asyncio.sleep(0.02)
            await other

        await asyncio.gather(holding, quick, then())
        return "done"

    harness = hosted(workflow, Slow())
    harness.run()
    assert succeeded(harness.execution) == "done"


def test_many_tasks_that_clean_up_are_not_taken_for_one_that_swallows():
    async def workflow(event, ctx):
        waits = [ctx.wait(5) for _ in range(150)]
        cleanups = [ctx.step(add, 1, 2) for _ in range(150)]

        async def worker(number):
            try:
                await waits[number]
            finally:
                await cleanups[number]

        await asyncio.gather(*(worker(number) for number in range(150)))
        return "done"

    assert succeeded(run(workflow).execution) == "done"


def test_async_generators_are_closed_with_their_invocation():
    closed, number = [], []

    async def numbers(invocation):
        try:
            yield 1
            yield 2
        finally:
            closed.append(invocation)

    kept = []

    async def workflow(event, ctx):
        number.append(1)
        generator = numbers(len(number))
        kept.append(generator)
        await anext(generator)
        await ctx.wait(5)
        return closed[:]

    assert succeeded(run(workflow).execution) == [1]


def test_work_on_threads_has_its_grace_too():
    async def workflow(event, ctx):
        thread = asyncio.to_thread(time.sleep, 0.02)
        await asyncio.gather(thread, ctx.wait(5))
        return "done"

    assert succeeded(run(workflow).execution) == "done"


@pytest.mark.parametrize("colour", ["sync workflow", "async workflow"])
def test_a_body_that_raises_stop_iteration_records_the_same_in_both_colours(colour):
    @step(retry=Retry.NONE)
    def stop():
        raise StopIteration("enough")

    def workflow(event, ctx):
        ctx.step(stop)

    async def async_workflow(event, ctx):
        await ctx.step(stop)

    harness = run(workflow if colour == "sync workflow" else async_workflow)
    (update,) = [update for request in harness.service.requests for update in request.updates if "Error" in update]
    assert update["Error"]["ErrorType"] == "StopIteration"
    assert status(harness) == "FAILED"


def test_after_a_mismatch_no_operation_goes_on():
    service, ran = LedgerService(), []

    async def before(event, ctx):
        await ctx.step("reserve", add, 1, 2)
        await ctx.wait(1)

    async def after(event, ctx):
        try:
            ctx.step("book", add, 1, 2)
        except Exception:  # noqa: BLE001
            with pytest.raises(Exception, match="does not match"):
                await ctx.step(lambda: ran.append(1))
        return "wrong"

    hosted(before, service).invoke()
    harness = hosted(after, service)
    harness.run()
    assert status(harness) == "FAILED"
    assert ran == []


def test_the_errors_of_a_task_group_are_named():
    @step(retry=Retry.NONE)
    async def decline():
        raise ValueError("card declined")

    async def workflow(event, ctx):
        async with asyncio.TaskGroup() as group:
            group.create_task(ctx.step(decline))

    harness = run(workflow)
    assert "card declined" in "\n".join(harness.execution.progress.error["StackTrace"])
    assert "TaskGroup" in said(harness)


def test_a_failed_member_of_a_gather_carries_its_facts():
    @step(retry=Retry.NONE)
    async def decline():
        raise ValueError("card declined")

    async def workflow(event, ctx):
        found = await asyncio.gather(ctx.step(decline), ctx.step(aadd, 1, 2), return_exceptions=True)
        return [failure(found[0]).operation, found[1]]

    harness = run(workflow)
    assert succeeded(harness.execution) == ["decline", 3]
    assert len(moves(harness)) <= 2


def test_while_the_loop_waits_a_signal_wakes_it():
    async def workflow(event, ctx):
        await asyncio.sleep(0)  # from here on it is the loop that goes on
        woken_by = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(woken_by)
        return woken_by >= 0

    assert succeeded(run(workflow).execution) is True
    assert signal.set_wakeup_fd(-1) == -1  # and nothing is left of it


class BegunByHand:
    """What code does that is to begin at once: it goes with an awaitable as far as that goes, and awaits the rest."""

    def __init__(self, awaitable):
        self._rest = awaitable.__await__()
        self._awaited = self._rest.send(None)

    def __await__(self):
        yield self._awaited
        return (yield from self._rest)


def test_an_operation_that_was_begun_by_hand_is_awaited_when_its_time_has_come():
    async def workflow(event, ctx):
        begun = BegunByHand(ctx.step(step(once=True)(aadd), 1, 2))
        await asyncio.sleep(0.02)  # long enough for the service to answer
        return await begun

    assert succeeded(run(workflow).execution) == 3
