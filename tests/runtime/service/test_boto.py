import json

import pytest
from botocore.config import Config

from perdure.errors import ServiceError
from perdure_runtime.service import wire
from perdure_runtime.service.boto import BotoService
from support import botocore_requests
from support.loopback import Loopback, Move, answer
from support.service_values import ARN

UPDATE = b'{"Id":"a","Type":"WAIT","Action":"START","Name":"\xc3\xa9","WaitOptions":{"WaitSeconds":2}}'
OPERATIONS = [
    {"Id": "x", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": 1700000000.0,
     "ExecutionDetails": {"InputPayload": '{"at":1700000000}'}},
    {"Id": "s", "Type": "STEP", "Status": "PENDING", "StartTimestamp": 1700000000.25, "EndTimestamp": 1700000001.5,
     "StepDetails": {"Attempt": 2, "NextAttemptTimestamp": 1700000002.125, "Result": "1700000000",
                     "Error": {"ErrorType": "E", "ErrorMessage": "m", "StackTrace": ["a", "b"]}}},
    {"Id": "w", "Type": "WAIT", "Status": "STARTED", "StartTimestamp": 1700000000.0,
     "WaitDetails": {"ScheduledEndTimestamp": 1700000060.5}},
]  # fmt: skip


@pytest.fixture
def client_of():
    clients = []

    def make(server):
        config = Config(retries={"total_max_attempts": 1}, read_timeout=5)
        clients.append(
            botocore_requests.session().create_client(
                "lambda",
                region_name="eu-west-1",
                endpoint_url=f"http://127.0.0.1:{server.port}",
                aws_access_key_id="AKID",
                aws_secret_access_key="secret",
                config=config,
            )
        )
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_a_checkpoint_through_boto_reads_as_one_over_the_lean_client(client_of):
    body = json.dumps({"CheckpointToken": "t2", "NewExecutionState": {"Operations": OPERATIONS, "NextMarker": "m"}})
    with Loopback([answer(body.encode())]) as server:
        found = BotoService(client_of(server)).checkpoint(ARN, "t1", [UPDATE], "ct")
        sent = json.loads(server.requests[0].body)
    assert found == wire.checkpointed(body.encode()) == ("t2", OPERATIONS, "m")
    assert sent == {"CheckpointToken": "t1", "Updates": [json.loads(UPDATE)], "ClientToken": "ct"}


@pytest.mark.parametrize(
    "body",
    [{"Operations": OPERATIONS, "NextMarker": "m"}, {"Operations": OPERATIONS[:1]}, {"Operations": []}, {}],
)
def test_a_page_through_boto_reads_as_one_over_the_lean_client(client_of, body):
    text = json.dumps(body).encode()
    with Loopback([answer(text)]) as server:
        found = BotoService(client_of(server)).get_state(ARN, "t1", "m1")
        line = server.requests[0].line
    assert found[:2] == wire.state_page(text)[:2]
    assert line == f"GET {wire.execution_path(ARN)}/state?{wire.state_query('t1', 'm1', 1000)} HTTP/1.1"


def test_an_execution_that_is_over_gives_no_token(client_of):
    with Loopback([answer(b'{"NewExecutionState":{}}')]) as server:
        assert BotoService(client_of(server)).checkpoint(ARN, "t1", [], "ct") == (None, [], None)


@pytest.mark.parametrize(
    ("status", "code", "message", "retryable"),
    [
        ("400 Bad", "InvalidParameterValueException", "Invalid checkpoint token", True),
        ("400 Bad", "InvalidParameterValueException", "Invalid parent operation id.", False),
        ("429 Slow", "TooManyRequestsException", "slow", True),
        ("502 Key", "KMSDisabledException", "disabled", False),
        ("500 Oops", "ServiceException", "oops", True),
    ],
)
def test_a_refusal_carries_the_verdict_and_the_facts(client_of, status, code, message, retryable):
    body = json.dumps({"message": message}).encode()
    refusal = answer(body, status, x_amzn_ErrorType=code, x_amzn_RequestId="r-1")
    with Loopback([refusal]) as server, pytest.raises(ServiceError) as caught:
        BotoService(client_of(server)).checkpoint(ARN, "t1", [], "ct")
    error = caught.value
    assert (error.call, error.code, error.message) == (wire.CHECKPOINT, code, message)
    assert (error.status, error.retryable, error.request_id) == (int(status[:3]), retryable, "r-1")
    assert error.execution == ARN


def test_no_answer_is_retryable(client_of):
    with Loopback([Move.HANG_UP]) as server, pytest.raises(ServiceError, match="ConnectionClosedError") as caught:
        BotoService(client_of(server)).get_state(ARN, "t1", "m1")
    assert (caught.value.retryable, caught.value.status, caught.value.execution) == (True, None, ARN)


def test_a_client_that_knows_no_durable_executions_is_refused_at_once():
    with pytest.raises(ServiceError, match=r"object has no checkpoint_durable_execution.*perdure-runtime\[boto\]"):
        BotoService(object())


def test_the_client_is_shown(client_of):
    with Loopback() as server:
        assert repr(BotoService(client_of(server))).startswith("<BotoService <botocore.client.Lambda object")
