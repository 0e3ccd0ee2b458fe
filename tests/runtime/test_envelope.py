"""The envelope an invocation begins with, and its answer."""

import orjson
import pytest

from perdure import MalformedEnvelope
from support.hosting import error_of, hosted, status
from support.ledger_service import LedgerService


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "is a JSON list"),
        (b'{"order": 7}', "DurableExecutionArn is missing"),
        (b'{"DurableExecutionArn": "arn"}', "CheckpointToken is missing"),
        (b'{"DurableExecutionArn": 7, "CheckpointToken": "t"}', "DurableExecutionArn is not a text"),
        (b'{"InitialExecutionState": 3}', "InitialExecutionState is not an object"),
        (b'{"InitialExecutionState": {"Operations": [{}]}}', "not a list of operations"),
        (b'{"InitialExecutionState": {"Operations": 3}}', "not a list of operations"),
        (b'{"InitialExecutionState": {"Operations": ["Id"]}}', "not a list of operations"),
        (
            b'{"InitialExecutionState": {"Operations": [{"Id":1,"Type":"STEP","Status":"READY"}]}}',
            "not a list of operations",
        ),
        (
            b'{"InitialExecutionState": {"Operations": [{"Id":"a","Type":[],"Status":"READY"}]}}',
            "not a list of operations",
        ),
        (
            b'{"InitialExecutionState": {"Operations": [{"Id":"a","Type":"STEP","Status":null}]}}',
            "not a list of operations",
        ),
    ],
)
def test_an_event_that_is_no_envelope_says_what_is_missing_and_what_to_do(event, said):
    harness = hosted(lambda event, ctx: None, LedgerService())
    with pytest.raises(MalformedEnvelope, match="needs DurableConfig") as caught:
        harness.answer(event)
    assert said in str(caught.value)


def test_unknown_members_of_an_envelope_are_ignored():
    service = LedgerService('"in"')
    harness = hosted(lambda event, ctx: event, service)
    event = orjson.loads(service.begin()) | {"Future": {"x": 1}}
    assert orjson.loads(harness.answer(orjson.dumps(event)))["Result"] == '"in"'


def test_timestamps_may_be_texts():
    service = LedgerService()
    harness = hosted(lambda event, ctx: ctx.execution.started_at.year, service)
    event = orjson.loads(service.begin())
    event["InitialExecutionState"]["Operations"][0]["StartTimestamp"] = "2026-01-01T00:00:00.000Z"
    assert orjson.loads(harness.answer(orjson.dumps(event)))["Result"] == "2026"


def test_input_that_is_not_json_lets_lambda_retry():
    harness = hosted(lambda event, ctx: None, LedgerService("{broken"))
    harness.invoke()
    assert isinstance(harness.outputs[0], ValueError)


def test_an_execution_that_waits_for_nothing_is_noticed():
    """The harness itself: a PENDING with nothing to wait for does not go on for ever."""
    harness = hosted(lambda event, ctx: None, LedgerService())
    harness.answer = lambda event: b'{"Status":"PENDING"}'
    harness.run()
    assert status(harness) == "FAILED"
    assert "no pending operations" in error_of(harness)["ErrorMessage"]
