"""Once a run has failed, nothing makes it look like something else: no loop, no group, no tick, no lost request."""

import asyncio

import pytest

from perdure import ServiceError
from perdure_runtime.core.outbox import Outbox
from perdure_runtime.drivers.ticker import Ticker
from perdure_runtime.host import Host
from support.colours import ASYNC, SYNC, both
from support.hosting import GivenUp, hosted, moves, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

BUSY = ServiceError("CheckpointDurableExecution", "Throttling", "slow down", status=429, retryable=True)
ENOUGH = 2_000
"""Rounds after which code that goes round in circles is stopped by the test."""


class HandTicker(Ticker):
    """Looks in when a test says so, on the thread that the test is on."""

    committer = None

    def watch(self, committer):
        self.committer = committer

    def tick_twice(self):
        """What has waited since before the first is sent by the second."""
        if self.committer is not None:
            self.committer.tick()
            self.committer.tick()


class Unreliable(LedgerService):
    """Refuses while it is told to."""

    busy = False

    def checkpoint(self, *args):
        if self.busy:
            raise BUSY
        return super().checkpoint(*args)


def changed(harness):
    """The errors that a mismatch was answered with."""
    return [b"perdure.ReplayMismatch" in output for output in harness.outputs if isinstance(output, bytes)]


# A mismatch


@both
@pytest.mark.parametrize("on_mismatch", ["fail", "retry"])
def test_code_that_tries_for_ever_is_told_of_a_mismatch_once(colour, on_mismatch):
    deploys, rounds = [], []

    @colour
    def workflow(event, ctx):
        if not deploys:
            yield ctx.step(add, 1, 1)
        while len(rounds) < ENOUGH:
            try:
                return (yield ctx.wait(seconds=5))
            except Exception:  # noqa: BLE001  what this is about
                rounds.append(1)

    harness = hosted(workflow, LedgerService(), on_mismatch=on_mismatch)
    harness.step()
    deploys.append(1)
    while len(harness.outputs) < 2:
        harness.step()
    assert len(rounds) <= 1
    if on_mismatch == "fail":
        assert changed(harness) == [False, True]
    else:
        assert type(harness.outputs[1]).__name__ == "ReplayMismatch"


@pytest.mark.parametrize("on_mismatch", ["fail", "retry"])
@pytest.mark.parametrize("where", ["workflow", "child", "branch"])
def test_a_mismatch_inside_a_task_group_is_a_mismatch(on_mismatch, where):
    deploys = []

    async def branch(ctx):
        await ctx.step(add, 1, 1)
        await ctx.wait(seconds=5)

    async def grouped(ctx):
        second = "changed" if deploys else "second"
        async with asyncio.TaskGroup() as group:
            group.create_task(ctx.parallel({"first": branch, second: branch}))
            group.create_task(ctx.wait(seconds=50))

    async def workflow(event, ctx):
        if where == "workflow":
            await grouped(ctx)
        elif where == "child":
            await ctx.run_in_child_context(grouped)
        else:
            await ctx.parallel([grouped, branch])

    harness = hosted(workflow, LedgerService(), strict=True, on_mismatch=on_mismatch)
    harness.step()
    deploys.append(1)
    while len(harness.outputs) < 2:
        harness.step()
    if on_mismatch == "fail":
        assert changed(harness) == [False, True]
        assert status(harness) == "FAILED"
    else:
        assert type(harness.outputs[1]).__name__ == "ReplayMismatch"
        assert harness.execution.is_running


def test_a_request_that_failed_inside_a_task_group_is_made_again():
    service = Unreliable()

    def refuse():
        service.busy = True

    async def workflow(event, ctx):
        async with asyncio.TaskGroup() as group:
            group.create_task(ctx.step("refuse", refuse))
            group.create_task(ctx.wait(seconds=5))

    harness = hosted(workflow, service)
    harness.step()
    assert harness.outputs == [BUSY]


# Code that never lets go


@pytest.fixture
def vanishing(monkeypatch):
    """The end of the process without an answer, told apart from the one with an answer."""

    def vanish():
        raise GivenUp(b"")

    class Vanishing(Host):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.vanish = vanish

    monkeypatch.setattr("support.hosting.Host", Vanishing)


def deaf(colour, first):
    """A workflow that makes its calls again whatever they raise."""

    @colour
    def workflow(event, ctx):
        for _ in range(ENOUGH):
            try:
                yield from first(ctx)
                yield ctx.wait(seconds=5)
            except GivenUp:
                raise
            except BaseException:  # noqa: BLE001, S110  what this is about
                pass
            else:
                return

    return workflow


@both
def test_code_that_swallows_a_failed_request_for_ever_is_given_up_without_an_answer(colour, vanishing):
    service = Unreliable()
    service.busy = True

    def first(ctx):
        yield ctx.step(add, 1, 1)

    harness = hosted(deaf(colour, first), service)
    with pytest.raises(GivenUp) as given_up:
        harness.step()
    assert given_up.value.output == b""


@both
@pytest.mark.parametrize(("on_mismatch", "answered"), [("fail", b"perdure.ReplayMismatch"), ("retry", b"")])
def test_code_that_swallows_a_mismatch_for_ever_is_given_up_with_what_it_is_due(
    colour, vanishing, on_mismatch, answered
):
    deploys = []

    def first(ctx):
        if not deploys:
            yield ctx.step(add, 1, 1)

    @colour
    def polite(event, ctx):
        yield from first(ctx)
        yield ctx.wait(seconds=5)

    service = LedgerService()
    hosted(polite, service).step()
    deploys.append(1)
    harness = hosted(deaf(colour, first), service, on_mismatch=on_mismatch)
    with pytest.raises(GivenUp) as given_up:
        harness.run()
    assert answered in given_up.value.output
    assert bool(given_up.value.output) == bool(answered)


@both
def test_code_that_swallows_its_suspension_for_ever_is_given_up_with_pending(colour, vanishing):
    harness = hosted(deaf(colour, lambda ctx: iter(())), LedgerService())
    with pytest.raises(GivenUp) as given_up:
        harness.step()
    assert given_up.value.output == b'{"Status":"PENDING"}'


# Ticks


@both
def test_a_tick_that_failed_fails_the_run_although_nobody_waited_for_it(colour):
    service, ticker = Unreliable(), HandTicker()

    @colour
    def inner(ctx):
        return 1
        yield

    @colour
    def workflow(event, ctx):
        yield ctx.step(add, 1, 1)
        found = yield ctx.run_in_child_context(inner)
        if not harness.outputs:
            service.busy = True
            ticker.tick_twice()
            service.busy = False
        return found

    harness = hosted(workflow, service, ticker=ticker)
    harness.step()
    assert harness.outputs == [BUSY]
    harness.run()
    assert succeeded(harness.execution) == 1


@pytest.mark.slow
@pytest.mark.parametrize("colour", [SYNC, ASYNC], ids=["sync", "async"])
def test_a_tick_just_before_a_large_result_does_not_take_its_place(colour):
    ticker, size = HandTicker(), 6_291_420

    class Overtaken(Outbox):
        __slots__ = ()

        def push(self, update):
            ticker.tick_twice()
            return super().push(update)

    @colour
    def inner(ctx):
        return 1
        yield

    @colour
    def workflow(event, ctx):
        yield ctx.run_in_child_context(inner)
        ticker.committer._outbox.__class__ = Overtaken
        return "x" * size

    harness = hosted(workflow, LedgerService(), ticker=ticker)
    harness.step()
    assert status(harness) == "SUCCEEDED"
    assert len(harness.execution.progress.result) == size + 2
    assert moves(harness)[-1] == ["EXECUTION SUCCEED"]
