"""Bodies of losers: async ones are cancelled, plain ones are left behind on their threads."""

import asyncio
import threading
import time
from contextlib import suppress

import pytest

from perdure import BatchStatus, Completion, current_step, step
from support.colours import both
from support.hosting import hosted, moves, run, status, until
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

LEFT_BEHIND = "goes on by itself"


class Sleeper:
    """A body that blocks its thread until it is told to end, or for so long that a test would notice."""

    def __init__(self):
        self.begun, self.release, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.info = None

    def __call__(self):
        self.info = current_step()
        self.begun.set()
        self.release.wait(5)
        self.ended.set()
        return "too late"


@both
@pytest.mark.slow
@pytest.mark.parametrize("flat", [False, True])
def test_a_loser_that_sleeps_does_not_hold_the_batch_up(colour, flat, capsys):
    sleeper = Sleeper()

    @colour
    def losing(ctx):
        yield ctx.step(step(sleeper, name="sleeper"))

    @colour
    def winning(ctx):
        return (yield ctx.step("quick", lambda: sleeper.begun.wait(5)))

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([losing, winning], completion=Completion.FIRST_SUCCESSFUL, flat=flat)
        return [str(item.status) for item in batch]

    harness = hosted(workflow, LedgerService())
    event = harness.service.begin()
    began = time.monotonic()
    output = harness.answer(event)
    assert time.monotonic() - began < 1
    assert b'"STARTED' in output
    assert b"SUCCEEDED" in output
    assert not sleeper.ended.is_set()
    assert sleeper.info.cancelled
    requests = len(harness.service.requests)
    sleeper.release.set()
    assert sleeper.ended.wait(5)
    logged = capsys.readouterr().out
    assert logged.count(LEFT_BEHIND) == 1
    assert "sleeper" in logged
    assert len(harness.service.requests) == requests
    assert [move for request in moves(harness) for move in request].count("STEP SUCCEED") == 1


@both
@pytest.mark.slow
def test_a_loser_that_looks_at_cancelled_ends_within_the_grace(colour, capsys):
    began, seen = threading.Event(), []

    def patient():
        began.set()
        info = current_step()
        until(lambda: info.cancelled)
        seen.append("cancelled")

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([patient_branch, winning], completion=Completion.FIRST_SUCCESSFUL)
        return batch.partial()

    @colour
    def patient_branch(ctx):
        yield ctx.step(patient)

    @colour
    def winning(ctx):
        return (yield ctx.step("quick", lambda: began.wait(5)))

    harness = run(workflow)
    assert succeeded(harness.execution) == [True]
    until(lambda: seen == ["cancelled"])
    assert LEFT_BEHIND not in capsys.readouterr().out


@both
@pytest.mark.slow
def test_what_follows_a_batch_runs_beside_its_left_over_body(colour):
    sleeper = Sleeper()

    @colour
    def losing(ctx):
        yield ctx.step(sleeper)

    @colour
    def winning(ctx):
        return (yield ctx.step("quick", lambda: sleeper.begun.wait(5)))

    @colour
    def workflow(event, ctx):
        yield ctx.parallel([losing, winning], completion=Completion.FIRST_SUCCESSFUL)
        found = yield ctx.step("after", add, 1, 2)
        more = yield ctx.map(step(lambda item: item + 1), [1, 2, 3])
        assert not sleeper.ended.is_set()
        sleeper.release.set()
        return [found, more.values()]

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [3, [2, 3, 4]]


@both
@pytest.mark.slow
def test_a_replay_with_a_left_over_body_does_not_run_it_again(colour):
    sleeper, runs = Sleeper(), []

    def body():
        runs.append(1)
        return sleeper()

    @colour
    def losing(ctx):
        yield ctx.step(body)

    @colour
    def winning(ctx):
        return (yield ctx.step("quick", lambda: sleeper.begun.wait(5)))

    seen = []

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([losing, winning], completion=Completion.FIRST_SUCCESSFUL)
        seen.append([(item.index, item.status, item.result) for item in batch])
        yield ctx.wait(seconds=5)

    try:
        harness = run(workflow, strict=True)
    finally:
        sleeper.release.set()
    assert status(harness) == "SUCCEEDED"
    assert len(runs) == 1
    assert seen == [[(0, BatchStatus.STARTED, None), (1, BatchStatus.SUCCEEDED, True)]] * 2


@both
@pytest.mark.slow
def test_async_bodies_of_losers_are_cancelled(colour):
    began, ended = asyncio.Event(), []

    async def long():
        began.set()
        try:
            await asyncio.sleep(50)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def quick():
        await began.wait()
        return 1

    @colour
    def losing(ctx):
        yield ctx.step(long)

    @colour
    def winning(ctx):
        return (yield ctx.step(quick))

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([losing, winning], completion=Completion.FIRST_SUCCESSFUL)
        found = yield ctx.step("next", lambda: 2)
        return [batch.partial(), found]

    assert succeeded(run(workflow, strict=True).execution) == [[1], 2]
    assert ended == ["cancelled"]


@both
@pytest.mark.slow
def test_an_async_body_that_ignores_its_cancellation_is_left(colour, capsys):
    began, release = asyncio.Event(), threading.Event()

    async def stubborn():
        began.set()
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    async def quick():
        await began.wait()
        return 1

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([step(stubborn), step(quick)], completion=Completion.FIRST_SUCCESSFUL)
        return batch.partial()

    harness = hosted(workflow, LedgerService())
    event = harness.service.begin()
    began_at = time.monotonic()
    output = harness.answer(event)
    took = time.monotonic() - began_at
    release.set()
    assert b'"Result":"[1]"' in output
    assert took < 4
    assert status(run(lambda event, ctx: None)) == "SUCCEEDED"


@both
@pytest.mark.slow
def test_a_pooled_body_that_waits_for_a_thread_never_begins_once_its_batch_is_decided(colour):
    release, began = threading.Event(), []

    def body(item):
        began.append(item)
        release.wait(5)

    @colour
    def blocking(ctx, item):
        yield ctx.step(body, item)

    @colour
    def workflow(event, ctx):
        branches = [lambda c, n=n: blocking(c, n) for n in range(60)]
        batch = yield ctx.parallel([*branches, failing])
        return [batch.failure_count, batch.started_count]

    @colour
    def failing(ctx):
        yield ctx.wait(seconds=1)
        raise ValueError("no")

    service = LedgerService()

    def ticking():
        until(lambda: len(began) > 5 and any("WAIT START" in request.moves for request in service.requests))
        service.clock.advance(5)

    thread = threading.Thread(target=ticking)
    before = threading.active_count()
    thread.start()
    harness = run(workflow, service=service)
    threads = threading.active_count() - before
    release.set()
    thread.join()
    assert succeeded(harness.execution) == [1, 60]
    assert len(began) < 60
    assert threads < 40
