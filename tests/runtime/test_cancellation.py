"""What becomes of the losers of a batch: code is unwound, async bodies are cancelled, plain bodies are left behind."""

import pytest

from perdure import BatchStatus, Completion, Retry, step
from support.colours import both
from support.hosting import run, status
from support.ledger_service import succeeded

LEFT_BEHIND = "goes on by itself"


@both
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    "losing",
    [
        lambda ctx, code: ctx.wait(seconds=50),
        lambda ctx, code: ctx.wait_for_callback(lambda callback_id: None),
        lambda ctx, code: ctx.invoke("other"),
        lambda ctx, code: ctx.run_in_child_context(code),
        lambda ctx, code: ctx.parallel([code, code]),
        lambda ctx, code: ctx.map(lambda c, item: c.wait(seconds=item), [50, 60]),
        lambda ctx, code: ctx.step(step(lambda: 1 / 0, retry=Retry.fixed(attempts=3, delay=50))),
        lambda ctx, code: ctx.wait_for_condition(lambda state: state + 1, 0, until=lambda state: state > 3),
    ],
    ids=["wait", "wait_for_callback", "invoke", "child", "parallel", "map", "step", "condition"],
)
def test_losers_of_every_kind_are_unwound_and_the_others_count(colour, losing, flat):
    ended, seen = [], []

    @colour
    def code(ctx):
        try:
            yield ctx.wait(seconds=50)
        finally:
            ended.append("inner")

    @colour
    def slow(ctx):
        try:
            yield losing(ctx, code)
        finally:
            ended.append(("slow", ctx.suspending))

    @colour
    def quick(ctx):
        yield ctx.wait(seconds=5)
        return "quick"

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([slow, quick], completion=Completion.FIRST_SUCCESSFUL, flat=flat)
        seen.append((batch.reason, batch.partial(), [item.status for item in batch]))
        yield ctx.wait(seconds=5)
        return "ok"

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == "ok"
    assert seen[0] == seen[1]
    assert seen[0][1:] == (["quick"], [BatchStatus.STARTED, BatchStatus.SUCCEEDED])
    assert set(ended) >= {("slow", True)}
    assert ("slow", False) not in ended


@both
def test_nothing_more_is_recorded_of_a_branch_that_lost(colour):
    recorded = []

    @colour
    def losing(ctx):
        try:
            yield ctx.wait(seconds=50)
        except BaseException:  # noqa: BLE001
            recorded.append("swallowed")
        yield ctx.step("after all", lambda: recorded.append("ran"))
        return "late"

    @colour
    def winning(ctx):
        return (yield ctx.step("quick", lambda: 1))

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([losing, winning], completion=Completion.FIRST_SUCCESSFUL)
        yield ctx.step("next", lambda: None)
        return [str(item.status) for item in batch]

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == ["STARTED", "SUCCEEDED"]
    assert recorded == ["swallowed"]
    assert "after all" not in {one.name for one in harness.execution.operations}


@both
def test_the_first_failure_ends_a_batch_and_the_others_are_unwound(colour):
    ended = []

    @colour
    def waiting(ctx):
        try:
            yield ctx.wait(seconds=50)
        finally:
            ended.append(ctx.index)

    @colour
    def failing(ctx):
        yield ctx.step("one", lambda: None)
        raise ValueError("no")

    @colour
    def workflow(event, ctx):
        batch = yield ctx.parallel([waiting, failing, waiting])
        return [str(batch.reason), [str(item.status) for item in batch]]

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == ["FAILURE_TOLERANCE_EXCEEDED", ["STARTED", "FAILED", "STARTED"]]
    assert sorted(ended) == [0, 2]
    assert len(harness.outputs) == 1


@both
def test_losers_inside_losers_are_unwound_from_the_inside(colour):
    ended = []

    @colour
    def innermost(ctx):
        try:
            yield ctx.wait(seconds=50)
        finally:
            ended.append("innermost")

    @colour
    def middle(ctx):
        try:
            yield ctx.parallel([innermost])
        finally:
            ended.append("middle")

    @colour
    def outer(ctx):
        try:
            yield ctx.run_in_child_context(middle)
        finally:
            ended.append("outer")

    @colour
    def winning(ctx):
        return (yield ctx.step("quick", lambda: 1))

    @colour
    def workflow(event, ctx):
        (yield ctx.parallel([outer, winning], completion=Completion.FIRST_SUCCESSFUL)).partial()
        ended.append("root")

    assert status(run(workflow)) == "SUCCEEDED"
    assert ended == ["innermost", "middle", "outer", "root"]
