"""Code of branches that will not end, or that ends more than itself; and functions of the wrong colour."""

import contextvars
import os
import subprocess
import sys

import pytest

from perdure import Completion
from support.colours import ASYNC, SYNC, both
from support.hosting import TESTS, hosted, run
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


HOLDING = """
import os, sys
from support.colours import ASYNC, SYNC
from support.hosting import hosted
from support.ledger_service import LedgerService
from perdure import Completion
colour = {"sync": SYNC, "async": ASYNC}[sys.argv[1]]
loses = sys.argv[2] == "loser"

@colour
def holding(ctx):
    while True:
        try:
            yield ctx.wait(seconds=5)
            return "waited"
        except BaseException:
            pass

@colour
def plain(ctx):
    return (yield ctx.step(lambda: 3))

@colour
def workflow(event, ctx):
    completion = Completion.FIRST_SUCCESSFUL if loses else Completion.ALL_COMPLETED
    return (yield ctx.parallel([holding, plain], completion=completion)).partial()

def abandon(output):
    print(output.decode(), [f"{one.kind.value} {one.status.value}" for one in service.execution.operations][1:])
    sys.stdout.flush()
    os._exit(0)

service = LedgerService()
print("went on with", hosted(workflow, service, abandon=abandon).answer(service.begin()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize(
    ("role", "output", "recorded"),
    [
        ("waiting", '{"Status":"PENDING"}', ["CONTEXT STARTED", "WAIT STARTED", "STEP SUCCEEDED", "CONTEXT SUCCEEDED"]),
        ("loser", '{"Status":"SUCCEEDED","Result":"[3]"}', ["CONTEXT SUCCEEDED", "STEP SUCCEEDED"]),
    ],
)
def test_a_branch_that_never_lets_go_costs_the_process_and_not_the_run(colour, role, output, recorded):
    environ = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-c", HOLDING, colour, role]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    last = done.stdout.splitlines()[-1]
    assert last.startswith(output), done.stdout + done.stderr
    assert all(line in last for line in recorded), last


@both
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_process_is_not_an_outcome_of_a_branch(colour, kind):
    @colour
    def branch(ctx):
        yield ctx.step("one", lambda: None)
        raise kind("enough")

    @colour
    def other(ctx):
        yield ctx.wait(seconds=50)

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([other, branch], completion=Completion.ALL_COMPLETED)).partial()

    harness = hosted(workflow, LedgerService())
    with pytest.raises(kind):
        harness.answer(harness.service.begin())
    assert not [one for one in harness.execution.operations if str(one.status) == "FAILED"]


@both
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_process_is_not_an_outcome_of_a_body_on_the_pool(colour, kind):
    def body():
        raise kind("enough")

    @colour
    def branch(ctx):
        yield ctx.step(body)

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([branch, branch], completion=Completion.ALL_COMPLETED)).partial()

    harness = hosted(workflow, LedgerService())
    with pytest.raises(kind):
        harness.answer(harness.service.begin())
    assert not [one for one in harness.execution.operations if str(one.status) == "FAILED"]


EXITING = """
import sys
from support.colours import ASYNC, SYNC
from support.hosting import hosted
from support.ledger_service import LedgerService
colour = {"sync": SYNC, "async": ASYNC}[sys.argv[1]]
kind = {"SystemExit": SystemExit, "KeyboardInterrupt": KeyboardInterrupt}[sys.argv[2]]

async def body():
    raise kind("enough")

@colour
def exiting(ctx):
    yield ctx.step(body)

@colour
def waiting(ctx):
    yield ctx.wait(seconds=5)

@colour
def workflow(event, ctx):
    return (yield ctx.parallel([exiting, waiting])).values()

service = LedgerService()
try:
    print(hosted(workflow, service).answer(service.begin()))
except kind as error:
    print("raised", error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt"])
@pytest.mark.parametrize("colour", ["sync", "async"])
def test_an_async_body_that_ends_the_process_does_not_hang(colour, kind):
    environ = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-c", EXITING, colour, kind]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=10, check=False)
    assert "raised enough" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(("own", "other"), [(SYNC, ASYNC), (ASYNC, SYNC)], ids=["sync", "async"])
@pytest.mark.parametrize(
    "call",
    [
        lambda ctx, fn: ctx.parallel([fn]),
        lambda ctx, fn: ctx.parallel({"a": fn}),
        lambda ctx, fn: ctx.map(fn, [1]),
        lambda ctx, fn: ctx.map(fn, []),
        lambda ctx, fn: ctx.gather(fn),
        lambda ctx, fn: ctx.race(fn),
        lambda ctx, fn: ctx.first_success(fn),
        lambda ctx, fn: ctx.settle(fn),
    ],
)
def test_a_branch_of_the_other_colour_is_a_type_error_at_the_call(own, other, call):
    @other
    def branch(ctx, item=None):
        yield ctx.step("one", lambda: None)

    @own
    def workflow(event, ctx):
        with pytest.raises(TypeError, match="async def"):
            call(ctx, branch)
        return (yield ctx.step("two", lambda: "two"))

    harness = run(workflow)
    assert succeeded(harness.execution) == "two"
    assert len(list(harness.execution.operations)) == 2


def test_a_function_that_turns_out_to_be_of_the_other_colour_fails_its_branch():
    async def late(ctx):
        await ctx.step("one", lambda: None)

    def workflow(event, ctx):
        (item,) = ctx.parallel([lambda c: late(c)])  # noqa: PLW0108  a lambda is not seen through
        return [type(item.error).__name__, str(item.error)]

    name, text = succeeded(run(workflow).execution)
    assert name == "TypeError"
    assert "same colour" in text

    async def plain(event, ctx):
        (item,) = await ctx.parallel([lambda c: 5])
        return [type(item.error).__name__, str(item.error)]

    name, text = succeeded(run(plain).execution)
    assert name == "TypeError"
    assert "same colour" in text


def test_a_coroutine_that_a_lambda_hands_on_is_a_branch():
    async def late(ctx, value):
        return await ctx.step(add, value, 1)

    async def workflow(event, ctx):
        batch = await ctx.parallel([lambda c: late(c, 1), lambda c: c.step(add, 2, 2)])
        return batch.values()

    assert succeeded(run(workflow).execution) == [2, 4]
