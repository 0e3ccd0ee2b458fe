"""What user code leaves behind, raises out of place or asks for at the wrong moment does not decide the outcome."""

import asyncio
import contextlib
import socket
import threading

import pytest

from perdure import Completion, DurableCallRefused, PerdureError, Poll, Retry, child, step
from perdure_runtime.drivers.aio_loop import IdleSelector, the_loop
from support.colours import SYNC, both
from support.hosting import hosted, moves, run, status, until
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

ONCE = Retry.fixed(attempts=1, delay=1)
MONTH = 30 * 86_400


# Far ends


def test_a_selector_takes_any_number_of_seconds():
    left, right = socket.socketpair()
    with left, right, contextlib.closing(IdleSelector()) as selector:
        selector.register(left, 1)
        selector.ask = lambda timeout: float(MONTH)
        right.send(b"!")
        assert [key.fileobj for key, _ in selector.select(None)] == [left]


@both
@pytest.mark.parametrize("what", ["wait", "retry", "poll"])
def test_what_is_due_in_a_month_waits_beside_a_body(colour, what):
    service, tries = LedgerService(), []

    def body():
        until(lambda: any(" START" in move or "RETRY" in move for request in moves(harness) for move in request))

    def flaky():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("once")

    calls = {
        "wait": lambda ctx: ctx.wait(days=30),
        "retry": lambda ctx: ctx.step(step(flaky, retry=Retry.fixed(attempts=2, delay=MONTH))),
        "poll": lambda ctx: ctx.wait_for_condition(
            lambda state: state + 1, 0, until=lambda state: state == 2, poll=Poll.fixed(delay=MONTH)
        ),
    }

    @colour
    def far(ctx):
        yield calls[what](ctx)

    @colour
    def busy(ctx):
        yield ctx.step(body)

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([far, busy])).raise_for_failure()
        return "done"

    harness = hosted(workflow, service)
    harness.run()
    assert succeeded(harness.execution) == "done"
    assert service.clock.now - harness.execution.spec.started_at == pytest.approx(MONTH, abs=5)
    assert len(harness.outputs) == 2


# What is left behind


@both
@pytest.mark.slow
@pytest.mark.parametrize("where", ["step", "branch"])
def test_a_generator_that_takes_its_time_to_close_does_not_change_the_outcome(colour, where):
    kept = []

    async def slow_to_close():
        try:
            yield 1
        finally:
            await asyncio.sleep(10)

    async def body():
        kept.append(slow_to_close())
        async for _ in kept[-1]:
            break
        return "fine"

    @colour
    def branch(ctx):
        return (yield ctx.step(step(body, retry=ONCE)))

    @colour
    def workflow(event, ctx):
        if where == "step":
            return (yield ctx.step(step(body, retry=ONCE)))
        return (yield ctx.parallel([branch])).values()

    harness = run(workflow)
    assert succeeded(harness.execution) == ("fine" if where == "step" else ["fine"])


@pytest.mark.slow
def test_a_generator_of_the_workflow_itself_does_not_change_the_outcome_either():
    kept = []

    async def slow_to_close():
        try:
            yield 1
        finally:
            await asyncio.sleep(10)

    async def workflow(event, ctx):
        kept.append(slow_to_close())
        async for _ in kept[-1]:
            break
        return "fine"

    assert succeeded(run(workflow).execution) == "fine"


@pytest.mark.slow
def test_a_connection_that_is_kept_open_is_no_work_of_the_workflows_own(capsys):
    far, near = socket.socketpair()
    near.settimeout(0)
    kept = []

    async def connect():
        _, writer = await asyncio.open_connection(sock=near)
        kept.append(writer)

    async def connecting(event, ctx):
        await ctx.step(connect)
        await ctx.wait(seconds=5)

    async def waiting(event, ctx):
        await ctx.wait(seconds=5)
        await ctx.wait(seconds=5)

    async def disconnect():
        kept[0].close()
        await kept[0].wait_closed()

    with far:
        assert status(run(connecting)) == "SUCCEEDED"
        assert status(run(waiting)) == "SUCCEEDED"
        assert not the_loop().watches_for_user_code
        the_loop().run_until_complete(disconnect())
    assert "work of its own" not in capsys.readouterr().out


# asyncio's own signal, raised by plain code


def cancelled():
    raise asyncio.CancelledError


@both
@pytest.mark.parametrize("where", ["step", "child", "condition", "flaky"])
def test_a_cancellation_that_nobody_asked_for_is_a_failure_of_the_code_that_raised_it(colour, where):
    tries = []

    def flaky():
        tries.append(1)
        if len(tries) == 1:
            cancelled()
        return "again"

    @colour
    def inner(ctx):
        cancelled()
        yield

    calls = {
        "step": lambda ctx: ctx.step(step(cancelled, retry=ONCE)),
        "child": lambda ctx: ctx.run_in_child_context(inner),
        "condition": lambda ctx: ctx.wait_for_condition(lambda state: cancelled(), 0, until=bool),
        "flaky": lambda ctx: ctx.step(step(flaky, retry=Retry.fixed(attempts=2, delay=1))),
    }

    @colour
    def workflow(event, ctx):
        try:
            return (yield calls[where](ctx))
        except PerdureError as error:
            return type(error).__name__

    harness = run(workflow)
    expected = {"step": "StepError", "child": "ChildContextError", "condition": "ConditionError", "flaky": "again"}
    assert succeeded(harness.execution) == expected[where]


@both
@pytest.mark.parametrize("where", ["body", "code"])
def test_a_cancellation_in_a_branch_fails_that_branch(colour, where):
    @colour
    def losing(ctx):
        if where == "code":
            cancelled()
        yield ctx.step(step(cancelled, retry=ONCE))

    @colour
    def winning(ctx):
        return (yield ctx.step(add, 1, 1))

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([losing, winning], completion=Completion.ALL_COMPLETED)
        return [str(item.status) for item in batch]

    assert succeeded(run(workflow).execution) == ["FAILED", "SUCCEEDED"]


# Threads that cannot be had


@pytest.fixture
def refusals(monkeypatch):
    """How often the system has no thread to give, by the thread's name."""
    left, start = {}, threading.Thread.start

    def starting(thread):
        if left.get(thread.name):
            left[thread.name] -= 1
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", starting)
    return left


@pytest.mark.parametrize("colour", [SYNC])  # the other colour takes it for the step's own failure
def test_a_process_that_had_no_thread_once_serves_the_next_invocation(colour, refusals):
    refusals["perdure-step-1"] = 1

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(step(lambda item: item + 1), [1, 2, 3])).values()

    harness = hosted(workflow, LedgerService())
    harness.step()
    assert [str(output) for output in harness.outputs] == ["can't start new thread"]
    harness.run()
    assert succeeded(harness.execution) == [2, 3, 4]


@both
def test_where_no_further_thread_is_to_be_had_those_there_are_do_the_work(colour, refusals):
    refusals["perdure-step-2"] = 1000

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(step(lambda item: item + 1), list(range(20)))).values()

    harness = run(workflow)
    assert succeeded(harness.execution) == list(range(1, 21))
    assert len(harness.outputs) == 1


# Durable calls where the engine asks the user's code


class Asking:
    """What a user hands to the engine, which calls the context as soon as it is asked itself."""

    def __init__(self):
        self.context = None
        self.refused = []

    def __call__(self, *_):
        """A retry policy, a question whether a state is enough, and what maps an error."""
        try:
            self.context.step(add, 1, 1)
        except DurableCallRefused:
            self.refused.append(1)

    def serialize(self, value, /):
        self()
        return str(value)

    def deserialize(self, data, /):
        return int(data)


def fail():
    raise ValueError("no")


ASKED = {
    "policy": lambda ctx, asking, inner: ctx.step(step(fail, retry=Retry.custom(asking))),
    "until": lambda ctx, asking, inner: ctx.wait_for_condition(
        lambda state: state + 1, 0, until=lambda state: asking() or state == 2, poll=Poll.fixed(delay=1)
    ),
    "serdes": lambda ctx, asking, inner: ctx.step(step(add, serdes=asking), 1, 1),
    "on_error": lambda ctx, asking, inner: ctx.run_in_child_context(
        child(inner, on_error=lambda error: asking() or ValueError("no"))
    ),
}


@both
@pytest.mark.parametrize("where", ["workflow", "branch"])
@pytest.mark.parametrize("asked", ASKED)
def test_what_the_engine_asks_may_not_call_the_context_and_the_code_may_again(colour, where, asked):
    asking = Asking()

    @colour
    def inner(ctx):
        fail()
        yield

    def code(ctx):
        asking.context = ctx
        with contextlib.suppress(ValueError):
            yield ASKED[asked](ctx, asking, inner)
        found = yield ctx.step(add, 1, 1)
        yield ctx.wait(seconds=1)
        return found

    @colour
    def workflow(event, ctx):
        if where == "workflow":
            return [(yield from code(ctx))]
        return (yield ctx.parallel([colour(code)])).values()

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [2]
    assert asking.refused


def test_an_operation_in_a_task_of_the_last_turn_is_said_to_be_cut_off(capsys):
    left = []

    async def workflow(event, ctx):
        left.append(asyncio.gather(ctx.step("lost", add, 1, 2), ctx.wait(5)))
        return 1

    assert succeeded(run(workflow).execution) == 1
    told = capsys.readouterr().out
    assert "cut off" in told
    assert "lost" in told
