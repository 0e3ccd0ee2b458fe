import datetime as dt
import http.client
import itertools
import json
import threading
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from support.desk import update
from support.local_service import InProcessService, lambda_client

SUCCEED = {"Status": "SUCCEEDED", "Result": '"done"'}
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def service():
    with InProcessService(skip_time=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(service):
    with lambda_client(service.endpoint) as made:
        yield made


@pytest.fixture
def name():
    return f"f{next(NUMBERS)}"


@pytest.fixture
def held(service, name):
    """A function whose invocation waits until the test is over; gives its envelope."""
    envelopes, arrived, release = [], threading.Event(), threading.Event()

    def handler(envelope):
        envelopes.append(envelope)
        arrived.set()
        release.wait(10)
        return SUCCEED

    service.host(name, handler)

    def start():
        service.start(name, b"{}")
        assert arrived.wait(10)
        return envelopes[0]["DurableExecutionArn"], envelopes[0]["CheckpointToken"]

    yield start
    release.set()


def refused(call, **parameters):
    with pytest.raises(ClientError) as error:
        call(**parameters)
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def invoke(client, name, payload=b"{}", **parameters):
    answer = client.invoke(FunctionName=name, Qualifier="$LATEST", Payload=payload, **parameters)
    return answer, answer["Payload"].read()


def test_a_synchronous_invoke_waits_for_the_result(service, client, name):
    seen = []

    def handler(envelope):
        seen.append(envelope)
        return {
            "Status": "SUCCEEDED",
            "Result": envelope["InitialExecutionState"]["Operations"][0]["ExecutionDetails"]["InputPayload"],
        }

    service.host(name, handler)
    answer, body = invoke(client, name, b'{"orderId": 7}', DurableExecutionName="order-7")
    arn = answer["DurableExecutionArn"]
    assert (answer["StatusCode"], answer["ExecutedVersion"], body) == (200, "$LATEST", b'{"orderId": 7}')
    assert "FunctionError" not in answer
    prefix = f"arn:aws:lambda:us-east-1:123456789012:function:{name}:$LATEST/durable-execution/order-7/"
    assert arn.startswith(prefix)
    assert seen[0]["DurableExecutionArn"] == arn
    assert seen[0]["InitialExecutionState"]["Operations"][0]["Id"] == arn.removeprefix(prefix)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            {
                "Status": "FAILED",
                "Error": {"ErrorType": "E", "ErrorMessage": "no", "ErrorData": "d", "StackTrace": ["s"]},
            },
            {"errorType": "E", "errorMessage": "no", "errorData": "d", "stackTrace": ["s"]},
        ),
        ({"Status": "FAILED"}, {}),
    ],
)
def test_a_failed_execution_is_a_function_error(service, client, name, output, expected):
    service.host(name, lambda envelope: output)
    answer, body = invoke(client, name)
    assert (answer["StatusCode"], answer["FunctionError"], json.loads(body)) == (200, "Unhandled", expected)


def test_an_event_is_accepted_and_run(service, client, name):
    service.host(name, lambda envelope: SUCCEED)
    answer, body = invoke(client, name, InvocationType="Event")
    assert (answer["StatusCode"], body) == (202, b"")
    assert service.wait(answer["DurableExecutionArn"], 10).result == '"done"'


def test_a_dry_run_starts_nothing(service, client, name):
    service.host(name, lambda envelope: SUCCEED)
    assert invoke(client, name, InvocationType="DryRun")[0]["StatusCode"] == 204
    assert service.executions(name) == []


def test_a_durable_function_needs_a_qualifier(service, client, name):
    service.host(name, lambda envelope: SUCCEED, aliases=frozenset({"live"}))
    status, code, message = refused(client.invoke, FunctionName=name)
    assert (status, code) == (400, "InvalidParameterValueException")
    assert message == "You cannot invoke a durable function using an unqualified ARN."
    for address in (f"{name}:live", f"arn:aws:lambda:us-east-1:123456789012:function:{name}:$LATEST"):
        assert client.invoke(FunctionName=address)["StatusCode"] == 200
    assert refused(client.invoke, FunctionName=f"{name}:7")[:2] == (404, "ResourceNotFoundException")
    assert refused(client.invoke, FunctionName="absent:live")[:2] == (404, "ResourceNotFoundException")


def test_a_name_makes_an_invoke_idempotent(service, client, name):
    runs = []
    service.host(name, lambda envelope: runs.append(1) or SUCCEED)
    first, body = invoke(client, name, b'{"a":1}', DurableExecutionName="one")
    again, same = invoke(client, name, b'{"a":1}', DurableExecutionName="one")
    assert (again["DurableExecutionArn"], same, len(runs)) == (first["DurableExecutionArn"], body, 1)
    named = {"FunctionName": name, "Qualifier": "$LATEST", "DurableExecutionName": "one"}
    status, code, _ = refused(client.invoke, Payload=b'{"a": 1}', **named)
    assert (status, code) == (409, "DurableExecutionAlreadyStartedException")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"Payload": b"{broken"}, (400, "InvalidRequestContentException")),
        ({"DurableExecutionName": "a b"}, (400, "InvalidParameterValueException")),
        ({"InvocationType": "Later"}, (400, "InvalidParameterValueException")),
        ({"Payload": b'"' + b"x" * 1024 * 1024 + b'"', "InvocationType": "Event"}, (413, "RequestTooLargeException")),
        ({"Payload": b'"' + b"x" * 6 * 1024 * 1024 + b'"'}, (413, "RequestTooLargeException")),
    ],
)
def test_invokes_that_are_refused(service, client, name, parameters, expected):
    service.host(name, lambda envelope: SUCCEED)
    assert refused(client.invoke, FunctionName=name, Qualifier="$LATEST", **parameters)[:2] == expected
    assert service.executions(name) == []


def test_an_invoke_without_a_payload_has_an_empty_object(service, client, name):
    service.host(name, lambda envelope: SUCCEED)
    client.invoke(FunctionName=name, Qualifier="$LATEST")
    assert service.executions(name)[0].payload == "{}"


def test_a_plain_function_is_called(service, client, name):
    service.host(name, lambda event: {"got": event}, is_durable=False)
    answer = client.invoke(FunctionName=name, Payload=b"[1]")
    assert (answer["Payload"].read(), "DurableExecutionArn" in answer) == (b'{"got":[1]}', False)
    assert client.invoke(FunctionName=name, InvocationType="Event")["StatusCode"] == 202


def test_an_error_of_a_plain_function(service, client, name):
    service.host(name, lambda event: 1 / 0, is_durable=False)
    answer = client.invoke(FunctionName=name)
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read()) == {
        "errorType": "ZeroDivisionError",
        "errorMessage": "division by zero",
    }


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


@pytest.fixture(scope="module")
def listed(service, client):
    """Four executions: a SUCCEEDED, b FAILED, c SUCCEEDED, d STOPPED."""
    fails = {"b"}

    def handler(envelope):
        name = envelope["InitialExecutionState"]["Operations"][0]["Name"]
        if name == "d":
            client.stop_durable_execution(DurableExecutionArn=envelope["DurableExecutionArn"])
        return {"Status": "FAILED"} if name in fails else SUCCEED

    service.host("listed", handler, aliases=frozenset({"live"}))
    for name in "abcd":
        invoke(client, "listed", DurableExecutionName=name)
    starts = {one.name: one.started_at for one in service.executions("listed")}
    return {name: dt.datetime.fromtimestamp(at, dt.UTC) for name, at in starts.items()}


def names(client, **parameters):
    shown = client.list_durable_executions_by_function(FunctionName="listed", **parameters)
    return "".join(one["DurableExecutionName"] for one in shown["DurableExecutions"]), shown.get("NextMarker")


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "dcba"),
        ({"ReverseOrder": True}, "abcd"),
        ({"Qualifier": "$LATEST"}, "dcba"),
        ({"Qualifier": "live"}, "dcba"),
        ({"DurableExecutionName": "b"}, "b"),
        ({"Statuses": ["SUCCEEDED"]}, "ca"),
        ({"Statuses": ["FAILED", "STOPPED"]}, "db"),
        ({"Statuses": ["RUNNING"]}, ""),
        ({"Statuses": ["SUCCEEDED"], "DurableExecutionName": "b"}, ""),
    ],
)
def test_lists_are_filtered(client, parameters, expected):
    assert names(client, **parameters) == (expected, None)


def test_lists_are_bounded_by_start(client, listed):
    assert names(client, StartedAfter=listed["b"])[0].strip("c") == "d"
    assert names(client, StartedBefore=listed["c"])[0][-1:] == "a"
    assert "d" not in names(client, StartedBefore=listed["d"])[0]
    assert "a" not in names(client, StartedAfter=listed["a"])[0]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(("is_reversed", "expected"), [(False, ["dc", "ba"]), (True, ["ab", "cd"])])
def test_lists_are_paged(client, is_reversed, expected):
    first, marker = names(client, MaxItems=2, ReverseOrder=is_reversed)
    rest, end = names(client, MaxItems=2, ReverseOrder=is_reversed, Marker=marker)
    assert ([first, rest], end) == (expected, None)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize(
    "parameters", [{"Statuses": ["GONE"]}, {"MaxItems": 1001}, {"Marker": "@"}, {"Marker": "eA=="}]
)
def test_lists_that_are_refused(client, parameters):
    call = client.list_durable_executions_by_function
    assert refused(call, FunctionName="listed", **parameters)[:2] == (400, "InvalidParameterValueException")


def raw(service, method, path, body=None, headers=None):
    address = urlsplit(service.endpoint)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers["x-amzn-errortype"], json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/2015-03-31/functions/f/invocations"),
        ("POST", "/2025-12-01/durable-executions/a/b/checkpoint"),
        ("GET", "/2025-12-01/durable-executions/a/"),
        ("DELETE", "/2025-12-01/durable-executions/a"),
    ],
)
def test_an_unknown_path_is_answered_in_aws_s_shape(service, method, path):
    status, code, body = raw(service, method, path)
    assert (status, code, body["Type"]) == (404, "UnknownOperationException", "User")


@pytest.mark.parametrize(
    "body", [b"{broken", b"[]", b'{"CheckpointToken": 1}', b'{"CheckpointToken": "a", "Updates": {}}']
)
def test_a_checkpoint_that_is_none(service, body):
    status, code, _ = raw(service, "POST", "/2025-12-01/durable-executions/a/checkpoint", body)
    assert status == 400
    assert code in {"InvalidRequestContentException", "InvalidParameterValueException"}


@pytest.mark.parametrize(
    "query",
    ["MaxItems=-1", "MaxItems=x", "ReverseOrder=maybe", "StartedAfter=today", "StartedAfter=2026-01-01T00:00:00"],
)
def test_query_values_that_mean_nothing(service, listed, query):
    status, code, _ = raw(service, "GET", f"/2025-12-01/functions/listed/durable-executions?{query}")
    assert (status, code) == (400, "InvalidParameterValueException")


def test_the_service_is_guarded(service):
    assert raw(service, "GET", "/", headers={"Origin": "http://example.com"})[:2] == (403, "AccessDeniedException")
    assert raw(service, "GET", "/", headers={"Host": "example.com"})[:2] == (403, "AccessDeniedException")
