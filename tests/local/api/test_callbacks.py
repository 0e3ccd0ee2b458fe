"""The callback operations: what they do, what they refuse, and in which words."""

import base64
import json
import threading

import pytest

from support.api_calls import raw, refused
from support.desk import callback
from support.local_service import Script, await_kind, operation

MIB = 1024 * 1024


@pytest.fixture
def waiting(service, name):
    """Starts an execution that waits for a callback; gives its ARN, the callback's id, and the script."""

    def start(**options):
        script = Script(service, [callback(**options)])
        service.host(name, script)
        arn = service.start(name, b"{}")
        await_kind(service, arn, "InvocationCompleted")
        started = next(event for event in service.history(arn) if event["EventType"] == "CallbackStarted")
        return arn, started["CallbackStartedDetails"]["CallbackId"], script

    return start


@pytest.mark.parametrize(
    ("body", "result"), [(b'{"ok": true}', '{"ok": true}'), ("nö".encode(), "nö"), (b"not JSON", "not JSON")]
)
def test_what_is_sent_is_the_result_as_it_is(service, client, waiting, body, result):
    arn, callback_id, script = waiting()
    answer = client.send_durable_execution_callback_success(CallbackId=callback_id, Result=body)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert service.wait(arn, 20).status == "SUCCEEDED"
    found = operation(script.calls[-1])
    assert (found["Status"], found["CallbackDetails"]["Result"]) == ("SUCCEEDED", result)
    assert script.calls[-1]["UpdatedOperationIds"] == ["A"]


def test_nothing_sent_is_no_result(service, client, waiting):
    arn, callback_id, script = waiting()
    client.send_durable_execution_callback_success(CallbackId=callback_id)
    service.wait(arn, 20)
    assert "Result" not in operation(script.calls[-1])["CallbackDetails"]


@pytest.mark.parametrize(
    "error", [{}, {"ErrorType": "Refused", "ErrorMessage": "no", "ErrorData": "d", "StackTrace": ["s"]}]
)
def test_a_failure_is_the_error_as_it_is(service, client, waiting, error):
    arn, callback_id, script = waiting()
    client.send_durable_execution_callback_failure(CallbackId=callback_id, Error=error)
    service.wait(arn, 20)
    found = operation(script.calls[-1])
    assert (found["Status"], found["CallbackDetails"].get("Error", {})) == ("FAILED", error)


def test_a_failure_without_a_body_is_an_empty_error(service, client, waiting):
    arn, callback_id, script = waiting()
    client.send_durable_execution_callback_failure(CallbackId=callback_id)
    service.wait(arn, 20)
    assert operation(script.calls[-1])["Status"] == "FAILED"


def test_a_heartbeat_shows_nowhere_and_wakes_nobody(service, client, waiting):
    arn, callback_id, script = waiting(HeartbeatTimeoutSeconds=3600)
    before = service.history(arn)
    answer = client.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert service.history(arn) == before
    assert len(script.calls) == 1
    client.send_durable_execution_callback_success(CallbackId=callback_id)
    assert service.wait(arn, 20).invocations == 2


def test_an_id_arrives_as_it_was_whatever_it_is_made_of(client):
    unknown = base64.b64encode(b"\xfb\xff\xfe?").decode()
    assert {"+", "/", "="} <= set(unknown)
    status, code, message = refused(client.send_durable_execution_callback_heartbeat, CallbackId=unknown)
    assert (status, code) == (404, "ResourceNotFoundException")
    assert unknown in message


@pytest.mark.parametrize("verb", ["succeed", "fail", "heartbeat"])
def test_the_path_is_split_before_it_is_decoded(service, waiting, verb):
    _, callback_id, _ = waiting()
    path = f"/2025-12-01/durable-execution-callbacks/{{}}/{verb}"
    escaped = callback_id.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert raw(service, "POST", path.format("a%2Fb%3D"), b"{}")[:2] == (404, "ResourceNotFoundException")
    assert raw(service, "POST", path.format("a/b"), b"{}")[:2] == (404, "UnknownOperationException")
    assert raw(service, "GET", path.format(escaped))[:2] == (404, "UnknownOperationException")


CALLS = (
    "send_durable_execution_callback_success",
    "send_durable_execution_callback_failure",
    "send_durable_execution_callback_heartbeat",
)


@pytest.mark.parametrize("call", CALLS)
def test_what_is_over_or_was_never_there_is_not_found(service, client, waiting, call):
    arn, callback_id, _ = waiting()
    parts = json.loads(base64.b64decode(callback_id))
    client.send_durable_execution_callback_success(CallbackId=callback_id)
    service.wait(arn, 20)
    elsewhere = [{**parts, "op": "Z"}, {**parts, "arn": parts["arn"] + "x"}, {"arn": 1, "op": 2}, ["no"]]
    ids = [callback_id, "bm90IG91cnM=", *(base64.b64encode(json.dumps(one).encode()).decode() for one in elsewhere)]
    for one in ids:
        status, code, _ = refused(getattr(client, call), CallbackId=one)
        assert (status, code) == (404, "ResourceNotFoundException"), one


@pytest.mark.parametrize("call", CALLS)
def test_a_callback_of_an_execution_that_is_over_is_not_found(service, client, waiting, call):
    arn, callback_id, _ = waiting()
    service.stop(arn)
    assert refused(getattr(client, call), CallbackId=callback_id)[:2] == (404, "ResourceNotFoundException")


@pytest.mark.slow
def test_one_that_timed_out_says_so_while_its_execution_goes_on(service, client, name):
    script = Script(service, [callback(TimeoutSeconds=1), callback("B")], [])
    service.host(name, script)
    arn = service.start(name, b"{}")
    await_kind(service, arn, "CallbackTimedOut")
    first, second = [
        event["CallbackStartedDetails"]["CallbackId"]
        for event in service.history(arn)
        if event["EventType"] == "CallbackStarted"
    ]
    for call in CALLS:
        assert refused(getattr(client, call), CallbackId=first)[:2] == (400, "CallbackTimeoutException")
    client.send_durable_execution_callback_success(CallbackId=second)
    service.wait(arn, 20)
    found = operation(script.calls[-1])
    assert (found["Status"], found["CallbackDetails"]["Error"]) == (
        "TIMED_OUT",
        {"ErrorType": "Callback.Timeout", "ErrorMessage": "Callback timed out"},
    )


def test_a_mebibyte_is_accepted_and_no_more(service, waiting):
    arn, callback_id, script = waiting()
    escaped = callback_id.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    path = f"/2025-12-01/durable-execution-callbacks/{escaped}"
    assert raw(service, "POST", f"{path}/succeed", b"x" * (MIB + 1))[:2] == (400, "InvalidParameterValueException")
    assert raw(service, "POST", f"{path}/succeed", b"\xff")[:2] == (400, "InvalidParameterValueException")
    assert raw(service, "POST", f"{path}/fail", b"no")[:2] == (400, "InvalidRequestContentException")
    assert raw(service, "POST", f"{path}/fail", b'{"ErrorType": 1}')[:2] == (400, "InvalidParameterValueException")
    assert raw(service, "POST", f"{path}/succeed", b"x" * MIB) == (200, None, None)
    service.wait(arn, 20)
    assert len(operation(script.calls[-1])["CallbackDetails"]["Result"]) == MIB


def test_one_that_completes_while_the_handler_runs_is_in_its_next_answer(service, client, name):
    seen = []
    opened, answered = threading.Event(), threading.Event()

    def handler(envelope):
        call = {"DurableExecutionArn": envelope["DurableExecutionArn"]}
        first = client.checkpoint_durable_execution(
            CheckpointToken=envelope["CheckpointToken"], Updates=[callback()], **call
        )
        seen.append(first["NewExecutionState"]["Operations"][0]["CallbackDetails"]["CallbackId"])
        opened.set()
        assert answered.wait(20)
        second = client.checkpoint_durable_execution(CheckpointToken=first["CheckpointToken"], Updates=[], **call)
        seen.extend(second["NewExecutionState"]["Operations"])
        return {"Status": "SUCCEEDED"}

    service.host(name, handler)
    arn = service.start(name, b"{}")
    assert opened.wait(20)
    client.send_durable_execution_callback_success(CallbackId=seen[0], Result=b"1")
    answered.set()
    assert service.wait(arn, 20).invocations == 1
    assert (seen[1]["Status"], seen[1]["CallbackDetails"]["Result"]) == ("SUCCEEDED", "1")


def test_callbacks_that_wait_are_listed(service, client, waiting):
    arn, callback_id, _ = waiting(TimeoutSeconds=3600)
    (mine,) = [one for one in listed(service) if one["CallbackId"] == callback_id]
    assert (mine["OperationId"], mine["DurableExecutionArn"]) == ("A", arn)
    assert mine["ScheduledEndTimestamp"] == pytest.approx(mine["StartTimestamp"] + 3600)
    client.send_durable_execution_callback_success(CallbackId=callback_id)
    assert callback_id not in {one["CallbackId"] for one in listed(service)}


def listed(service):
    status, _, body = raw(service, "GET", "/perdure/callbacks")
    assert status == 200
    return body["Callbacks"]
