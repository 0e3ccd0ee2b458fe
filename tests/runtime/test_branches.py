"""Batches of both colours: which branches run when, what they come to, and what is recorded of them."""

import threading
from datetime import date

import pytest

from perdure import (
    Batch,
    Completion,
    Retry,
    child,
    step,
)
from support.colours import both
from support.hosting import moves, run, status
from support.ledger_service import succeeded
from support.step_bodies import Declined, add


def named(harness, kind="CONTEXT"):
    return [(one.sub_type, one.name) for one in harness.execution.operations if str(one.kind) == kind]


def started(harness):
    return [one for one in harness.execution.operations if str(one.kind) != "EXECUTION"]


@step(name="twice", retry=Retry.NONE)
def twice(item):
    return item * 2


class Bank:
    def __init__(self, rate):
        self.rate = rate

    def interest(self, item):
        return item * self.rate

    @step
    def fee(self, item):
        return item + self.rate


@both
def test_functions_of_one_parallel_keep_what_each_has_of_its_own(colour):
    def plain(result):
        @colour
        def code(ctx):
            return result
            yield

        return code

    def typed(kind, result):
        code = plain(result)
        code.__annotations__ = {"return": kind}
        return code

    day, months = date(2026, 1, 2), {"a": (1, 2)}
    branches = [
        *(plain(1), typed(date, day), plain("two"), typed(dict[str, tuple[int, int]], months), plain([3])),
        *(child(plain(4), name="named"), step(lambda: 10, name="made"), plain(None)),
    ]

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel(branches)
        yield ctx.wait(seconds=1)  # the batch is read from its record after that
        return [(item.name, repr(item.result)) for item in batch]

    expected = [1, day, "two", months, [3], 4, 10, None]
    names = [f"parallel-branch-{index}" for index in range(5)] + ["named", "parallel-branch-6", "parallel-branch-7"]
    told = succeeded(run(workflow, strict=True).execution)
    assert [tuple(pair) for pair in told] == list(zip(names, map(repr, expected), strict=True))


@both
def test_a_map_runs_a_function_for_each_item_and_keeps_their_order(colour):
    @colour
    def item_code(ctx, item):
        yield ctx.wait(seconds=10 - item)
        return (yield ctx.step(add, item, ctx.index))

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(item_code, [3, 1, 2])
        assert isinstance(batch, Batch)
        return batch.values()

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [3, 2, 4]
    assert named(harness) == [
        ("Map", "item_code"),
        ("MapIteration", "map-item-0"),
        ("MapIteration", "map-item-1"),
        ("MapIteration", "map-item-2"),
    ]


@both
def test_a_step_may_be_the_function_of_a_map_or_a_branch(colour):
    bank = Bank(3)

    @step
    def plain():
        return "plain"

    @step
    async def awaited(item=0):
        return ["async", item]

    @colour
    def workflow(event, ctx):
        found = []
        for fn in (twice, step(bank.interest), bank.fee, awaited, twice.options(name="other")):
            found.append((yield ctx.map(fn, [1, 2])).values())  # noqa: PERF401  a comprehension cannot yield
        found.append((yield ctx.parallel([plain, awaited])).values())
        found.append((yield ctx.parallel({"a": plain, "b": awaited})).values())
        yield ctx.wait(seconds=1)
        return found

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [
        [2, 4],
        [3, 6],
        [4, 5],
        [["async", 1], ["async", 2]],
        [2, 4],
        ["plain", ["async", 0]],
        ["plain", ["async", 0]],
    ]
    assert [name for subtype, name in named(harness) if subtype == "Map"][:4] == ["twice", "interest", "fee", "awaited"]
    assert [name for _, name in named(harness, "STEP")][:2] == ["twice", "twice"]


@both
def test_names_of_branches(colour):
    @colour
    def code(ctx, item=None):
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        one = yield ctx.parallel([code, code])
        two = yield ctx.parallel({"left": code, "right": code}, name="both")
        three = yield ctx.parallel([child(code, name="own"), code])
        four = yield ctx.map(code, ["a", "b"], namer=lambda item, index: f"{item}{index}", name="letters")
        return [[item.name for item in batch] for batch in (one, two, three, four)] + [two.name, four.name, one.name]

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [
        ["parallel-branch-0", "parallel-branch-1"],
        ["left", "right"],
        ["own", "parallel-branch-1"],
        ["a0", "b1"],
        "both",
        "letters",
        None,
    ]


@both
def test_options_of_a_branch_are_its_own(colour):
    class Upper:
        def serialize(self, value, context=None):
            return value.upper()

        def deserialize(self, text, context=None):
            return text

    @colour
    def code(ctx):
        return (yield ctx.step("one", lambda: "text"))

    @colour
    def failing(ctx):
        yield ctx.step("one", lambda: None)
        raise Declined("no")

    branches = [
        child(code, serdes=Upper(), subtype="Mine"),
        child(code, virtual=True),
        child(failing, on_error=lambda error: KeyError(str(error))),
        code,
    ]
    seen = []

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel(branches, completion=Completion.ALL_COMPLETED)
        seen.append([(item.result, type(item.error), str(item.error)) for item in batch])
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert [line[0] for line in seen[0]] == ["TEXT", "text", None, "text"]
    assert seen[0][2][1] is KeyError
    assert seen[1] == seen[0]
    assert named(harness)[1:] == [
        ("Mine", "parallel-branch-0"),
        ("ParallelBranch", "parallel-branch-2"),
        ("ParallelBranch", "parallel-branch-3"),
    ]


@both
def test_no_more_branches_than_the_limit_are_under_way_and_they_begin_in_order(colour):
    running, most, order = [], [], []

    @colour
    def code(ctx, item):
        order.append(item)
        running.append(item)
        most.append(len(running))
        yield ctx.step("one", lambda: None)
        yield ctx.step("two", lambda: None)
        running.remove(item)

    @colour
    def workflow(event, ctx):
        (yield ctx.map(code, list(range(10)), concurrency=3)).raise_for_failure()

    assert status(run(workflow)) == "SUCCEEDED"
    assert max(most) == 3
    assert order == list(range(10))


@both
def test_a_suspended_branch_keeps_its_place(colour):
    begun = []

    @colour
    def code(ctx, item):
        begun.append(item)
        yield ctx.wait(seconds=5 if item != 1 else 60)
        return item

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(code, list(range(4)), concurrency=2)).values()

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [0, 1, 2, 3]
    assert begun[:2] == [0, 1]
    assert begun[2:5] == [0, 1, 2]  # at second 5, when only 0 is over
    assert 3 in begun


@both
def test_items_are_those_of_the_call(colour):
    @colour
    def code(ctx, item):
        items.append("more")
        return (yield ctx.step("one", lambda: item))

    items = ["a", "b"]

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(code, items, concurrency=1)).values()

    assert succeeded(run(workflow).execution) == ["a", "b"]


@both
@pytest.mark.slow
def test_bodies_of_branches_run_at_the_same_time(colour):
    barrier = threading.Barrier(8, timeout=10)

    def body():
        return barrier.wait() >= 0

    @colour
    def workflow(event, ctx):
        return (yield ctx.parallel([step(body)] * 8)).values()

    harness = run(workflow)
    assert succeeded(harness.execution) == [True] * 8
    first, *_ = moves(harness)
    assert first.count("STEP START") == 8  # one request for all; how many the ends take is up to the threads


@both
def test_batches_nest(colour):
    @colour
    def leaf(ctx, item):
        yield ctx.wait(seconds=1 + item)
        return (yield ctx.step(add, item, 1))

    @colour
    def middle(ctx, item):
        return (yield ctx.map(leaf, list(range(item)))).values()

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(middle, [1, 2, 3], flat=False)).values()

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [[1], [1, 2], [1, 2, 3]]
