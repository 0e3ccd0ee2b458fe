"""Mistakes that a beginner makes in a call: each is said at once, and nothing is tried again for it."""

import pytest

from perdure import Context, HandlerRefused, durable, step
from perdure_runtime.host import Host
from support.hosting import NoTicker, hosted, moves, run
from support.ledger_service import LedgerService, succeeded


def reserve(item):
    return item


def test_the_result_of_a_call_is_no_function():
    def workflow(event, ctx):
        with pytest.raises(TypeError, match=r"not a str; write ctx\.step"):
            ctx.step(reserve("book"))
        with pytest.raises(TypeError, match="not a int"):
            ctx.step("reserve", 5)
        return ctx.step(reserve, "book")

    harness = run(workflow)
    assert succeeded(harness.execution) == "book"
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]


@pytest.mark.parametrize("arguments", [(), ("a", "b")])
def test_arguments_that_do_not_fit_fail_the_step_at_once(arguments):
    harness = run(lambda event, ctx: ctx.step(reserve, *arguments))
    error = harness.execution.progress.error
    assert harness.execution.progress.status.value == "FAILED"
    assert "reserve() " in error["ErrorMessage"]
    assert moves(harness) == [["STEP START", "STEP FAIL"]]


def test_a_type_error_of_the_functions_own_is_retried_like_any_other():
    tries = []

    @step
    def adds():
        tries.append(1)
        return 1 if len(tries) > 1 else 1 + "1"

    assert succeeded(run(lambda event, ctx: ctx.step(adds)).execution) == 1


def swapped(ctx: Context, event): ...


def test_a_handler_with_its_arguments_swapped_is_told_which_comes_first():
    host = Host(LedgerService, task_root="/", ticker=NoTicker())
    with pytest.raises(HandlerRefused, match="the event comes first"):
        host.prepare(durable(swapped))


def alone(event): ...


def crowded(event, ctx, more): ...


@pytest.mark.parametrize("function", [alone, crowded])
def test_a_handler_of_another_arity_is_refused_at_load(function):
    host = Host(LedgerService, task_root="/", ticker=NoTicker())
    with pytest.raises(HandlerRefused, match="takes two arguments, the event and the context"):
        host.prepare(durable(function))


def test_a_step_whose_annotation_cannot_be_served_is_refused_before_anything_is_recorded():
    def measure() -> complex:
        raise AssertionError("the body must not run")

    harness = hosted(lambda event, ctx: ctx.step(measure), LedgerService())
    harness.run()
    assert "complex" in harness.execution.progress.error["ErrorMessage"]
    assert moves(harness) == []
