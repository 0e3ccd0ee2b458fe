"""Operations whose record tells all: nothing is left to be done, and what holds of other calls holds of them."""

import asyncio
from dataclasses import dataclass

import orjson
import pytest

from perdure import DurableCallRefused, step
from support.hosting import error_of, hosted, run, said, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def replayed(workflow):
    """Run a workflow on the history of two steps named `a` and `b`, which came to 3 each."""

    async def recording(event, ctx):
        await ctx.step("a", add, 1, 2)
        await ctx.step("b", add, 1, 2)
        await ctx.wait(10)

    service = LedgerService()
    hosted(recording, service).invoke()
    harness = hosted(workflow, service, strict=True)
    harness.run()
    return harness


@dataclass
class Order:
    number: int


def order() -> Order:
    return Order(7)


def untyped():
    return {"number": [7]}


def nothing():
    return None


def long():
    return "x" * 2000


class Reversed:
    def serialize(self, value):
        return value[::-1]

    def deserialize(self, text):
        return text[::-1]


def word():
    return "21"  # read as JSON, a number


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (order, Order(7)),
        (untyped, {"number": [7]}),
        (nothing, None),
        (long, "x" * 2000),
        (step(serdes=Reversed())(word), "21"),
        (lambda: 2**80, 2**80),
        (lambda: 2**64, 2**64),
        (lambda: 10**17, 10**17),
        (lambda: -(2**63) - 1, -(2**63) - 1),
        (lambda: 0.5, 0.5),
        (lambda: "\ud800", "\ud800"),
    ],
)
@pytest.mark.parametrize("library", ["orjson", "whichever is in use"])
def test_a_replay_gives_any_value_that_was_recorded(monkeypatch, library, function, value):
    if library == "orjson":
        monkeypatch.setattr("perdure_runtime.jsoncode.CODE.read_brief", orjson.loads)
    seen = []

    def workflow(event, ctx):
        seen.append((ctx.step(function), ctx.step("named", function)))
        ctx.wait(10)

    async def in_async(event, ctx):
        seen.append((await ctx.step(function), await ctx.step("named", function)))
        await ctx.wait(10)

    for each in (workflow, in_async):
        seen.clear()
        succeeded(run(each).execution)
        assert seen == [(value, value)] * 2
        assert {type(it) for pair in seen for it in pair} == {type(value)}


def test_a_value_that_cannot_be_read_raises_at_the_call_that_asks_for_it():
    def wrong() -> int:
        return 3

    def workflow(event, ctx):
        ctx.step("a", wrong)
        ctx.wait(10)

    service = LedgerService()
    hosted(workflow, service).invoke()

    def changed(event, ctx):
        def now() -> Order:
            raise AssertionError

        ctx.step("a", now)

    harness = hosted(changed, service)
    harness.run()
    assert error_of(harness)["ErrorType"] == "perdure.SerdesError"
    assert "step 'a'" in said(harness)


def test_a_name_that_no_operation_can_have_is_refused_in_a_replay_too():
    async def workflow(event, ctx):
        with pytest.raises(ValueError, match="a name is 1 to 256"):
            ctx.step("", add, 1, 2)
        both = [await ctx.step("a", add, 1, 2), await ctx.step("b", add, 1, 2)]
        await ctx.wait(10)
        return both

    assert succeeded(replayed(workflow).execution) == [3, 3]


def test_a_recorded_step_is_awaited_once():
    async def workflow(event, ctx):
        operation = ctx.step("a", add, 1, 2)
        before = repr(operation)
        await operation
        with pytest.raises(RuntimeError, match=r"step 'a'.* awaited once"):
            await operation
        await ctx.step("b", add, 1, 2)
        await ctx.wait(10)
        return before, repr(operation)

    before, after = succeeded(replayed(workflow).execution)
    assert before.startswith("<step 'a' (")
    assert before.endswith("not awaited yet>")
    assert after.endswith(", awaited>")


def test_a_recorded_step_that_is_never_awaited_is_named():
    async def workflow(event, ctx):
        ctx.step("a", add, 1, 2)
        await ctx.step("b", add, 1, 2)
        await ctx.wait(10)

    harness = replayed(workflow)
    assert status(harness) == "FAILED"
    assert "step 'a'" in said(harness)
    assert "never awaited" in said(harness)


def test_recorded_steps_may_be_awaited_by_tasks_and_taken_over():
    async def workflow(event, ctx):
        both = await asyncio.gather(ctx.step("a", add, 1, 2), ctx.step("b", add, 1, 2))
        await ctx.wait(10)
        return both

    assert succeeded(replayed(workflow).execution) == [3, 3]


def test_a_recorded_step_of_a_child_that_is_over_is_refused():
    async def asks(ctx, box):
        box.append(ctx.step("left", add, 1, 2))
        await ctx.step("slow", add, 1, 2)
        await ctx.wait(10)

    async def workflow(event, ctx):
        box = []
        await ctx.run_in_child_context(asks, box)
        with pytest.raises(DurableCallRefused, match="has ended"):
            await box[0]
        return "refused"

    assert succeeded(run(workflow).execution) == "refused"


def test_an_attribute_that_a_recorded_step_lacks_is_not_made_up():
    async def workflow(event, ctx):
        operation = ctx.step("a", add, 1, 2)
        assert not hasattr(operation, "nothing")
        await operation
        await ctx.step("b", add, 1, 2)
        await ctx.wait(10)
        return "told"

    assert succeeded(replayed(workflow).execution) == "told"


def test_a_recorded_wait_is_an_operation_like_any_other():
    seen = []

    async def workflow(event, ctx):
        operation = ctx.wait(5, name="nap")
        seen.append((type(operation.asked).__name__, repr(operation)))
        await operation
        with pytest.raises(RuntimeError, match=r"wait 'nap'.* awaited once"):
            await operation
        assert not hasattr(operation.asked, "nothing")

    succeeded(run(workflow).execution)
    (live, shown), (recorded, again) = seen
    assert (live, recorded) == ("AskedWait", "AskedValue")
    assert shown == again


def test_recorded_waits_may_be_awaited_at_once():
    async def workflow(event, ctx):
        await asyncio.gather(ctx.wait(5, name="nap"), ctx.wait(5))
        await ctx.wait(5)
        return await ctx.step(add, 1, 2)

    assert succeeded(run(workflow, strict=True).execution) == 3


@pytest.mark.parametrize("value", [3, None, {"number": [7]}, "x" * 2000, "x" * 300_000])
def test_a_replay_gives_any_value_that_was_recorded_of_a_child(value):
    seen = []

    def child(ctx):
        return value

    async def achild(ctx):
        return value

    def workflow(event, ctx):
        seen.append((ctx.run_in_child_context(child), ctx.run_in_child_context("named", child)))
        ctx.wait(10)

    async def in_async(event, ctx):
        named = ctx.run_in_child_context("named", achild)
        seen.append((await ctx.run_in_child_context(achild), await named))
        await ctx.wait(10)

    for each in (workflow, in_async):
        seen.clear()
        succeeded(run(each).execution)
        assert seen == [(value, value)] * 2


def test_a_recorded_child_is_an_operation_like_any_other():
    seen = []

    async def child(ctx):
        return 3

    async def workflow(event, ctx):
        operation = ctx.run_in_child_context(child)
        seen.append((operation.asked.record is not None, repr(operation)))
        three = await ctx.gather(operation, ctx.step(add, 1, 2))
        await ctx.wait(10)
        return three

    assert succeeded(run(workflow, strict=True).execution) == [3, 3]
    (live, shown), (recorded, again) = seen
    assert (live, recorded) == (False, True)
    assert shown == again
