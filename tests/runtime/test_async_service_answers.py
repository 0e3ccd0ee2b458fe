"""What the service says to an async workflow."""

import pytest

from perdure import ServiceError
from perdure_runtime.service.protocol import Checkpointed
from support.hosting import hosted, status
from support.ledger_service import succeeded
from support.scripted_service import Scripted
from support.step_bodies import aadd

pytestmark = pytest.mark.usefixtures("nothing_is_left")


async def two_steps(event, ctx):
    first = await ctx.step(aadd, 1, 2)
    try:
        return await ctx.step(aadd, first, 4)
    except Exception:  # noqa: BLE001
        return "swallowed"


def test_a_service_that_may_succeed_later_lets_lambda_retry():
    refused = ServiceError("CheckpointDurableExecution", "Throttled", retryable=True)
    harness = hosted(two_steps, Scripted(1, refused))
    harness.run()
    assert harness.outputs[0] is refused
    assert succeeded(harness.execution) == 7


def test_a_service_that_refuses_for_good_fails_the_execution():
    harness = hosted(two_steps, Scripted(2, ServiceError("Checkpoint", "AccessDenied", retryable=False)))
    harness.run()
    assert status(harness) == "FAILED"


def test_a_revoked_token_is_answered_with_pending():
    harness = hosted(two_steps, Scripted(1, lambda answer: Checkpointed(None, answer.operations)))
    harness.invoke()
    assert harness.outputs == [b'{"Status":"PENDING"}']
    assert len(harness.service.requests) == 1
