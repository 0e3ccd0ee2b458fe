"""Where durable calls are refused."""

import threading
from datetime import timedelta

import pytest

from perdure import DurableCallRefused
from support.hosting import error_of, moves, run, status
from support.ledger_service import succeeded
from support.step_bodies import add


def test_a_durable_call_inside_a_step_is_refused_and_not_retried():
    runs = []

    def workflow(event, ctx):
        def nested():
            runs.append(1)
            return ctx.step(add, 1, 2)

        return ctx.step(nested)

    harness = run(workflow)
    assert status(harness) == "FAILED"
    assert "inside a step" in error_of(harness)["ErrorMessage"]
    assert len(runs) == 1


def test_a_durable_call_from_a_thread_of_ones_own_is_refused():
    def workflow(event, ctx):
        caught = []

        def elsewhere():
            try:
                ctx.wait(1)
            except DurableCallRefused as error:
                caught.append(str(error))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return caught

    (said,) = succeeded(run(workflow).execution)
    assert "ctx.wait() was refused: it was called on a thread or in a task of your own" in said


@pytest.mark.parametrize("call", [lambda ctx: ctx.wait(0), lambda ctx: ctx.wait(timedelta(days=400))])
def test_a_bad_duration_takes_no_place_in_the_history(call):
    def workflow(event, ctx):
        with pytest.raises(ValueError, match="between 1 second and 366 days"):
            call(ctx)
        return ctx.step(add, 1, 2)

    harness = run(workflow)
    assert succeeded(harness.execution) == 3
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]
