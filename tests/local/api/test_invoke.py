"""Invoke: of durable functions and of plain ones."""

import json

import pytest

from support.api_calls import SUCCEED, invoke, refused


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
