"""Cases that once went wrong, or would have: each is the rule that holds now."""

import contextvars
import operator
import threading

import pytest

from perdure import RAW, DurableCallRefused, Retry, SerdesError, step
from perdure_runtime.drivers.pool import Pool
from perdure_runtime.drivers.ticker import Ticker
from perdure_runtime.service.protocol import Checkpointed
from support.hosting import error_of, hosted, moves, run, said, status, until
from support.ledger_service import LedgerService, succeeded
from support.scripted_service import Scripted
from support.step_bodies import add


class Forgetful(LedgerService):
    """A client with a bug: it records the first batch, and then fails in a way of its own."""

    failed = False

    def checkpoint(self, arn, token, updates, client_token):
        answer = super().checkpoint(arn, token, updates, client_token)
        if not self.failed:
            self.failed = True
            raise KeyError("Id")
        return answer


def test_a_bug_in_a_client_is_a_lost_request_and_never_the_workflows_own_failure():
    def workflow(event, ctx):
        try:
            return ctx.step(add, 1, 2)
        except Exception:  # noqa: BLE001
            return "swallowed"

    harness = hosted(workflow, Forgetful())
    harness.run()
    assert isinstance(harness.outputs[0], KeyError)
    assert succeeded(harness.execution) == 3


def test_a_state_that_cannot_be_lets_lambda_retry_whatever_the_workflow_catches():
    def paused(answer):
        return Checkpointed(answer.token, [operation | {"Status": "PAUSED"} for operation in answer.operations])

    def workflow(event, ctx):
        try:
            ctx.wait(5)
        except Exception:  # noqa: BLE001
            return "swallowed"

    harness = hosted(workflow, Scripted(1, paused))
    harness.invoke()
    (output,) = harness.outputs
    assert "cannot be PAUSED" in str(output)


def test_a_result_that_was_recorded_is_not_answered_again_even_if_a_token_came_back():
    class Generous(LedgerService):
        def checkpoint(self, arn, token, updates, client_token):
            answer = super().checkpoint(arn, token, updates, client_token)
            return answer._replace(token="one more", marker="a page")

    harness = hosted(lambda event, ctx: "x" * (6 * 1024 * 1024 - 30), Generous())
    harness.run()
    assert harness.outputs == [b'{"Status":"SUCCEEDED","Result":""}']


def test_a_context_of_an_earlier_invocation_is_refused():
    kept = []

    def workflow(event, ctx):
        if kept:
            with pytest.raises(DurableCallRefused, match="has ended"):
                kept[0].step(add, 1, 2)
        kept.append(ctx)
        ctx.wait(5)
        return "done"

    assert succeeded(run(workflow).execution) == "done"


def test_a_body_that_puts_itself_into_another_context_is_still_inside_a_step():
    def workflow(event, ctx):
        ctx.step(step(lambda: contextvars.Context().run(ctx.wait, 5), retry=Retry.NONE))

    assert "was refused" in said(run(workflow))


def test_a_payload_beyond_the_services_limit_fails_the_step_and_can_be_caught():
    def workflow(event, ctx):
        try:
            ctx.step(lambda: "x" * (1024 * 1024))
        except SerdesError as error:
            return str(error)

    harness = run(workflow)
    assert "1,048,578 bytes, and the service records at most 1,048,576" in succeeded(harness.execution)
    assert moves(harness) == [["STEP START", "STEP FAIL"]]


def test_a_payload_that_is_no_text_fails_the_step():
    harness = run(lambda event, ctx: ctx.step(step(lambda: "\ud800", serdes=RAW)))
    assert status(harness) == "FAILED"
    assert "UTF-8" in said(harness)


def test_a_type_error_of_a_builtin_is_its_own():
    def workflow(event, ctx):
        with pytest.raises(TypeError, match="unsupported operand"):
            ctx.step(step(operator.add, retry=Retry.NONE), 1, "a")
        return "ok"

    assert succeeded(run(workflow).execution) == "ok"


def test_a_handler_that_hides_its_colour_is_refused():
    async def inner(event, ctx):
        return "never"

    def wrapped(event, ctx):
        return inner(event, ctx)

    harness = run(wrapped)
    assert "returned a coroutine" in said(harness)


def test_a_group_tells_what_it_is_made_of():
    def workflow(event, ctx):
        raise ExceptionGroup("two things", [ValueError("first"), ExceptionGroup("more", [KeyError("second")])])

    stack = "\n".join(error_of(run(workflow))["StackTrace"])
    assert "ValueError: first" in stack
    assert "KeyError: 'second'" in stack


def test_a_ticker_outlives_a_client_that_fails_under_it():
    ticker = Ticker(period=0.01)

    def long():
        until(lambda: service.failed)

    service = Forgetful()
    harness = hosted(lambda event, ctx: ctx.step(long), service, ticker=ticker)
    harness.invoke()
    other = LedgerService()
    began = hosted(
        lambda event, ctx: ctx.step(lambda: until(lambda: moves(began) == [["STEP START"]])), other, ticker=ticker
    )
    began.run()
    assert status(began) == "SUCCEEDED"  # its START was sent while it ran


# The pool


def test_a_job_that_was_given_up_before_it_began_never_begins():
    pool, release, ran = Pool(most=1), threading.Event(), []
    pool.submit(lambda: release.wait(20))
    queued = pool.submit(lambda: ran.append("queued"))
    assert pool.give_up(queued) is False
    release.set()
    done = threading.Event()
    pool.submit(done.set)
    assert done.wait(20)
    assert ran == []


def test_a_job_that_hangs_and_was_given_up_takes_no_thread_from_others():
    pool, release, began = Pool(most=1), threading.Event(), threading.Event()

    def hang():
        began.set()
        release.wait(20)

    job = pool.submit(hang)
    assert began.wait(20)
    assert pool.give_up(job) is True
    done = threading.Event()
    pool.submit(done.set)
    assert done.wait(20)
    release.set()
