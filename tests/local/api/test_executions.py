"""What is asked about one execution."""

import datetime as dt

from support.api_calls import SUCCEED, invoke, refused

ABSENT = "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST/durable-execution/a/b"


def test_executions_that_do_not_exist(client):
    for call in (client.get_durable_execution, client.get_durable_execution_history, client.stop_durable_execution):
        assert refused(call, DurableExecutionArn=ABSENT)[:2] == (404, "ResourceNotFoundException")
    for call in (client.checkpoint_durable_execution, client.get_durable_execution_state):
        status, code, message = refused(call, DurableExecutionArn=ABSENT, CheckpointToken="eA==")
        assert (status, code) == (400, "InvalidParameterValueException")
        assert message.startswith("Durable execution not found")


def test_one_execution_in_full(service, client, name):
    service.host(name, lambda envelope: SUCCEED, execution_timeout=600, retention_days=3)
    arn = invoke(client, name, b'{"a":1}', DurableExecutionName="one")[0]["DurableExecutionArn"]
    shown = client.get_durable_execution(DurableExecutionArn=arn)
    del shown["ResponseMetadata"]
    started, ended = shown.pop("StartTimestamp"), shown.pop("EndTimestamp")
    assert started <= ended
    assert shown.pop("ExpectedExecutionTimeoutTimestamp") - started == dt.timedelta(seconds=600)
    assert shown == {
        "DurableExecutionArn": arn,
        "DurableExecutionName": "one",
        "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}:$LATEST",
        "Status": "SUCCEEDED",
        "Version": "$LATEST",
        "InputPayload": '{"a":1}',
        "Result": '"done"',
        "ExecutionDataIncluded": True,
        "DurableConfig": {"ExecutionTimeout": 600, "RetentionPeriodInDays": 3},
    }
    plain = client.get_durable_execution(DurableExecutionArn=arn, IncludeExecutionData=False)
    assert not plain["ExecutionDataIncluded"]
    assert not {"InputPayload", "Result", "Error"} & set(plain)


def test_history_is_paged_both_ways_and_without_data(service, client, name):
    service.host(name, lambda envelope: SUCCEED)
    arn = invoke(client, name, b'"secret"')[0]["DurableExecutionArn"]
    whole = client.get_durable_execution_history(DurableExecutionArn=arn)
    assert [event["EventType"] for event in whole["Events"]] == [
        "ExecutionStarted",
        "InvocationCompleted",
        "ExecutionSucceeded",
    ]
    assert whole["Events"][0]["ExecutionStartedDetails"]["Input"] == {"Payload": '"secret"', "Truncated": False}
    first = client.get_durable_execution_history(DurableExecutionArn=arn, MaxItems=2, ReverseOrder=True)
    rest = client.get_durable_execution_history(
        DurableExecutionArn=arn, MaxItems=2, ReverseOrder=True, Marker=first["NextMarker"]
    )
    assert [event["EventId"] for event in first["Events"] + rest["Events"]] == [3, 2, 1]
    assert "NextMarker" not in rest
    plain = client.get_durable_execution_history(DurableExecutionArn=arn, IncludeExecutionData=False)
    assert "secret" not in str(plain["Events"])


def test_stop_with_an_error(client, held):
    arn, token = held()
    error = {"ErrorType": "Mine", "ErrorMessage": "enough"}
    stopped = client.stop_durable_execution(DurableExecutionArn=arn, Error=error)["StopTimestamp"]
    shown = client.get_durable_execution(DurableExecutionArn=arn)
    assert (shown["Status"], shown["Error"], shown["EndTimestamp"]) == ("STOPPED", error, stopped)
    assert client.stop_durable_execution(DurableExecutionArn=arn)["StopTimestamp"] == stopped
    request = {"DurableExecutionArn": arn, "CheckpointToken": token}
    assert refused(client.checkpoint_durable_execution, **request)[2] == "Invalid Checkpoint Token"
