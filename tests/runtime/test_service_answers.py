"""What the service says: refusals, answers and state in pages, results too large to answer."""

import contextlib
import json

import orjson
import pytest

from perdure import ServiceError
from perdure_runtime.service.protocol import Checkpointed
from perdure_runtime.unread import Unread
from support.hosting import error_of, hosted, moves, run, status
from support.ledger_service import LedgerService, succeeded
from support.scripted_service import Scripted, refused
from support.step_bodies import add


def two_steps(event, ctx):
    first = ctx.step(add, 1, 2)
    try:
        return ctx.step(add, first, 4)
    except Exception:  # noqa: BLE001
        return "swallowed"


def test_a_service_that_may_succeed_later_lets_lambda_retry():
    harness = hosted(two_steps, Scripted(1, refused("Throttled", retryable=True)))
    harness.run()
    assert isinstance(harness.outputs[0], ServiceError)
    assert succeeded(harness.execution) == 7


def test_a_service_that_refuses_for_good_fails_the_execution():
    harness = hosted(two_steps, Scripted(2, refused("AccessDenied", retryable=False)))
    harness.run()
    assert status(harness) == "FAILED"
    assert "AccessDenied" in error_of(harness)["ErrorMessage"]


def test_a_revoked_token_is_answered_with_pending_and_nothing_more_is_sent():
    harness = hosted(two_steps, Scripted(1, lambda answer: Checkpointed(None, answer.operations)))
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert moves(harness) == [["STEP START", "STEP SUCCEED"]]


def test_an_answer_in_pages_is_read_to_its_end_before_anybody_acts_on_it():
    class Paged(LedgerService):
        held = ()

        def checkpoint(self, arn, token, updates, client_token):
            answer = super().checkpoint(arn, token, updates, client_token)
            self.held = answer.operations
            return Checkpointed(answer.token, [], "page-2")

        def get_state(self, arn, token, marker, limit=1000):
            from perdure_runtime.service.protocol import StatePage

            assert marker == "page-2"
            return StatePage(list(self.held))

    harness = hosted(lambda event, ctx: ctx.wait(5), Paged())
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert moves(harness) == [["WAIT START"]]


def test_an_answer_that_cannot_be_read_ends_the_invocation_whatever_user_code_makes_of_it():
    class Broken(LedgerService):
        def checkpoint(self, *request):
            answer = super().checkpoint(*request)
            ids = [operation["Id"] for operation in answer.operations]
            return Checkpointed(answer.token, Unread(ids, [f'{one}","Type":' for one in ids]))

    def workflow(event, ctx):
        with contextlib.suppress(ServiceError):
            ctx.wait(5)
        with contextlib.suppress(ServiceError):
            ctx.step(add, 1, 2)
        return "swallowed"

    harness = hosted(workflow, Broken())
    harness.invoke()
    assert isinstance(harness.outputs[0], ServiceError)
    assert harness.outputs[0].code == "MalformedAnswer"
    assert moves(harness) == [["WAIT START"]]


def test_state_in_pages_is_read_before_the_handler_runs():
    from perdure_local.ledger import Limits

    def workflow(event, ctx):
        total = sum(ctx.step(add, n, n) for n in range(7))
        ctx.wait(1)
        return total

    harness = run(workflow, service=LedgerService(limits=Limits(page_items=2)))
    assert succeeded(harness.execution) == 42
    assert sum(request.call == "get_state" for request in harness.service.requests) == 1


@pytest.mark.parametrize("retryable", [True, False])
def test_state_that_cannot_be_read_is_no_reason_to_run_the_handler(retryable):
    from perdure_local.ledger import Limits

    class Unreadable(LedgerService):
        def get_state(self, arn, token, marker, limit=1000):
            raise refused("Broken", retryable=retryable)

    runs = []

    def workflow(event, ctx):
        runs.append(1)
        ctx.step(add, 1, 1)
        ctx.step(add, 1, 1)
        ctx.wait(1)

    harness = hosted(workflow, Unreadable(limits=Limits(page_items=2)))
    harness.invoke()
    harness.step()
    harness.step()
    assert len(runs) == 1
    last = harness.outputs[-1]
    assert isinstance(last, ServiceError) if retryable else orjson.loads(last)["Status"] == "FAILED"


def test_a_result_too_large_for_the_answer_is_recorded_first():
    text = "x" * (6 * 1024 * 1024 - 51)
    harness = run(lambda event, ctx: text)
    assert moves(harness) == [["EXECUTION SUCCEED"]]
    assert orjson.loads(harness.outputs[0]) == {"Status": "SUCCEEDED", "Result": ""}
    assert harness.execution.progress.result == json.dumps(text)


def test_a_result_that_fits_is_answered():
    harness = run(lambda event, ctx: "x" * (6 * 1024 * 1024 - 200))
    assert harness.service.requests == []
