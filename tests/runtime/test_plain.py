"""A durable function called as the plain handler that it also is."""

import orjson
import pytest

from perdure import MalformedEnvelope, durable
from support.hosting import LambdaContext
from support.ledger_service import Harness, LedgerService, succeeded


def driven(workflow, service):
    """The workflow behind the interface of a stock loop: an event as JSON gives it, and a dict back."""
    handler = durable(client=service)(workflow)
    return Harness(lambda event: orjson.dumps(handler(orjson.loads(event), LambdaContext())), service)


def story(event, ctx):
    first = ctx.step("first", lambda: 20)
    ctx.wait(60)
    return first + ctx.step("second", lambda: 1)


async def async_story(event, ctx):
    first = await ctx.step("first", lambda: 20)
    await ctx.wait(60)
    return first + await ctx.step("second", lambda: 1)


@pytest.mark.parametrize("workflow", [story, async_story])
def test_a_stock_loop_runs_a_workflow_to_its_end(workflow):
    harness = driven(workflow, LedgerService())
    harness.run()
    assert succeeded(harness.execution) == 21


def clinging(event, ctx):
    while True:
        try:
            ctx.wait(60)
            return "let go"  # noqa: TRY300
        except BaseException:  # noqa: BLE001, S112
            continue


async def async_clinging(event, ctx):
    while True:
        try:
            await ctx.wait(60)
            return "let go"  # noqa: TRY300
        except BaseException:  # noqa: BLE001, S112
            continue


@pytest.mark.parametrize("workflow", [clinging, async_clinging])
def test_code_that_swallows_its_suspension_for_ever_is_set_aside_and_the_process_serves_on(workflow):
    harness = driven(workflow, LedgerService())
    harness.run()
    assert harness.outputs[0] == b'{"Status":"PENDING"}'
    assert succeeded(harness.execution) == "let go"
    again = driven(async_story, LedgerService())
    again.run()
    assert succeeded(again.execution) == 21


def test_an_event_that_is_no_envelope_raises_what_the_caller_of_a_plain_function_sees():
    with pytest.raises(MalformedEnvelope, match="needs DurableConfig"):
        durable(client=LedgerService())(story)({"order": 7}, LambdaContext())
