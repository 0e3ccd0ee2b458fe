"""What fails in a body or a handler: what is raised, retried and answered, live and on replay."""

import pytest

from perdure import Retry, SerdesError, StepError, current_step, failure, step
from support.hosting import error_of, hosted, moves, run, status
from support.ledger_service import START, LedgerService, succeeded
from support.step_bodies import Declined


def broken():
    raise Declined("no funds")


def test_a_failed_step_raises_its_own_class_live_and_on_replay():
    caught = []

    def workflow(event, ctx):
        try:
            ctx.step(step(broken, retry=Retry.NONE))
        except Declined as error:
            caught.append(
                (str(error), failure(error).operation, failure(error).attempts, error.__traceback__ is not None)
            )
        ctx.wait(1)
        return "went on"

    harness = run(workflow)
    assert succeeded(harness.execution) == "went on"
    assert caught == [("no funds", "broken", 1, True)] * 2


def test_a_class_that_cannot_be_rebuilt_is_a_step_error_live_and_on_replay():
    class Local(Exception):
        pass

    def fail():
        raise Local("inside")

    caught = []

    def workflow(event, ctx):
        try:
            ctx.step(step(fail, retry=Retry.NONE))
        except StepError as error:
            caught.append((type(error), str(error), failure(error).error_type.rpartition(".")[2]))
        ctx.wait(1)

    run(workflow)
    assert caught == [(StepError, "inside", "Local")] * 2


def test_an_uncaught_failure_fails_the_execution_with_its_own_type_and_place():
    harness = run(lambda event, ctx: ctx.step(step(broken, retry=Retry.NONE)))
    error = error_of(harness)
    assert status(harness) == "FAILED"
    assert error["ErrorType"].endswith("Declined")
    assert error["ErrorMessage"] == "no funds"
    assert "ErrorData" not in error


def test_an_error_of_the_handler_fails_the_execution_and_shows_the_users_code():
    def workflow(event, ctx):
        raise ValueError("boom")

    error = error_of(run(workflow))
    assert error["ErrorType"] == "ValueError"
    assert "test_failed_work.py" in "".join(error["StackTrace"])
    assert "perdure_runtime" not in "".join(error["StackTrace"])


def test_a_traceback_of_a_failed_step_starts_at_the_users_call():
    def workflow(event, ctx):
        ctx.step(step(broken, retry=Retry.NONE))

    stack = "".join(error_of(run(workflow))["StackTrace"])
    assert "ctx.step(step(broken" in stack
    assert "core/operations" not in stack


def test_a_failed_attempt_is_retried_as_its_policy_says():
    attempts = []

    @step(retry=Retry.fixed(attempts=3, delay=10))
    def flaky():
        attempts.append(current_step().attempt)
        if len(attempts) < 3:
            raise OSError("busy")
        return "ok"

    harness = run(lambda event, ctx: ctx.step(flaky))
    assert succeeded(harness.execution) == "ok"
    assert attempts == [1, 2, 3]
    assert moves(harness) == [
        ["STEP START", "STEP RETRY"],
        ["STEP START", "STEP RETRY"],
        ["STEP START", "STEP SUCCEED"],
    ]
    assert harness.service.clock.now - START == 20


def test_a_body_may_raise_stop_iteration():
    def stop():
        raise StopIteration("enough")

    def workflow(event, ctx):
        with pytest.raises(StopIteration, match="enough"):
            ctx.step(step(stop, retry=Retry.NONE))
        return "ok"

    assert succeeded(run(workflow).execution) == "ok"


def test_a_process_that_is_told_to_exit_exits():
    def leave():
        raise SystemExit(3)

    harness = hosted(lambda event, ctx: ctx.step(leave), LedgerService())
    with pytest.raises(SystemExit):
        harness.invoke()


# Values that cannot be stored


def test_a_result_that_cannot_be_stored_fails_the_step_past_its_retries_and_sends_no_success():
    runs = []

    def unfit():
        runs.append(1)
        return {"items": [1, object()]}

    harness = run(lambda event, ctx: ctx.step(unfit))
    assert status(harness) == "FAILED"
    assert moves(harness) == [["STEP START", "STEP FAIL"]]
    assert "items[1]" in error_of(harness)["ErrorMessage"]
    assert len(runs) == 1


def test_a_result_of_the_handler_that_cannot_be_stored_fails_the_execution():
    harness = run(lambda event, ctx: {"items": [1, object()]})
    assert status(harness) == "FAILED"
    assert "items[1]" in error_of(harness)["ErrorMessage"]


def test_the_caller_of_a_step_may_catch_what_cannot_be_stored():
    def workflow(event, ctx):
        try:
            ctx.step(object)
        except SerdesError as error:
            first = str(error)
        ctx.wait(1)
        return first

    assert "object" in succeeded(run(workflow).execution)
