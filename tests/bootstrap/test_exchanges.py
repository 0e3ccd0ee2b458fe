"""Both clients of the Runtime API are held to the same exchanges, as the API's server records them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.runtime_api import ARN, Delivery, Record, ScriptedRuntimeApi
from support.runtime_process import Ended, RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APP = """
import os

def handler(event, context):
    match event:
        case {"raise": message}:
            raise ValueError(message)
        case {"bytes": text}:
            return text.encode()
        case {"facts": _}:
            return {
                "trace": os.environ.get("_X_AMZN_TRACE_ID"),
                "tenant": context.tenant_id,
                "arn": context.invoked_function_arn,
                "custom": context.client_context and context.client_context.custom,
                "identity": context.identity.cognito_identity_id,
                "remaining": context.get_remaining_time_in_millis() > 0,
            }
        case bytes():
            return len(event)
        case _:
            return event
"""

TEXT = "Grüße, 世界 🌍"


@pytest.fixture(params=["socket", "native"])
def choice(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def serve(api: ScriptedRuntimeApi, choice: str, write_app: Callable[..., Path]) -> Callable[..., list[Record]]:
    """Runs deliveries through the bootstrap and gives what was posted for each."""

    def run(*deliveries: Delivery, app: str = APP) -> list[Record]:
        for delivery in deliveries:
            api.push(delivery)
        posted = []
        with RuntimeProcess(api.address, write_app(app), environ={"PERDURE_RUNTIME_API": choice}) as runtime:
            for _ in deliveries:
                api.take("next")
                posted.append(api.take())
            api.take("next")
            assert runtime.terminate().status == 0
        return posted

    return run


@pytest.mark.parametrize(
    ("delivery", "content_type", "body"),
    [
        (Delivery(json.dumps({"n": 1.5}).encode()), "application/json", b'{"n": 1.5}'),
        (Delivery(json.dumps({"t": TEXT}).encode()), "application/json", f'{{"t": "{TEXT}"}}'.encode()),
        (
            Delivery(json.dumps({"t": TEXT}, ensure_ascii=False).encode()),
            "application/json",
            f'{{"t": "{TEXT}"}}'.encode(),
        ),
        (Delivery(json.dumps({"bytes": TEXT}).encode()), "application/unknown", TEXT.encode()),
        (Delivery(b"null"), "application/json", b"null"),
        (Delivery(b"\x00\xff", headers={"Content-Type": "application/octet-stream"}), "application/json", b"2"),
        (Delivery(b'"' + b"x" * 3_000_000 + b'"'), "application/json", b'"' + b"x" * 3_000_000 + b'"'),
        (Delivery(b'["in chunks"]', framing="chunked"), "application/json", b'["in chunks"]'),
    ],
    ids=["json", "escaped text", "utf-8 text", "bytes", "null", "not json", "3 MB", "chunked"],
)
def test_result_is_posted_with_its_content_type(
    serve: Callable[..., list[Record]], delivery: Delivery, content_type: str, body: bytes
) -> None:
    [record] = serve(delivery)
    assert (record.method, record.path) == ("POST", "/2018-06-01/runtime/invocation/rid-1/response")
    assert record.headers["content-type"] == content_type
    assert record.body == body


def test_invocation_id_is_echoed_and_left_out_where_there_is_none(serve: Callable[..., list[Record]]) -> None:
    given = {"Lambda-Runtime-Invocation-Id": "inv-9"}
    echoed, failed, absent = serve(
        Delivery(headers=given), Delivery(b'{"raise": "x"}', request_id="rid-2", headers=given), Delivery()
    )
    assert echoed.headers["lambda-runtime-invocation-id"] == "inv-9"
    assert failed.headers["lambda-runtime-invocation-id"] == "inv-9"
    assert "lambda-runtime-invocation-id" not in absent.headers


def test_facts_of_an_invocation_reach_the_handler_and_do_not_outlive_it(serve: Callable[..., list[Record]]) -> None:
    headers: dict[str, str | None] = {
        "Lambda-Runtime-Trace-Id": "Root=1-2-3;Sampled=1",
        "Lambda-Runtime-Aws-Tenant-Id": "tenant-1",
        "Lambda-Runtime-Client-Context": json.dumps({"custom": {"greeting": TEXT}}, ensure_ascii=False),
        "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId": "id-1", "cognitoIdentityPoolId": "pool-1"}',
    }
    full, bare = (
        json.loads(record.body)
        for record in serve(Delivery(b'{"facts": 1}', headers=headers), Delivery(b'{"facts": 1}'))
    )
    assert full == {
        "trace": "Root=1-2-3;Sampled=1",
        "tenant": "tenant-1",
        "arn": ARN,
        "custom": {"greeting": TEXT},
        "identity": "id-1",
        "remaining": True,
    }
    assert bare == {"trace": None, "tenant": None, "arn": ARN, "custom": None, "identity": None, "remaining": True}


def test_error_is_posted_in_lambdas_shape(serve: Callable[..., list[Record]], tmp_path: Path) -> None:
    [record] = serve(Delivery(json.dumps({"raise": TEXT}).encode()))
    assert record.path == "/2018-06-01/runtime/invocation/rid-1/error"
    assert record.headers["content-type"] == "application/json"
    report = json.loads(record.body)
    assert list(report) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert report["stackTrace"] == [f'  File "{tmp_path}/app.py", line 7, in handler\n    raise ValueError(message)\n']
    assert (report["errorMessage"], report["errorType"], report["requestId"]) == (TEXT, "ValueError", "rid-1")
    cause = json.loads(record.headers["lambda-runtime-function-xray-error-cause"])
    assert cause == {
        "working_directory": str(tmp_path),
        "exceptions": [
            {
                "message": TEXT,
                "type": "ValueError",
                "stack": [{"label": "handler", "path": f"{tmp_path}/app.py", "line": 7}],
            }
        ],
        "paths": [f"{tmp_path}/app.py"],
    }


def test_xray_cause_of_a_mebibyte_is_left_out(serve: Callable[..., list[Record]]) -> None:
    app = 'def handler(event, context): raise ValueError("m" * (1 << 20))'
    [record] = serve(Delivery(), app=app)
    assert not record.headers.get("lambda-runtime-function-xray-error-cause")
    assert len(json.loads(record.body)["errorMessage"]) == 1 << 20


def test_all_exchanges_use_one_connection(serve: Callable[..., list[Record]]) -> None:
    records = serve(*(Delivery(request_id=f"rid-{number}") for number in range(5)))
    assert len({record.connection for record in records}) == 1


def test_init_error_is_posted_before_the_process_ends(
    api: ScriptedRuntimeApi, choice: str, write_app: Callable[..., Path]
) -> None:
    environ = {"PERDURE_RUNTIME_API": choice}
    with RuntimeProcess(api.address, write_app("import missing_thing"), environ=environ) as runtime:
        record = api.take("init")
        ended = runtime.wait()
    assert ended.status == 1
    assert record.path == "/2018-06-01/runtime/init/error"
    assert record.headers["lambda-runtime-function-error-type"] == "Runtime.ImportModuleError"
    assert json.loads(record.body) == {
        "errorMessage": "Unable to import module 'app': No module named 'missing_thing'",
        "errorType": "Runtime.ImportModuleError",
        "requestId": "",
        "stackTrace": [],
    }


def test_response_that_is_too_large_does_not_end_the_loop(
    api: ScriptedRuntimeApi, choice: str, write_app: Callable[..., Path]
) -> None:
    refusal = b'{"errorMessage":"Exceeded maximum allowed payload size","errorType":"RequestEntityTooLarge"}'
    api.push(Delivery(b'"big"', answer_status=413, answer_body=refusal))
    api.push(Delivery(b'"small"', request_id="rid-2"))
    with RuntimeProcess(api.address, write_app(APP), environ={"PERDURE_RUNTIME_API": choice}) as runtime:
        assert [api.take().call for _ in range(5)] == ["next", "response", "next", "response", "next"]
        ended = runtime.terminate()
    assert ended.status == 0
    # awslambdaric's client hides why.
    assert ("413, RequestEntityTooLarge" in ended.stdout) == (choice == "socket")
    assert "Going on to the next invocation." in ended.stdout


@pytest.mark.parametrize("status", [403, 500])
def test_next_that_fails_ends_the_process(
    api: ScriptedRuntimeApi, choice: str, write_app: Callable[..., Path], status: int
) -> None:
    api.push(Delivery(status=status))
    with RuntimeProcess(api.address, write_app(APP), environ={"PERDURE_RUNTIME_API": choice}) as runtime:
        ended: Ended = runtime.wait()
    assert ended.status == 1
    assert "RuntimeApiError: the Runtime API's next failed" in ended.stderr
