"""What batches cost: requests, threads, and time; and how a wait that falls due goes on beside other work."""

import asyncio
import threading

import pytest

from perdure import Poll, Retry, step
from perdure_runtime.core.journal import Journal
from support.colours import ASYNC, SYNC, both
from support.hosting import hosted, moves, run, status, until
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add


def every_move(service):
    """All that was recorded, in order."""
    return [move for request in service.requests for move in request.moves]


class Threads:
    """The most threads that were there at once, as far as the bodies of steps saw."""

    def __init__(self):
        self.most = 0

    def look(self):
        self.most = max(self.most, threading.active_count())


@both
@pytest.mark.slow
@pytest.mark.parametrize("flat", [False, True])
def test_a_map_at_the_services_quota_takes_few_threads_and_requests(colour, flat):
    threads, before = Threads(), threading.active_count()

    def body(item):
        threads.look()
        return item + 1

    @colour
    def code(ctx, item):
        return (yield ctx.step(body, item))

    @colour
    def workflow(event, ctx):
        return sum((yield ctx.map(code, list(range(1400)), flat=flat)).values())

    harness = run(workflow)
    assert succeeded(harness.execution) == sum(range(1, 1401))
    assert threads.most - before <= 40
    # At 250 updates each, 12 and 23 are the least; how completions fall together is the scheduler's.
    assert len(harness.service.requests) <= (17 if flat else 28)
    assert len(harness.outputs) == 1


@both
@pytest.mark.slow
def test_a_map_of_a_step_at_the_quota_with_waits_resumes_in_few_requests(colour):
    threads, before = Threads(), threading.active_count()

    @colour
    def code(ctx, item):
        yield ctx.wait(seconds=5)
        threads.look()
        return item

    @colour
    def workflow(event, ctx):
        return sum((yield ctx.map(code, list(range(1400)))).values())

    harness = run(workflow)
    assert succeeded(harness.execution) == sum(range(1400))
    assert threads.most - before <= 40
    assert len(harness.outputs) == 2
    assert len(harness.service.requests) <= 26


@both
@pytest.mark.slow
def test_async_bodies_at_the_quota_take_no_threads(colour):
    threads, before = Threads(), threading.active_count()

    async def body(item):
        await asyncio.sleep(0)
        threads.look()
        return item + 1

    @colour
    def workflow(event, ctx):
        return sum((yield ctx.map(step(body), list(range(1400)))).values())

    harness = run(workflow)
    assert succeeded(harness.execution) == sum(range(1, 1401))
    assert threads.most - before <= 3
    assert len(harness.service.requests) <= 28


@both
def test_fifty_quick_steps_side_by_side_cost_a_few_requests(colour):
    @colour
    def code(ctx):
        return (yield ctx.step(add, ctx.index, 1))

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([code] * 50)).values()

    harness = run(workflow)
    assert succeeded(harness.execution) == list(range(1, 51))
    assert len(harness.service.requests) <= 8  # two, where no thread is held up while others are done


@both
def test_the_ends_of_a_batch_travel_with_what_comes_next(colour):
    @colour
    def code(ctx):
        return (yield ctx.step(add, 1, 1))

    @colour
    def workflow(event, ctx):
        found = yield ctx.parallel([code, code])
        yield ctx.wait(seconds=1)
        return found.values()

    harness = run(workflow)
    flat = every_move(harness.service)
    assert flat.index("WAIT START") > flat.index("CONTEXT SUCCEED")
    assert flat[: flat.index("WAIT START")].count("CONTEXT SUCCEED") == 3
    wait_request = next(request for request in moves(harness) if "WAIT START" in request)
    assert "CONTEXT SUCCEED" in wait_request
    assert len(harness.service.requests) <= 8  # two, where no thread is held up while others are done


@both
@pytest.mark.parametrize("follows", ["step", "callback", "invoke", "once"])
def test_the_value_of_a_batch_is_durable_before_anything_that_leaves_a_trace(colour, follows):
    service = LedgerService(answers={"*": "null"})
    known = []

    def look():
        known.append([str(one.status) for one in service.execution.operations if str(one.kind) == "CONTEXT"])

    calls = {
        "step": lambda ctx: ctx.step("after", look),
        "once": lambda ctx: ctx.step(step(look, once=True)),
        "callback": lambda ctx: ctx.create_callback(name="after"),
        "invoke": lambda ctx: ctx.invoke("other"),
    }

    @colour
    def code(ctx):
        return (yield ctx.step(add, 1, 1))

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([code, code])).raise_for_failure()
        yield calls[follows](ctx)

    harness = hosted(workflow, service)
    harness.run()
    assert status(harness) == "SUCCEEDED"
    if follows in {"step", "once"}:
        assert known == [["SUCCEEDED"] * 3]
    flat = every_move(harness.service)
    last_end = max(index for index, move in enumerate(flat) if move == "CONTEXT SUCCEED")
    starts = [i for i, move in enumerate(flat) if move in {"CALLBACK START", "CHAINED_INVOKE START"}]
    assert all(start > last_end for start in starts)


@both
@pytest.mark.slow
def test_a_wait_that_falls_due_goes_on_while_a_body_runs(colour):
    service = LedgerService()
    resumed = threading.Event()

    def body():
        until(lambda: "WAIT START" in every_move(service))
        service.clock.advance(2)
        assert resumed.wait(20)
        return "body"

    @colour
    def busy(ctx):
        return (yield ctx.step(body))

    @colour
    def waiting(ctx):
        yield ctx.wait(seconds=1)
        yield ctx.step("resumed", resumed.set)
        return "waited"

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([busy, waiting])).values()

    harness = run(workflow, service=service)
    assert succeeded(harness.execution) == ["body", "waited"]
    assert len(harness.outputs) == 1


@both
@pytest.mark.slow
@pytest.mark.parametrize("what", ["retry", "condition"])
def test_other_timers_go_on_in_process_too(colour, what):
    service = LedgerService()
    resumed = threading.Event()

    def body():
        until(lambda: "STEP RETRY" in every_move(service))
        service.clock.advance(2)
        assert resumed.wait(20)

    def flaky():
        if not tried:
            tried.append(1)
            raise ValueError("once")
        resumed.set()

    def check(state):
        if state:
            resumed.set()
        return state + 1

    tried = []

    @colour
    def busy(ctx):
        return (yield ctx.step(body))

    @colour
    def timed(ctx):
        if what == "retry":
            yield ctx.step(step(flaky, retry=Retry.fixed(attempts=2, delay=1)))
        else:
            yield ctx.wait_for_condition(check, 0, until=lambda state: state == 2, poll=Poll.fixed(delay=1))

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([busy, timed])).raise_for_failure()

    harness = run(workflow, service=service)
    assert status(harness) == "SUCCEEDED"
    assert len(harness.outputs) == 1


@both
@pytest.mark.slow
def test_waits_that_fall_due_together_are_asked_about_together(colour):
    service = LedgerService()
    resumed = []

    def body():
        until(lambda: every_move(service).count("WAIT START") == 40)
        service.clock.advance(2)
        until(lambda: len(resumed) == 40)

    @colour
    def busy(ctx):
        yield ctx.step(body)

    @colour
    def waiting(ctx):
        yield ctx.wait(seconds=1)
        resumed.append(1)

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([busy, *[waiting] * 40])).raise_for_failure()

    harness = run(workflow, service=service)
    assert status(harness) == "SUCCEEDED"
    assert len(harness.outputs) == 1
    assert sum(not request.updates for request in harness.service.requests) <= 2
    assert len(harness.service.requests) <= 6


@both
@pytest.mark.slow
def test_a_wait_of_days_does_not_keep_asking_while_a_body_runs(colour):
    service = LedgerService()

    def body():
        until(lambda: "WAIT START" in every_move(service))
        service.clock.advance(3600)

    @colour
    def busy(ctx):
        yield ctx.step(body)

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([busy, lambda c: c.wait(days=2)])).raise_for_failure()

    harness = run(workflow, service=service)
    assert status(harness) == "SUCCEEDED"
    assert not [request for request in harness.service.requests if not request.updates]


@both
@pytest.mark.slow
def test_async_bodies_of_branches_share_one_loop_and_run_at_the_same_time(colour):
    loops, come, all_here = set(), [], asyncio.Event()

    async def look():
        loops.add(id(asyncio.get_running_loop()))

    async def meet():
        await look()
        come.append(1)
        if len(come) == 20:
            all_here.set()
        await asyncio.wait_for(all_here.wait(), 20)

    @colour
    def code(ctx):
        yield ctx.step(meet)
        yield ctx.step(look)

    @colour
    def workflow(event, ctx):
        yield ctx.step(look)
        (yield ctx.parallel([code] * 20)).raise_for_failure()
        yield ctx.step(look)

    assert status(run(workflow)) == "SUCCEEDED"
    assert len(loops) == 1


@both
@pytest.mark.slow
def test_coroutines_that_plain_functions_return_are_awaited_on_that_loop(colour):
    loops = set()

    async def body(value):
        loops.add(id(asyncio.get_running_loop()))
        await asyncio.sleep(0.01)
        return value

    @colour
    def code(ctx, item):
        one = yield ctx.step("lambda", lambda: body(item))
        two = yield ctx.step(body, item)
        return one + two

    @colour
    def workflow(event, ctx):
        first = yield ctx.step("alone", lambda: body(1))
        return [first, *(yield ctx.map(code, [1, 2, 3])).values()]

    assert succeeded(run(workflow).execution) == [1, 2, 4, 6]
    assert len(loops) == 1


@both
@pytest.mark.slow
def test_plain_bodies_of_branches_run_off_the_workflows_thread(colour):
    names = set()

    @colour
    def workflow(event, ctx):
        body = step(lambda item: names.add(threading.current_thread()) or item)
        return (yield ctx.map(body, list(range(20)))).values()

    assert succeeded(run(workflow).execution) == list(range(20))
    assert threading.main_thread() not in names
    assert all(thread.daemon for thread in names)


@pytest.mark.slow
@pytest.mark.parametrize("colour", [SYNC, ASYNC], ids=["sync", "async"])
def test_warm_invocations_begin_no_new_threads(colour):
    @colour
    def workflow(event, ctx):
        return (yield ctx.map(step(lambda item: item), list(range(100)))).values()

    harness = hosted(workflow, LedgerService())
    harness.run()
    before = threading.active_count()
    for _ in range(10):
        harness.service.__init__()
        harness.run()
        assert succeeded(harness.execution) == list(range(100))
    assert threading.active_count() <= before + 33


def test_news_that_arrive_while_news_are_taken_are_not_lost():
    journal = Journal()

    class Arriving(list):
        def __iter__(self):
            assert journal.take_news() == []  # as another thread may
            return super().__iter__()

    journal.merge(Arriving([{"Id": "a", "Type": "WAIT", "Status": "SUCCEEDED"}]))
    assert journal.take_news() == ["a"]
    assert journal.take_news() == []
