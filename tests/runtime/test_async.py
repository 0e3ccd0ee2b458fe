"""Async workflows through the whole engine: what is the same as in the other colour, and what only they can do."""

import asyncio
import gc
import threading
import time

import orjson
import pytest

from perdure import (
    DurableCallRefused,
    Retry,
    ServiceError,
    StepInterrupted,
    current_context,
    current_step,
    failure,
    step,
)
from perdure_runtime.drivers.ticker import Ticker
from perdure_runtime.service.protocol import Checkpointed
from support.hosting import NoTicker, hosted, moves, run, until
from support.ledger_service import START, Faults, LedgerService, succeeded


class Declined(Exception):
    """A user's own error."""


def add(left, right):
    return left + right


async def aadd(left, right):
    await asyncio.sleep(0)
    return left + right


def status(harness):
    return harness.execution.progress.status.value


def said(harness):
    return harness.execution.progress.error["ErrorMessage"]


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No warning of asyncio, and no task left on the loop."""
    yield
    gc.collect()


# What is the same


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


# Several operations open in one line of work


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


# Calls that are refused


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


# Suspension


async def swallow_once(ctx):
    try:  # noqa: SIM105
        await ctx.wait(5)
    except BaseException:  # noqa: BLE001, S110
        pass
    return "wrong"


async def swallow_and_call(ctx):
    try:
        await ctx.wait(5)
    except BaseException:  # noqa: BLE001
        return await ctx.step(add, 1, 2)


async def swallow_in_finally(ctx):
    try:
        await ctx.wait(5)
    finally:
        return "wrong"  # noqa: B012


async def swallow_in_a_loop(ctx):
    for _ in range(50):
        try:
            await ctx.wait(5)
            break
        except BaseException:  # noqa: BLE001, S112
            continue
    return "wrong"


async def swallow_in_a_gather(ctx):
    await asyncio.gather(ctx.wait(5), return_exceptions=True)
    return "wrong"


async def swallow_and_sleep(ctx):
    try:
        await ctx.wait(5)
    except BaseException:  # noqa: BLE001
        await asyncio.sleep(0.01)
    return "wrong"


SWALLOWS = [
    swallow_once,
    swallow_and_call,
    swallow_in_finally,
    swallow_in_a_loop,
    swallow_in_a_gather,
    swallow_and_sleep,
]


@pytest.mark.parametrize("swallow", SWALLOWS)
def test_a_swallowed_suspension_still_suspends(swallow):
    async def workflow(event, ctx):
        return await swallow(ctx)

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert moves(harness) == [["WAIT START"]]


@pytest.mark.slow
def test_code_that_holds_on_for_ever_is_left_where_it_is():
    async def workflow(event, ctx):
        never = asyncio.Event()
        wait = asyncio.ensure_future(ctx.wait(5))
        while True:
            try:
                await never.wait()
            except BaseException:  # noqa: BLE001, S112
                continue
        await wait

    harness = hosted(workflow, LedgerService())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']


def test_a_finally_that_awaits_has_time_to_clean_up():
    seen = []

    async def workflow(event, ctx):
        try:
            await ctx.wait(5)
        finally:
            await asyncio.sleep(0.02)
            seen.append(ctx.suspending)

    run(workflow)
    assert seen == [True, False]


def test_timers_and_tasks_of_the_users_own_do_not_hold_a_run_open(capsys):
    async def workflow(event, ctx):
        async def ticking():
            await asyncio.sleep(3600)

        task = asyncio.create_task(ticking(), name="ticking")
        await ctx.wait(5)
        task.cancel()
        return "done"

    begun = time.monotonic()
    harness = run(workflow)
    assert succeeded(harness.execution) == "done"
    assert time.monotonic() - begun < 20
    assert "ticking" in capsys.readouterr().out


def test_a_short_timer_of_the_users_own_is_given_its_grace():
    async def workflow(event, ctx):
        async def soon():
            await asyncio.sleep(0.02)
            return "soon"

        first, _ = await asyncio.gather(soon(), ctx.wait(5))
        return first

    assert succeeded(run(workflow).execution) == "soon"


def test_tasks_of_one_invocation_do_not_run_in_the_next():
    seen = []

    async def workflow(event, ctx):
        async def background(number):
            while True:
                seen.append(number)
                await asyncio.sleep(0.001)

        task = asyncio.create_task(background(len(seen)))
        await ctx.wait(5)
        before = len(seen)
        await asyncio.sleep(0.02)
        assert set(seen[before:]) <= {seen[before]}
        return bool(task)

    assert succeeded(run(workflow).execution) is True


def test_background_tasks_are_cancelled_before_the_answer():
    ended = []

    async def workflow(event, ctx):
        async def background():
            try:
                await asyncio.sleep(3600)
            finally:
                ended.append("background")

        task = asyncio.create_task(background())
        await asyncio.sleep(0)
        return task.done()

    assert succeeded(run(workflow).execution) is False
    assert ended == ["background"]


# What the service says


class Scripted(LedgerService):
    def __init__(self, at, answer, **options):
        super().__init__(**options)
        self.at = at
        self.given = answer
        self.calls = 0

    def checkpoint(self, arn, token, updates, client_token):
        self.calls += 1
        if self.calls == self.at and isinstance(self.given, Exception):
            raise self.given
        answer = super().checkpoint(arn, token, updates, client_token)
        return self.given(answer) if self.calls == self.at and callable(self.given) else answer


async def two_steps(event, ctx):
    first = await ctx.step(aadd, 1, 2)
    try:
        return await ctx.step(aadd, first, 4)
    except Exception:  # noqa: BLE001
        return "swallowed"


def test_a_service_that_may_succeed_later_lets_lambda_retry():
    refused = ServiceError("CheckpointDurableExecution", "Throttled", retryable=True)
    harness = hosted(two_steps, Scripted(1, refused))
    harness.run()
    assert harness.outputs[0] is refused
    assert succeeded(harness.execution) == 7


def test_a_service_that_refuses_for_good_fails_the_execution():
    harness = hosted(two_steps, Scripted(2, ServiceError("Checkpoint", "AccessDenied", retryable=False)))
    harness.run()
    assert status(harness) == "FAILED"


def test_a_revoked_token_is_answered_with_pending():
    harness = hosted(two_steps, Scripted(1, lambda answer: Checkpointed(None, answer.operations)))
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert len(harness.service.requests) == 1


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
    assert "test_async.py:" in said(harness)


# Bodies that take long


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


def test_refusals_are_ordinary_errors_of_the_call():
    async def workflow(event, ctx):
        async def elsewhere():
            with pytest.raises(DurableCallRefused):
                ctx.wait(1)
            return "refused"

        return await asyncio.create_task(elsewhere())

    assert succeeded(run(workflow).execution) == "refused"
