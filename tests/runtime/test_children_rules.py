"""Child contexts: what is refused, what they cost, and when their end is acknowledged."""

import contextvars

import pytest

from perdure import (
    DurableCallRefused,
    child,
    current_context,
    step,
)
from support.colours import ASYNC, SYNC, both
from support.hosting import hosted, moves, run, said, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import add

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


def operations(harness):
    return [
        (str(one.kind), one.sub_type, one.name, str(one.status))
        for one in harness.execution.operations
        if str(one.kind) != "EXECUTION"
    ]


@both
def test_the_context_of_the_code_around_is_refused_inside_a_child(colour):
    @colour
    def workflow(event, ctx):
        @colour
        def inner(own):
            with pytest.raises(DurableCallRefused, match="was refused"):
                yield ctx.step("wrong", lambda: None)
            return (yield own.step("right", lambda: "right"))

        return (yield ctx.run_in_child_context(inner))

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == "right"
    assert len(operations(harness)) == 2


@both
def test_a_child_s_context_is_refused_after_its_end(colour):
    kept = []

    @colour
    def inner(ctx):
        kept.append(ctx)
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        yield ctx.run_in_child_context(inner)
        with pytest.raises(DurableCallRefused):
            yield kept[0].step("late", lambda: None)
        return "ok"

    harness = run(workflow)
    assert succeeded(harness.execution) == "ok"
    assert len(operations(harness)) == 2


@both
def test_context_variables_go_in_and_do_not_come_out(colour):
    seen = []

    @colour
    def inner(ctx):
        seen.append(VARIABLE.get())
        VARIABLE.set("inside")
        yield ctx.step("one", lambda: None)
        seen.append(VARIABLE.get())
        assert current_context() is ctx

    @colour
    def workflow(event, ctx):
        VARIABLE.set("outside")
        yield ctx.run_in_child_context(inner)
        seen.append(VARIABLE.get())
        assert current_context() is ctx

    assert status(run(workflow)) == "SUCCEEDED"
    assert seen == ["outside", "inside", "outside"]


@pytest.mark.parametrize("method", ["run_in_child_context", "with_retry"])
@pytest.mark.parametrize(("own", "other"), [(SYNC, ASYNC), (ASYNC, SYNC)], ids=["sync", "async"])
def test_a_function_of_the_other_colour_is_a_type_error_at_the_call(own, other, method):
    @other
    def inner(ctx, attempt=None):
        yield ctx.step("one", lambda: None)

    @own
    def workflow(event, ctx):
        with pytest.raises(TypeError, match="async def"):
            getattr(ctx, method)(inner)
        return (yield ctx.step("two", lambda: "two"))

    harness = run(workflow)
    assert succeeded(harness.execution) == "two"
    assert [line[2] for line in operations(harness)] == ["two"]


@both
@pytest.mark.parametrize("wrong", [None, 5, "name", [len], step(add)])
def test_what_is_no_function_of_a_context_is_refused_and_takes_no_place(colour, wrong):
    @colour
    def workflow(event, ctx):
        with pytest.raises(TypeError):
            ctx.run_in_child_context(wrong)
        with pytest.raises((TypeError, ValueError)):
            ctx.run_in_child_context("", lambda ctx: None)
        return (yield ctx.step("two", lambda: "two"))

    first = run(workflow)
    assert [line[2] for line in operations(first)] == ["two"]


@both
def test_context_facts_of_a_branch_are_refused_in_a_child(colour):
    @colour
    def inner(ctx):
        for fact in ("index", "total"):
            with pytest.raises(DurableCallRefused):
                getattr(ctx, fact)
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        yield ctx.run_in_child_context(inner)

    assert status(run(workflow)) == "SUCCEEDED"


@both
def test_fifty_nested_children_cost_three_requests_at_most(colour):
    @colour
    def inner(ctx, depth):
        if depth == 0:
            return (yield ctx.step("deep", lambda: 0))
        return 1 + (yield ctx.run_in_child_context(inner, depth - 1))

    @colour
    def workflow(event, ctx):
        return (yield ctx.run_in_child_context(inner, 49))

    harness = run(workflow)
    assert succeeded(harness.execution) == 49
    assert len(harness.service.requests) <= 3


@both
@pytest.mark.slow
def test_contexts_do_not_nest_without_end(colour):
    @colour
    def inner(ctx):
        yield ctx.run_in_child_context(inner)

    @colour
    def workflow(event, ctx):
        yield ctx.run_in_child_context(inner)

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "nested" in said(harness)


@both
@pytest.mark.parametrize("next_call", ["step", "wait", "create_callback", "invoke"])
def test_a_child_s_end_is_acknowledged_before_work_that_received_its_value(colour, next_call):
    @colour
    def inner(ctx):
        return 5
        yield

    calls = {
        "step": lambda ctx, value: ctx.step("after", lambda: recorded.append(list(statuses()))),
        "wait": lambda ctx, value: ctx.wait(seconds=1),
        "create_callback": lambda ctx, value: ctx.create_callback(name="after"),
        "invoke": lambda ctx, value: ctx.invoke("other", value),
    }
    service = LedgerService(answers={"*": "null"})
    recorded = []

    def statuses():
        return [str(one.status) for one in service.execution.operations if str(one.kind) == "CONTEXT"]

    @colour
    def workflow(event, ctx):
        value = yield ctx.run_in_child_context(inner)
        yield calls[next_call](ctx, value)

    harness = hosted(workflow, service)
    harness.run()
    assert status(harness) == "SUCCEEDED"
    if next_call == "step":
        assert recorded == [["SUCCEEDED"]]
    flat = [move for request in moves(harness) for move in request]
    began = next(index for index, move in enumerate(flat) if not move.startswith("CONTEXT"))
    assert flat.index("CONTEXT SUCCEED") < began


@both
def test_the_end_of_a_child_travels_with_what_comes_next(colour):
    @colour
    def inner(ctx):
        return (yield ctx.step("one", lambda: 1))

    @colour
    def workflow(event, ctx):
        return (yield ctx.run_in_child_context(inner))

    harness = run(workflow)
    assert moves(harness) == [["CONTEXT START", "STEP START", "STEP SUCCEED"], ["CONTEXT SUCCEED"]]


@both
def test_what_a_child_s_code_received_is_due_to_whom_it_hands_it_on_even_without_a_record_of_its_own(colour):
    service = LedgerService()
    recorded = []

    def look():
        recorded.extend(str(one.status) for one in service.execution.operations if one.name == "inner")

    @colour
    def inner(ctx):
        return 5
        yield

    @child(virtual=True)
    @colour
    def between(ctx):
        return (yield ctx.run_in_child_context("inner", inner))

    @child(virtual=True)
    @colour
    def outer(ctx):
        return (yield ctx.run_in_child_context(between))

    @colour
    def workflow(event, ctx):
        yield ctx.run_in_child_context(outer)
        yield ctx.step("after", look)

    assert status(run(workflow, service=service)) == "SUCCEEDED"
    assert recorded == ["SUCCEEDED"]
