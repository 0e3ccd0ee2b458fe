"""Lazy steps: their results travel with what comes next, and nothing that leaves a trace goes ahead of them."""

import asyncio

import orjson
import pytest

from perdure import Retry, ServiceError, step
from perdure_runtime.core.outbox import MOST_BYTES
from perdure_runtime.drivers.ticker import Ticker
from support.colours import both
from support.hosting import error_of, hosted, moves, run, until
from support.ledger_service import Faults, LedgerService, succeeded
from support.scripted_service import Scripted, refused
from support.step_bodies import add

STEP = ["STEP START", "STEP SUCCEED"]
LAZY_ADD = step(add, lazy=True)


@step(lazy=True)
async def lazy_aadd(left, right):
    await asyncio.sleep(0)
    return left + right


def recorded(service):
    """What is recorded of each step, by name."""
    return {one.name: one.payload for one in service.execution.operations if one.kind == "STEP" and one.payload}


@both
@pytest.mark.slow
@pytest.mark.parametrize("function", [LAZY_ADD, lazy_aadd], ids=["plain", "async"])
def test_a_thousand_lazy_steps_and_an_ordinary_one_take_few_requests(colour, function):
    @colour
    def workflow(event, ctx):
        total = 0
        for number in range(1000):
            if number == 500:
                total = yield ctx.step(add, total, 1)
            total = yield ctx.step(function, total, number)
        return total

    harness = run(workflow)
    assert succeeded(harness.execution) == 499_501
    assert len(harness.outputs) == 1
    assert len(harness.service.requests) <= 10
    assert sum(map(len, moves(harness))) == 2002


FOLLOWING = {
    "step": (lambda ctx: ctx.step(add, 1, 1), [[*STEP, *STEP, "STEP START"], ["STEP SUCCEED"]]),
    "once": (lambda ctx: ctx.step(step(add, once=True), 1, 1), [[*STEP, *STEP, "STEP START"], ["STEP SUCCEED"]]),
    "wait": (lambda ctx: ctx.wait(seconds=1), [[*STEP, *STEP, "WAIT START"]]),
    "invoke": (lambda ctx: ctx.invoke("other"), [[*STEP, *STEP, "CHAINED_INVOKE START"]]),
    "callback": (lambda ctx: ctx.create_callback(), [[*STEP, *STEP, "CALLBACK START"]]),
    "lazy step, and the end": (lambda ctx: ctx.step(LAZY_ADD, 1, 1), [[*STEP, *STEP, *STEP]]),
    "check": (
        lambda ctx: ctx.wait_for_condition(str, "", until=lambda _state: True),
        [[*STEP, *STEP, "STEP START"], ["STEP SUCCEED"]],
    ),
    "submitter": (
        lambda ctx: ctx.wait_for_callback(step(lambda _id: None, lazy=True)),
        [[*STEP, *STEP, "CONTEXT START", "CALLBACK START"], STEP, ["CONTEXT SUCCEED"]],
    ),
}


@both
@pytest.mark.parametrize("follows", FOLLOWING)
def test_lazy_results_travel_with_what_comes_next(colour, follows):
    call, requests = FOLLOWING[follows]

    @colour
    def workflow(event, ctx):
        first = yield ctx.step(LAZY_ADD, 1, 1)
        yield ctx.step(LAZY_ADD, first, 1)
        yield call(ctx)

    assert moves(run(workflow, service=LedgerService(answers={"*": "null"}))) == requests


@both
def test_a_workflow_that_fails_has_recorded_its_lazy_results(colour):
    @colour
    def workflow(event, ctx):
        raise LookupError((yield ctx.step(LAZY_ADD, 1, 1)))

    harness = run(workflow)
    assert error_of(harness)["ErrorMessage"] == "2"
    assert moves(harness) == [STEP]


@both
def test_a_workflow_does_not_succeed_where_its_lazy_results_cannot_be_recorded(colour):
    @colour
    def workflow(event, ctx):
        yield ctx.step(LAZY_ADD, 1, 1)

    harness = hosted(workflow, Scripted(1, refused("Throttled", retryable=True)))
    harness.invoke()
    assert isinstance(harness.outputs[0], ServiceError)
    harness.run()
    assert moves(harness) == [STEP]


@both
def test_a_lost_result_is_made_again_and_an_ordinary_body_sees_only_what_is_recorded(colour):
    runs, seen = [], []
    service = LedgerService(faults=Faults(before=frozenset({1}), after=frozenset({2})))

    @step(lazy=True)
    def count():
        runs.append(len(runs))
        return runs[-1]

    def look(value):
        seen.append((value, recorded(service)["count"]))
        return value

    @colour
    def workflow(event, ctx):
        return (yield ctx.step(look, (yield ctx.step(count))))

    harness = run(workflow, service=service)
    assert succeeded(harness.execution) == 1
    assert (runs, seen) == ([0, 1], [(1, "1")])


@both
def test_the_code_may_go_another_way_after_a_lost_result(colour):
    runs = []

    @step(lazy=True)
    def flip():
        runs.append(1)
        return len(runs) > 1

    @colour
    def workflow(event, ctx):
        if (yield ctx.step(flip)):
            yield ctx.wait(seconds=1)
            return (yield ctx.step("right", add, 1, 1))
        yield ctx.step("left", LAZY_ADD, 1, 1)
        return (yield ctx.create_callback()).id

    harness = run(workflow, faults=Faults(before=frozenset({1})), strict=True)
    assert succeeded(harness.execution) == 2
    assert recorded(harness.service) == {"flip": "true", "right": "2"}


@both
def test_a_lazy_step_that_fails_is_retried_after_a_wait_like_any(colour):
    runs = []

    @step(lazy=True, retry=Retry.fixed(attempts=2, delay=3))
    def fails_once():
        runs.append(1)
        return 1 // (len(runs) - 1)

    @colour
    def workflow(event, ctx):
        yield ctx.step(LAZY_ADD, 1, 1)
        return (yield ctx.step(fails_once))

    harness = run(workflow)
    assert succeeded(harness.execution) == 1
    assert moves(harness) == [[*STEP, "STEP START", "STEP RETRY"], STEP]


@both
def test_the_error_of_a_lazy_step_is_recorded_before_the_workflow_acts_on_it(colour):
    @colour
    def workflow(event, ctx):
        try:
            yield ctx.step(step(add, lazy=True, retry=Retry.NONE), 1, None)
        except TypeError as error:
            return (yield ctx.step(LAZY_ADD, type(error).__name__, "!"))

    harness = run(workflow)
    assert succeeded(harness.execution) == "TypeError!"
    assert moves(harness) == [["STEP START", "STEP FAIL"], STEP]


def test_a_body_waits_for_the_lazy_results_of_other_lines_of_work():
    service = LedgerService()

    async def workflow(event, ctx):
        has_result, has_begun = asyncio.Event(), asyncio.Event()

        async def lazy(ctx):
            await ctx.step("before", LAZY_ADD, 1, 1)
            has_result.set()
            await ctx.step(step(has_begun.wait, lazy=True))

        async def ordinary(ctx):
            async def look():
                has_begun.set()
                return "before" in recorded(service)

            await has_result.wait()
            return await ctx.step(look)

        return (await ctx.parallel([lazy, ordinary], flat=True)).values()[1]

    assert succeeded(run(workflow, service=service).execution) is True


@both
def test_branches_of_lazy_steps_alone_take_one_request(colour):
    @colour
    def workflow(event, ctx):
        return (yield ctx.map(step(str, lazy=True), list(range(50)), flat=True)).values()

    harness = run(workflow)
    assert succeeded(harness.execution) == [str(number) for number in range(50)]
    assert len(moves(harness)) == 1


@both
def test_the_result_of_a_child_of_lazy_steps_travels_with_them(colour):
    @colour
    def inside(ctx):
        return (yield ctx.step(LAZY_ADD, 1, 1))

    @colour
    def workflow(event, ctx):
        found = yield ctx.run_in_child_context(inside)
        yield ctx.step(add, found, 1)

    requests = moves(run(workflow))
    assert requests == [["CONTEXT START", *STEP, "CONTEXT SUCCEED", "STEP START"], ["STEP SUCCEED"]]


@both
def test_lazy_results_do_not_gather_beyond_what_fits_a_request(colour):
    service, before = LedgerService(), []

    @step(lazy=True)
    def large(number):
        before.append(len(service.requests))
        return "x" * 100_000

    @colour
    def workflow(event, ctx):
        for number in range(20):
            yield ctx.step(large, number)

    harness = run(workflow, service=service)
    sizes = [sum(len(orjson.dumps(update)) for update in request.updates) for request in service.requests]
    assert max(sizes) <= MOST_BYTES
    assert len(harness.service.requests) == 3
    assert before[-1] == 2


@both
@pytest.mark.slow
def test_a_lazy_result_is_sent_while_the_workflow_computes(colour):
    @colour
    def workflow(event, ctx):
        yield ctx.step(LAZY_ADD, 1, 1)
        until(lambda: moves(harness) == [STEP])
        return "seen"

    harness = hosted(workflow, LedgerService(), ticker=Ticker(period=0.01))
    harness.run()
    assert succeeded(harness.execution) == "seen"
    assert moves(harness) == [STEP]


@both
def test_lazy_steps_that_are_recorded_do_not_run_again(colour):
    runs = []

    @step(lazy=True)
    def count():
        runs.append(1)
        return len(runs)

    @colour
    def workflow(event, ctx):
        first = yield ctx.step(count)
        yield ctx.wait(seconds=1)
        return [first, (yield ctx.step(count))]

    harness = run(workflow)
    assert succeeded(harness.execution) == [1, 2]
    assert moves(harness) == [[*STEP, "WAIT START"], STEP]


def test_lazy_steps_of_one_line_may_be_awaited_together():
    async def workflow(event, ctx):
        return await asyncio.gather(*(ctx.step(lazy_aadd, number, 1) for number in range(10)))

    harness = run(workflow)
    assert succeeded(harness.execution) == list(range(1, 11))
    assert len(moves(harness)) == 1
