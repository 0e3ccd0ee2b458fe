"""What a worker asks for: checkpoints and state."""

import datetime as dt

import pytest

from support.api_calls import refused
from support.desk import update
from support.local_service import lambda_client


def test_checkpoints_walk_the_chain(client, held):
    arn, token = held()
    made = client.checkpoint_durable_execution(
        DurableExecutionArn=arn,
        CheckpointToken=token,
        Updates=[
            update("CONTEXT START", "P", Name="outer"),
            update("STEP RETRY", "S", ParentId="P", delay=30, Error={"ErrorMessage": "no"}),
        ],
    )
    context, step = made["NewExecutionState"]["Operations"]
    assert (context["Id"], context["Status"], step["Status"]) == ("P", "STARTED", "PENDING")
    due = step["StepDetails"]["NextAttemptTimestamp"]
    assert due - step["StartTimestamp"] == dt.timedelta(seconds=30)
    assert step["StepDetails"]["Error"] == {"ErrorMessage": "no"}
    assert "NextMarker" not in made["NewExecutionState"]
    page = client.get_durable_execution_state(
        DurableExecutionArn=arn, CheckpointToken=made["CheckpointToken"], Marker="", MaxItems=2
    )
    assert [operation["Type"] for operation in page["Operations"]] == ["EXECUTION", "CONTEXT"]
    rest = client.get_durable_execution_state(
        DurableExecutionArn=arn, CheckpointToken=made["CheckpointToken"], Marker=page["NextMarker"]
    )
    assert [operation["Id"] for operation in rest["Operations"]] == ["S"]
    assert "NextMarker" not in rest
    closed = client.checkpoint_durable_execution(
        DurableExecutionArn=arn,
        CheckpointToken=made["CheckpointToken"],
        Updates=[update("EXECUTION SUCCEED", "e", Payload="1")],
    )
    assert "CheckpointToken" not in closed


def test_a_repeated_checkpoint_is_recorded_once(client, held):
    arn, token = held()
    request = {
        "DurableExecutionArn": arn,
        "CheckpointToken": token,
        "ClientToken": "c1",
        "Updates": [update("STEP START", "S")],
    }
    first = client.checkpoint_durable_execution(**request)
    again = client.checkpoint_durable_execution(**request)
    assert again["CheckpointToken"] == first["CheckpointToken"]
    assert again["NewExecutionState"] == first["NewExecutionState"]


@pytest.mark.parametrize(
    ("agent", "spelling"),
    [
        (None, "Invalid Checkpoint Token"),
        ("aws-durable-execution-sdk-python/1.7.0", "Invalid Checkpoint Token"),
        ("aws-durable-execution-sdk-js/2.4.0", "Invalid Checkpoint Token"),
        ("aws-durable-execution-sdk-python/3.0.0", "Invalid checkpoint token"),
        ("aws-durable-execution-sdk-python/12.1", "Invalid checkpoint token"),
    ],
)
def test_a_stale_token_is_refused_in_the_words_the_sdk_knows(service, held, agent, spelling):
    arn, _ = held()
    with lambda_client(service.endpoint, agent) as client:
        for call in (client.checkpoint_durable_execution, client.get_durable_execution_state):
            expected = (400, "InvalidParameterValueException", spelling)
            assert refused(call, DurableExecutionArn=arn, CheckpointToken="c3RhbGU=") == expected


def test_a_refused_update_says_why(client, held):
    arn, token = held()
    request = {"DurableExecutionArn": arn, "CheckpointToken": token, "Updates": [update("STEP RETRY", "S")]}
    message = refused(client.checkpoint_durable_execution, **request)[2]
    assert message == "Invalid StepOptions for the given action."
