"""Child contexts: their place in the history, what they come to live and on replay, and what is refused."""

import contextvars

import pytest

from perdure import (
    ChildContextError,
    DurableCallRefused,
    Retry,
    SerdesError,
    child,
    current_context,
    failure,
    step,
)
from support.colours import ASYNC, SYNC, both
from support.hosting import error_of, hosted, moves, run, said, status
from support.ledger_service import LedgerService, succeeded
from support.step_bodies import Declined, add

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


def operations(harness):
    return [
        (str(one.kind), one.sub_type, one.name, str(one.status))
        for one in harness.execution.operations
        if str(one.kind) != "EXECUTION"
    ]


@both
def test_a_child_runs_once_and_its_result_stands_in_the_history(colour):
    bodies = []

    @colour
    def inner(ctx, left, *, right):
        bodies.append("inner")
        return (yield ctx.step(add, left, right))

    @colour
    def workflow(event, ctx):
        first = yield ctx.run_in_child_context(inner, 1, right=2)
        yield ctx.wait(seconds=5)
        return first

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == 3
    assert bodies == ["inner"]
    assert operations(harness) == [
        ("CONTEXT", "RunInChildContext", "inner", "SUCCEEDED"),
        ("STEP", "Step", "add", "SUCCEEDED"),
        ("WAIT", "Wait", None, "SUCCEEDED"),
    ]


@both
def test_a_child_suspends_and_goes_on_from_what_it_recorded(colour):
    bodies = []

    @colour
    def inner(ctx):
        bodies.append("begin")
        yield ctx.step(lambda: bodies.append("step"))
        yield ctx.wait(seconds=5)
        bodies.append("end")
        return "done"

    @colour
    def workflow(event, ctx):
        return (yield ctx.run_in_child_context(inner))

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == "done"
    assert bodies == ["begin", "step", "begin", "end"]


@both
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda ctx, fn: ctx.run_in_child_context(fn), "inner"),
        (lambda ctx, fn: ctx.run_in_child_context("given", fn), "given"),
        (lambda ctx, fn: ctx.run_in_child_context(child(fn, name="option")), "option"),
        (lambda ctx, fn: ctx.run_in_child_context("given", child(fn, name="option")), "given"),
        (lambda ctx, fn: ctx.run_in_child_context(child(fn, name="option").options(name="copy")), "copy"),
        (lambda ctx, fn: ctx.with_retry(fn), "inner"),
        (lambda ctx, fn: ctx.with_retry(fn, name="given"), "given"),
    ],
)
def test_a_child_is_called_as_it_is_told_or_as_its_function(colour, call, name):
    @colour
    def inner(ctx, attempt=None):
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        yield call(ctx, inner)

    assert operations(run(workflow))[0][2] == name


@both
def test_subtype_serdes_and_options_belong_to_the_function(colour):
    class Shout:
        def serialize(self, value, context=None):
            return value.upper()

        def deserialize(self, text, context=None):
            return text + "!"

    @colour
    def inner(ctx):
        yield ctx.step("one", lambda: None)
        return "hey"

    shouting = child(inner, serdes=Shout(), subtype="My-Kind_1")
    seen = []

    @colour
    def workflow(event, ctx):
        seen.append((yield ctx.run_in_child_context(shouting)))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen == ["HEY!", "HEY!"]
    assert operations(harness)[0][1] == "My-Kind_1"


@both
def test_a_failed_child_raises_the_same_live_and_on_replay(colour):
    seen = []

    @colour
    def inner(ctx):
        yield ctx.step("one", lambda: None)
        raise Declined("no money", 5)

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.run_in_child_context(inner)
        except Declined as error:
            seen.append((type(error), error.args, str(error), failure(error), type(error.__cause__), error.__notes__))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert seen[0][1] == ("no money", 5)


@both
def test_an_error_of_an_unknown_class_is_a_child_context_error(colour):
    seen = []

    @colour
    def inner(ctx):
        yield ctx.step("one", lambda: None)

        class Local(Exception):
            pass

        raise Local("cannot be made again")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.run_in_child_context(inner)
        except ChildContextError as error:
            seen.append((error.args, str(error), error.error_type, error.data, failure(error), type(error.__cause__)))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert "cannot be made again" in seen[0][1]


@both
def test_a_step_that_fails_inside_fails_the_child_with_the_same_error(colour):
    seen = []

    @step(retry=Retry.fixed(attempts=1))
    def pay():
        raise Declined("no")

    @colour
    def inner(ctx):
        yield ctx.step(pay)

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.run_in_child_context(inner)
        except Declined as error:
            seen.append((str(error), failure(error)))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen[0] == seen[1]
    assert [line[3] for line in operations(harness)] == ["FAILED", "FAILED", "SUCCEEDED"]


@both
@pytest.mark.parametrize("virtual", [False, True])
def test_on_error_maps_live_and_on_replay(colour, virtual):
    seen = []

    def mapped(error):
        return LookupError(f"mapped {error}")

    @colour
    def inner(ctx):
        yield ctx.step("one", lambda: None)
        raise Declined("x")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.run_in_child_context(child(inner, on_error=mapped, virtual=virtual))
        except LookupError as error:
            seen.append((error.args, type(error.__cause__), str(error.__cause__)))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen == [(("mapped x",), Declined, "x")] * 2


@both
@pytest.mark.parametrize(
    ("mapping", "expected"),
    [(lambda error: "text", TypeError), (lambda error: 1 / 0, ZeroDivisionError), (lambda error: None, TypeError)],
)
def test_a_mapping_that_is_broken_raises_what_it_raised_live_and_on_replay(colour, mapping, expected):
    seen = []

    @colour
    def inner(ctx):
        yield ctx.step("one", lambda: None)
        raise Declined("x")

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.run_in_child_context(child(inner, on_error=mapping))
        except expected as error:
            seen.append((str(error), type(error.__context__)))
        yield ctx.wait(seconds=1)

    assert status(run(workflow, strict=True)) == "SUCCEEDED"
    assert seen[0] == seen[1]


@both
def test_a_virtual_child_leaves_only_its_operations_and_runs_again_on_replay(colour):
    bodies = []

    @colour
    def inner(ctx):
        bodies.append(1)
        one = yield ctx.step("one", lambda: 1)
        yield ctx.wait(seconds=5)
        two = yield ctx.step("two", lambda: 2)
        return (one, two)

    @colour
    def workflow(event, ctx):
        found = yield ctx.run_in_child_context(child(inner, virtual=True))
        yield ctx.wait(seconds=5)
        return found

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [1, 2]
    assert [line[0] for line in operations(harness)] == ["STEP", "WAIT", "STEP", "WAIT"]
    assert len(bodies) == 3
    assert {one.parent_id for one in harness.execution.operations if one.name in {"one", "two"}} == {None}


@both
@pytest.mark.parametrize("text", ["x" * 262_143, "x" * 262_142, "é" * 131_072, "日" * 90_000])
def test_a_result_over_256_kib_is_rebuilt_from_the_child_s_operations(colour, text):
    bodies, seen = [], []

    @colour
    def inner(ctx):
        bodies.append(1)
        return (yield ctx.step("one", lambda: text))

    @colour
    def workflow(event, ctx):
        seen.append((yield ctx.run_in_child_context(child(inner, summary=lambda value: f"{len(value)} characters"))))
        yield ctx.wait(seconds=5)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen == [text, text]
    is_large = len(text.encode()) + 2 > 262_144
    assert len(bodies) == (2 if is_large else 1)
    update = next(
        update
        for request in harness.service.requests
        for update in request.updates
        if update["Type"] == "CONTEXT" and update["Action"] == "SUCCEED"
    )
    assert update.get("ContextOptions", {}).get("ReplayChildren", False) is is_large
    assert (update["Payload"] == f"{len(text)} characters") is is_large


@both
def test_a_large_child_that_asks_for_something_new_on_replay_is_a_mismatch(colour):
    rounds = []

    @colour
    def inner(ctx):
        rounds.append(1)
        one = yield ctx.step("one", lambda: "x" * 300_000)
        if len(rounds) > 1:
            yield ctx.step("new", lambda: None)
        return one

    @colour
    def workflow(event, ctx):
        yield ctx.run_in_child_context(inner)
        yield ctx.wait(seconds=5)

    harness = run(workflow)
    assert error_of(harness)["ErrorType"].endswith("ReplayMismatch")
    assert "STEP START" not in sum(moves(harness)[1:], [])


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
def test_a_result_that_cannot_be_stored_fails_the_child(colour):
    seen = []

    @colour
    def inner(ctx):
        yield ctx.step("one", lambda: None)
        return object()

    @colour
    def workflow(event, ctx):
        try:
            yield ctx.run_in_child_context(inner)
        except SerdesError as error:
            seen.append(str(error))
        yield ctx.wait(seconds=1)

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED"
    assert seen[0] == seen[1]


@both
def test_arguments_that_do_not_fit_fail_the_child_and_not_the_run(colour):
    @colour
    def inner(ctx, one):
        yield ctx.step("one", lambda: None)

    @colour
    def workflow(event, ctx):
        with pytest.raises(TypeError):
            yield ctx.run_in_child_context(inner)
        yield ctx.wait(seconds=1)
        return "ok"

    harness = run(workflow, strict=True)
    assert status(harness) == "SUCCEEDED", said(harness)


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
    flat = sum(moves(harness), [])
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
