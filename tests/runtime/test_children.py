"""Child contexts: their place in the history, what they come to live and on replay, and what is refused."""

import contextvars

import pytest

from perdure import (
    ChildContextError,
    Retry,
    SerdesError,
    child,
    failure,
    step,
)
from support.colours import both
from support.hosting import error_of, moves, run, said, status
from support.ledger_service import succeeded
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
def test_a_method_of_each_object_is_a_child_of_its_own(colour):
    class Order:
        def __init__(self, cents):
            self.cents = cents

        @colour
        def total(self, ctx):
            return (yield ctx.step(add, self.cents, 0))

    @colour
    def workflow(event, ctx):
        first = yield ctx.run_in_child_context(Order(1).total)
        second = yield ctx.run_in_child_context(Order(2).total)
        return first, second

    harness = run(workflow, strict=True)
    assert succeeded(harness.execution) == [1, 2]
    assert [name for kind, _, name, _ in operations(harness) if kind == "CONTEXT"] == ["total", "total"]


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
    assert "STEP START" not in [move for request in moves(harness)[1:] for move in request]


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
