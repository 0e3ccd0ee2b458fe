"""When a batch is over, what its result says then, and what it raises."""

import pytest

from perdure import (
    BatchDecision,
    BatchError,
    BatchReason,
    BatchStatus,
    ChildContextError,
    Completion,
    Retry,
    failure,
    step,
)
from support.colours import both
from support.hosting import error_of, run, status
from support.ledger_service import succeeded
from support.step_bodies import Declined


@step(name="twice", retry=Retry.NONE)
def twice(item):
    return item * 2


def fail_at_once(progress):
    return BatchDecision.FAIL if progress.failed else BatchDecision.CONTINUE


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
            seen = [len(batch), batch.total, batch.values(), str(batch.reason), str(batch.status)]
            found.append(seen)
        yield ctx.wait(seconds=1)
        return found

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [[0, 0, [], "ALL_COMPLETED", "SUCCEEDED"]] * 3


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
        (Completion.custom(fail_at_once), {3}, "CUSTOM_COMPLETION_FAILED", 4, "FAILED"),
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
        seen.append(
            [
                str(batch.reason),
                len(batch),
                str(batch.status),
                batch.total,
                [(item.index, item.status, item.result, repr(item.error)) for item in batch],
                [repr(error) for error in batch.errors()],
                batch.partial(),
            ]
        )
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
            seen.append(
                [
                    str(error),
                    [(type(one), str(one), one.args, failure(one), type(one.__cause__)) for one in error.exceptions],
                ]
            )
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert [line[0] for line in seen[0][1]] == [Declined, Declined, ChildContextError]
    assert "payments" in seen[0][0]


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
