"""Batches of both colours: which branches run when, what they come to, and what is recorded of them."""

import threading

import pytest

from perdure import (
    Batch,
    BatchDecision,
    BatchError,
    BatchReason,
    BatchStatus,
    ChildContextError,
    Completion,
    Retry,
    child,
    failure,
    step,
)
from support.colours import both
from support.hosting import error_of, hosted, moves, run, said, status
from support.ledger_service import LedgerService, succeeded
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
@pytest.mark.parametrize("flat", [False, True])
def test_a_batch_without_branches_is_over_at_once(colour, flat):
    @colour
    def workflow(event, ctx):
        found = []
        for batch in (
            (yield ctx.parallel([], flat=flat)),
            (yield ctx.map(twice, [], flat=flat, completion=Completion(min_successful=3))),
            (yield ctx.map(twice, (), completion=Completion.custom(lambda progress: False))),
        ):
            found.append([len(batch), batch.total, batch.values(), str(batch.reason), str(batch.status)])
        yield ctx.wait(seconds=1)
        return found

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [[0, 0, [], "ALL_COMPLETED", "SUCCEEDED"]] * 3


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
@pytest.mark.parametrize(
    ("completion", "failing", "reason", "begun", "batch_status"),
    [
        (None, {0}, "FAILURE_TOLERANCE_EXCEEDED", 1, "FAILED"),
        (Completion(), {0}, "FAILURE_TOLERANCE_EXCEEDED", 1, "FAILED"),
        (Completion.ALL_SUCCESSFUL, {5}, "FAILURE_TOLERANCE_EXCEEDED", 6, "FAILED"),
        (Completion.ALL_SUCCESSFUL, set(), "ALL_COMPLETED", 10, "SUCCEEDED"),
        (Completion.FIRST_SUCCESSFUL, {0, 1}, "MIN_SUCCESSFUL_REACHED", 3, "FAILED"),
        (Completion.FIRST_SUCCESSFUL, set(range(10)), "ALL_COMPLETED", 10, "FAILED"),
        (Completion.FIRST_SUCCESSFUL, set(range(9)), "ALL_COMPLETED", 10, "FAILED"),
        (Completion.ALL_COMPLETED, set(range(10)), "ALL_COMPLETED", 10, "FAILED"),
        (Completion(min_successful=4), set(), "MIN_SUCCESSFUL_REACHED", 4, "SUCCEEDED"),
        (Completion(min_successful=10), set(), "ALL_COMPLETED", 10, "SUCCEEDED"),
        (Completion(tolerated_failures=2), {1, 2}, "ALL_COMPLETED", 10, "FAILED"),
        (Completion(tolerated_failures=2), {1, 2, 4}, "FAILURE_TOLERANCE_EXCEEDED", 5, "FAILED"),
        (Completion(tolerated_percentage=20), {1, 2}, "ALL_COMPLETED", 10, "FAILED"),
        (Completion(tolerated_percentage=20), {1, 2, 4}, "FAILURE_TOLERANCE_EXCEEDED", 5, "FAILED"),
        (Completion(min_successful=3, tolerated_failures=1), {0, 1}, "FAILURE_TOLERANCE_EXCEEDED", 2, "FAILED"),
        (Completion(min_successful=3, tolerated_failures=1), {0}, "MIN_SUCCESSFUL_REACHED", 4, "FAILED"),
        (Completion.custom(lambda p: p.succeeded >= 2), {0}, "CUSTOM_COMPLETION_SUCCEEDED", 3, "SUCCEEDED"),
        (Completion.custom(lambda p: BatchDecision.FAIL if p.failed else BatchDecision.CONTINUE), {3}, "CUSTOM_COMPLETION_FAILED", 4, "FAILED"),
        (Completion.custom(lambda p: BatchDecision.FAIL), set(), "CUSTOM_COMPLETION_FAILED", 0, "FAILED"),
        (Completion.custom(lambda p: False), {3}, "ALL_COMPLETED", 10, "FAILED"),
    ],
)  # fmt: skip
def test_when_a_batch_is_over(colour, completion, failing, reason, begun, batch_status):
    seen = []

    @colour
    def code(ctx, item):
        yield ctx.step("one", lambda: None)
        if item in failing:
            raise Declined(item)
        return item

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(code, list(range(10)), completion=completion, concurrency=1)
        seen.append([
            str(batch.reason),
            len(batch),
            str(batch.status),
            batch.total,
            [(item.index, item.status, item.result, repr(item.error)) for item in batch],
            [repr(error) for error in batch.errors()],
            batch.partial(),
        ])
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0][:4] == [reason, begun, batch_status, 10]
    assert seen[0] == seen[1]


@both
def test_a_policy_that_raises_fails_the_batch_live_and_on_replay(colour):
    seen = []

    def broken(progress):
        if progress.succeeded:
            raise ZeroDivisionError("no idea")
        return False

    @colour
    def code(ctx, item):
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.map(code, [1, 2], completion=Completion.custom(broken))
        except ZeroDivisionError as error:
            seen.append((str(error), failure(error)))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]


@both
def test_values_of_a_batch_with_failures_raise_the_same_live_and_on_replay(colour):
    seen = []

    @step(retry=Retry.NONE)
    def pay(item):
        raise Declined("no", item)

    @colour
    def code(ctx, item):
        if item == 2:

            class Local(Exception):
                pass

            raise Local("cannot be rebuilt")
        yield ctx.step(pay, item)

    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(code, [0, 1, 2], completion=Completion.ALL_COMPLETED, name="payments")
        try:
            batch.values()
        except BatchError as error:
            seen.append([
                str(error),
                [(type(one), str(one), one.args, failure(one), type(one.__cause__)) for one in error.exceptions],
            ])
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert [line[0] for line in seen[0][1]] == [Declined, Declined, ChildContextError]
    assert "payments" in seen[0][0]


REFUSED = [
    (lambda ctx, fn: ctx.parallel(fn), TypeError),
    (lambda ctx, fn: ctx.parallel("ab"), TypeError),
    (lambda ctx, fn: ctx.parallel({fn}), TypeError),
    (lambda ctx, fn: ctx.parallel(iter([fn])), TypeError),
    (lambda ctx, fn: ctx.parallel([fn, 5]), TypeError),
    (lambda ctx, fn: ctx.parallel([None]), TypeError),
    (lambda ctx, fn: ctx.parallel({5: fn}), TypeError),
    (lambda ctx, fn: ctx.parallel({"": fn}), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], concurrency=0), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], concurrency=-1), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], concurrency=1.5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], concurrency=True), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], completion=1), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], completion=Completion(min_successful=2)), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], name=""), ValueError),
    (lambda ctx, fn: ctx.parallel([fn], name=5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], unknown=5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], serdes=5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], item_serdes=5), TypeError),
    (lambda ctx, fn: ctx.parallel([fn], summary=5), TypeError),
    (lambda ctx, fn: ctx.map(fn, {1, 2}), TypeError),
    (lambda ctx, fn: ctx.map(fn, iter([1])), TypeError),
    (lambda ctx, fn: ctx.map(fn, "text"), TypeError),
    (lambda ctx, fn: ctx.map(fn, {"a": 1}), TypeError),
    (lambda ctx, fn: ctx.map([1], fn), TypeError),
    (lambda ctx, fn: ctx.map(fn, [1], namer=lambda item, index: ""), ValueError),
    (lambda ctx, fn: ctx.map(fn, [1], namer=lambda item, index: 5), TypeError),
    (lambda ctx, fn: ctx.map(fn, [1], namer=lambda item, index: 1 / 0), ZeroDivisionError),
    (lambda ctx, fn: ctx.map(fn, [1], namer=5), TypeError),
    (lambda ctx, fn: ctx.map(fn, [1], completion=Completion(min_successful=2)), ValueError),
    (lambda ctx, fn: ctx.gather(5), TypeError),
    (lambda ctx, fn: ctx.gather([fn]), TypeError),
    (lambda ctx, fn: ctx.race(), ValueError),
    (lambda ctx, fn: ctx.first_success(), ValueError),
    (lambda ctx, fn: ctx.settle(fn, name=""), ValueError),
]


@both
@pytest.mark.parametrize(("call", "error"), REFUSED)
def test_what_is_refused_takes_no_place_and_records_nothing(colour, call, error):
    @colour
    def code(ctx, item=None):
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        with pytest.raises(error):
            call(ctx, code)
        yield ctx.step("after", lambda: None)

    harness = run(workflow)
    assert status(harness) == "SUCCEEDED", said(harness)
    assert [one.name for one in started(harness)] == ["after"]
    first = started(harness)[0].id

    @colour
    def plain(event, ctx):
        yield ctx.step("after", lambda: None)

    assert started(run(plain))[0].id == first


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
    assert len(moves(harness)) <= 4


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


@both
def test_a_batch_that_fails_unhandled_fails_the_execution(colour):
    @colour
    def code(ctx, item):
        yield ctx.step("one", lambda: None)
        raise Declined("no")

    @colour
    def workflow(event, ctx):
        return (yield ctx.map(code, [1, 2], name="payments")).values()

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "payments" in error_of(harness)["ErrorMessage"]
    assert error_of(harness)["ErrorType"].endswith("BatchError")


@both
def test_an_item_that_did_not_begin_is_not_among_the_items(colour):
    @colour
    def workflow(event, ctx):
        batch = yield ctx.map(twice, [1, 2, 3], completion=Completion.FIRST_SUCCESSFUL, concurrency=1)
        assert batch.reason is BatchReason.MIN_SUCCESSFUL_REACHED
        assert batch[0].status is BatchStatus.SUCCEEDED
        with pytest.raises(BatchError):
            batch.values()
        return [len(batch), batch.total]

    assert succeeded(run(workflow).execution) == [1, 3]


def test_hosting_needs_no_branches():
    assert hosted(lambda event, ctx: None, LedgerService()) is not None
