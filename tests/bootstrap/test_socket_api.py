"""What our own client does beyond awslambdaric's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from perdure_bootstrap.faults import Fault
from perdure_bootstrap.reports import report_of
from perdure_bootstrap.runtime_api import Invocation, RuntimeApiError
from perdure_bootstrap.socket_api import SocketRuntimeApi
from support.runtime_api import Delivery, ScriptedRuntimeApi

if TYPE_CHECKING:
    from collections.abc import Iterator

INVOCATION = Invocation("rid-1", 4102444800000, b"{}", invocation_id="inv-1")


@pytest.fixture
def client(api: ScriptedRuntimeApi) -> Iterator[SocketRuntimeApi]:
    client = SocketRuntimeApi(api.address)
    yield client
    client.close()


def test_every_header_of_next_is_read(api: ScriptedRuntimeApi, client: SocketRuntimeApi) -> None:
    headers: dict[str, str | None] = {
        "Lambda-Runtime-Invocation-Id": "inv-1",
        "Lambda-Runtime-Deadline-Ms": "1700000000123",
        "Lambda-Runtime-Invoked-Function-Arn": "arn:a",
        "Lambda-Runtime-Trace-Id": "Root=1",
        "Lambda-Runtime-Client-Context": '{"custom": "ü"}',
        "Lambda-Runtime-Cognito-Identity": "{}",
        "Lambda-Runtime-Aws-Tenant-Id": "t-1",
    }
    api.push(Delivery(b"[1]", headers=headers))
    assert client.next() == Invocation(
        request_id="rid-1",
        deadline_ms=1700000000123,
        body=b"[1]",
        function_arn="arn:a",
        invocation_id="inv-1",
        trace_id="Root=1",
        client_context='{"custom": "ü"}',
        cognito="{}",
        tenant_id="t-1",
        content_type="application/json",
    )


def test_absent_content_type_is_no_trouble(api: ScriptedRuntimeApi, client: SocketRuntimeApi) -> None:
    api.push(Delivery(headers={"Content-Type": None}))
    assert client.next().content_type is None


@pytest.mark.parametrize("missing", ["Lambda-Runtime-Aws-Request-Id", "Lambda-Runtime-Deadline-Ms"])
def test_invocation_without_what_lambda_always_sends_is_an_error(
    api: ScriptedRuntimeApi, client: SocketRuntimeApi, missing: str
) -> None:
    api.push(Delivery(headers={missing: None}))
    with pytest.raises(RuntimeApiError, match="no usable invocation"):
        client.next()


@pytest.mark.parametrize(
    ("status", "body", "error_type", "text"),
    [
        (
            400,
            b'{"errorType": "InvalidRequestID", "errorMessage": "m"}',
            "InvalidRequestID",
            "HTTP 400, InvalidRequestID, m",
        ),
        (403, b'{"errorType": "InvalidStateTransition"}', "InvalidStateTransition", "HTTP 403, InvalidStateTransition"),
        (413, b'{"errorType": "RequestEntityTooLarge"}', "RequestEntityTooLarge", "HTTP 413, RequestEntityTooLarge"),
        (500, b"gateway \xff", "", "HTTP 500, gateway \ufffd"),
        (502, b"[]", "", "HTTP 502, []"),
    ],
)
def test_refusal_tells_its_status_and_type(
    api: ScriptedRuntimeApi, client: SocketRuntimeApi, status: int, body: bytes, error_type: str, text: str
) -> None:
    api.push(Delivery(answer_status=status, answer_body=body))
    client.next()
    with pytest.raises(RuntimeApiError) as caught:
        client.respond(INVOCATION, b"1", "application/json")
    assert (caught.value.call, caught.value.status, caught.value.error_type) == ("response", status, error_type)
    assert str(caught.value) == f"the Runtime API's response failed: {text}"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("x"), "Function.ValueError"),
        (Fault("Runtime.MarshalError", "x"), "Runtime.MarshalError"),
        (SystemExit(3), "Runtime.ExitError"),
        (type("Error2", (Exception,), {})(), None),
        (type("lower", (Exception,), {})(), None),
        (type("Größe", (Exception,), {})(), None),
        (type("X", (Exception,), {})(), None),
    ],
)
def test_function_error_type_is_sent_only_in_a_form_that_lambda_accepts(
    api: ScriptedRuntimeApi, client: SocketRuntimeApi, error: BaseException, expected: str | None
) -> None:
    client.init_error(report_of(error))
    client.fail(INVOCATION, report_of(error, "rid-1"))
    for call in ("init", "error"):
        assert api.take(call).headers.get("lambda-runtime-function-error-type") == expected


def test_text_without_a_utf8_form_is_reported_all_the_same(api: ScriptedRuntimeApi, client: SocketRuntimeApi) -> None:
    client.fail(INVOCATION, report_of(ValueError("\ud800"), "rid-1"))
    assert json.loads(api.take("error").body)["errorMessage"] == "\ud800"


def test_connection_that_died_in_a_freeze_is_replaced_once(api: ScriptedRuntimeApi, client: SocketRuntimeApi) -> None:
    api.push(Delivery(answer_close=True))
    api.push(Delivery(request_id="rid-2"))
    client.next()
    client.respond(INVOCATION, b"1", "application/json")
    assert client.next().request_id == "rid-2"
    assert [api.take(call).connection for call in ("next", "response")] == [1, 1]
    assert api.take("next").connection == 2


def test_answer_cut_short_is_not_asked_for_again(api: ScriptedRuntimeApi, client: SocketRuntimeApi) -> None:
    api.push(Delivery(b"12345", framing="cut"))
    with pytest.raises(RuntimeApiError, match="connection ended"):
        client.next()


def test_runtime_api_that_is_not_there_is_an_error(client: SocketRuntimeApi, api: ScriptedRuntimeApi) -> None:
    api.close()
    with pytest.raises(RuntimeApiError, match="ConnectionRefusedError") as caught:
        client.next()
    assert caught.value.status is None


@pytest.mark.parametrize("address", ["", "localhost", ":80", "localhost:", "localhost:http"])
def test_address_is_a_host_and_a_port(address: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        SocketRuntimeApi(address)
