"""An execution that could go on does: no deadline, full outbox, late news or busy pool makes it wait for nothing."""

import asyncio
import threading

import pytest

from perdure import step
from perdure_runtime.core.completion import Tally
from perdure_runtime.drivers.pool import MOST_THREADS, Pool
from support.colours import ASYNC, both
from support.hosting import LambdaContext, hosted, run
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add


@pytest.fixture
def clock(monkeypatch):
    """Every invocation begins with time to spare; `late` says that there is none left."""
    clock = {"late": False}

    class Shrinking(LambdaContext):
        def __init__(self):
            super().__init__()
            clock["late"] = False

        def get_remaining_time_in_millis(self):
            return 10 if clock["late"] else 60_000

    monkeypatch.setattr("support.hosting.LambdaContext", Shrinking)
    return clock


def faults_of(harness):
    """What the service had against the answers that it was given."""
    ends = [event.details for event in harness.execution.events if event.type == "InvocationCompleted"]
    return [details["Error"]["ErrorMessage"] for details in ends if "Error" in details]


# Near the deadline


@both
def test_steps_go_on_after_the_deadline_although_a_callback_is_pending(colour, clock):
    service, ran = LedgerService(), []

    def body(number):
        ran.append(number)
        clock["late"] = number == 2
        return number

    @colour
    def approved(ctx):
        callback = yield ctx.create_callback(name="approval")
        return (yield callback.result())

    @colour
    def working(ctx):
        for number in range(5):
            yield ctx.step(body, number)

    @colour
    def workflow(event, ctx):
        yield ctx.parallel([approved, working])

    harness = hosted(workflow, service)
    while len(ran) < 5:
        harness.step()
    assert ran == [0, 1, 2, 3, 4]
    assert harness.execution.is_running
    assert service.clock.now - harness.execution.spec.started_at == 1
    assert not faults_of(harness)


@both
def test_a_callback_that_a_later_step_brings_about_is_not_waited_for_before_that_step(colour, clock):
    service = LedgerService()

    def late():
        clock["late"] = True

    def approve():
        service.succeed_callback("approval", '"yes"')

    @colour
    def approved(ctx):
        callback = yield ctx.create_callback(name="approval")
        return (yield callback.result())

    @colour
    def approving(ctx):
        yield ctx.step(late)
        yield ctx.step(approve)

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([approved, approving])).values()

    harness = hosted(workflow, service)
    harness.run()
    assert succeeded(harness.execution) == ['"yes"', None]
    assert len(harness.outputs) <= 3


# What is queued when everything waits


@both
@pytest.mark.parametrize("where", ["code", "finally"])
def test_a_wait_that_falls_due_while_the_run_goes_quiet_is_not_answered_as_pending(colour, where):
    service = LedgerService()

    @colour
    def waiting(ctx):
        try:
            yield ctx.wait(seconds=5)
        finally:
            if where == "finally" and ctx.suspending:
                service.clock.advance(10)
        return "waited"

    @colour
    def busy(ctx):
        yield ctx.step(add, 1, 1)
        if where == "code":
            service.clock.advance(10)
        return "worked"

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([waiting, busy])).values()

    harness = hosted(workflow, service)
    harness.run()
    assert succeeded(harness.execution) == ["waited", "worked"]
    assert len(harness.outputs) == (1 if where == "code" else 2)
    assert not faults_of(harness)


@both
@pytest.mark.slow
def test_branches_that_wait_for_nothing_are_not_stopped_by_a_full_outbox(colour):
    @colour
    def code(ctx, item):
        return item
        yield

    @colour
    def workflow(event, ctx):
        return sum((yield ctx.map(code, list(range(600)))).values())

    harness = run(workflow)
    assert succeeded(harness.execution) == sum(range(600))
    assert len(harness.outputs) == 1


@both
@pytest.mark.slow
def test_branches_whose_waits_are_over_are_not_stopped_by_a_full_outbox(colour):
    @colour
    def code(ctx, item):
        yield ctx.wait(seconds=5)
        return item

    @colour
    def workflow(event, ctx):
        return sum((yield ctx.map(code, list(range(300)))).values())

    harness = run(workflow)
    assert succeeded(harness.execution) == sum(range(300))
    assert len(harness.outputs) == 2


# Threads


@both
@pytest.mark.slow
def test_steps_behind_the_bodies_of_losers_get_threads(colour, monkeypatch):  # noqa: C901  one workflow of many parts
    pools, begun, release = [], [], threading.Event()

    def made(most=MOST_THREADS):
        pool = Pool(most)
        if most == MOST_THREADS:  # not the one that commits
            pools.append(pool)
        return pool

    monkeypatch.setattr("perdure_runtime.drivers.pool.Pool", made)

    def blocking():
        begun.append(1)
        release.wait(20)

    async def pool_is_full():
        while len(begun) < MOST_THREADS:  # noqa: ASYNC110  threads tell no event
            await asyncio.sleep(0.001)

    async def others_queue():
        while len(begun) < MOST_THREADS or pools[0].waiting < 3:  # noqa: ASYNC110  threads tell no event
            await asyncio.sleep(0.001)

    @colour
    def racing(ctx):
        losers = [step(blocking)] * MOST_THREADS
        yield ctx.race(*losers, step(others_queue))
        return "decided"

    @colour
    def other(ctx):
        yield ctx.step(pool_is_full)
        return (yield ctx.step(add, 1, 1))

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([racing, other, other, other])).values()

    watchdog = threading.Timer(10, release.set)
    watchdog.start()
    try:
        harness = run(workflow)
        assert not release.is_set()
    finally:
        watchdog.cancel()
        release.set()
    assert succeeded(harness.execution) == ["decided", 2, 2, 2]


# Counts


@pytest.mark.slow
@pytest.mark.parametrize("colour", [ASYNC])
def test_nested_batches_are_looked_at_as_often_as_there_are_branches(colour, monkeypatch):
    looks, size = [], 200
    has_room = Tally.has_room.fget

    def counted(tally):
        looks.append(1)
        return has_room(tally)

    monkeypatch.setattr(Tally, "has_room", property(counted))

    @colour
    def leaf(ctx):
        return (yield ctx.step(add, 1, 1))

    @colour
    def nested(ctx, item):
        return (yield ctx.parallel([leaf, leaf])).values()

    @colour
    def workflow(event, ctx):
        return len((yield ctx.map(nested, list(range(size)))).values())

    assert succeeded(run(workflow).execution) == size
    assert len(looks) < 40 * size
