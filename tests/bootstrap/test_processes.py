"""The bootstrap as Lambda starts it: a process of its own, over the Runtime API."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from support.runtime_api import ARN, Delivery, ScriptedRuntimeApi
from support.runtime_process import Ended, RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

PLAIN = Delivery()
ASYNC = (
    "Handler 'handler' on module 'app' is an async function, and nothing would await it: decorate it with @durable,"
    " or make it a def that runs asyncio.run(...)"
)


def run_once(api: ScriptedRuntimeApi, root: Path, delivery: Delivery = PLAIN, **environ: str) -> tuple[object, Ended]:
    """What is posted for one delivery, as JSON, and how the process ended."""
    api.push(delivery)
    with RuntimeProcess(api.address, root, environ=environ) as runtime:
        api.take("next")
        posted = api.take()
        api.take("next")
        return json.loads(posted.body), runtime.terminate()


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        ("", "app", "MalformedHandlerName", "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
        ("", "nosuch.handler", "ImportModuleError", "Unable to import module 'nosuch': No module named 'nosuch'"),
        ("", "app.handler", "HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("", "time.sleep", "BuiltInModuleConflict", "Cannot use built-in module time as a handler module"),
        (
            "x = = 1",
            "app.handler",
            "UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
        (
            "async def handler(event, context): ...",
            "app.handler",
            "HandlerRefused",
            ASYNC,
        ),
        ("import sys; sys.exit(3)", "app.handler", "ExitError", "Error: Runtime exited with error: exit status 3"),
    ],
)
def test_handler_that_cannot_be_loaded_is_an_init_error(
    api: ScriptedRuntimeApi, write_app: Write, source: str, handler: str, kind: str, message: str
) -> None:
    with RuntimeProcess(api.address, write_app(source), handler) as runtime:
        record = api.take("init")
        ended = runtime.wait()
    report = json.loads(record.body)
    assert (report["errorType"], report["errorMessage"], report["requestId"]) == (f"Runtime.{kind}", message, "")
    assert record.headers["lambda-runtime-function-error-type"] == f"Runtime.{kind}"
    assert ended.status == (3 if kind == "ExitError" else 1)
    assert ended.stdout.startswith(f"[ERROR] Runtime.{kind}: {message}\rTraceback (most recent call last):")
    assert ended.stderr == ""


def test_error_of_the_handlers_module_is_reported_with_its_traceback(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("1 / 0")
    with RuntimeProcess(api.address, root) as runtime:
        record = api.take("init")
        assert runtime.wait().status == 1
    report = json.loads(record.body)
    assert (report["errorMessage"], report["errorType"]) == ("division by zero", "ZeroDivisionError")
    assert report["stackTrace"][-1] == f'  File "{root}/app.py", line 1, in <module>\n    1 / 0\n'
    assert not any("perdure_bootstrap" in frame for frame in report["stackTrace"])


def test_exit_of_the_handler_ends_the_process_after_its_report(api: ScriptedRuntimeApi, write_app: Write) -> None:
    api.push(Delivery())
    with RuntimeProcess(api.address, write_app("import sys\ndef handler(e, c): sys.exit(7)")) as runtime:
        api.take("next")
        report = json.loads(api.take("error").body)
        ended = runtime.wait()
    assert ended.status == 7
    assert report["errorType"] == "Runtime.ExitError"
    assert report["errorMessage"] == "RequestId: rid-1 Error: Runtime exited with error: exit status 7"


def test_result_that_cannot_be_encoded_is_reported_and_the_loop_goes_on(
    api: ScriptedRuntimeApi, write_app: Write
) -> None:
    report, ended = run_once(api, write_app("def handler(e, c): return object()"))
    assert report == {
        "errorMessage": "Unable to marshal response: Object of type object is not JSON serializable",
        "errorType": "Runtime.MarshalError",
        "requestId": "rid-1",
        "stackTrace": [],
    }
    assert ended.status == 0


def test_client_context_that_cannot_be_parsed_is_reported_by_its_fault(
    api: ScriptedRuntimeApi, write_app: Write
) -> None:
    delivery = Delivery(headers={"Lambda-Runtime-Client-Context": "{"})
    report, _ = run_once(api, write_app("def handler(e, c): return c.client_context"), delivery)
    assert isinstance(report, dict)
    assert report["errorType"] == "Runtime.LambdaContextUnmarshalError"


def test_facts_of_the_function_are_in_context_and_environment(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("""
        import os

        def handler(event, context):
            names = ("aws_request_id", "invoked_function_arn", "function_name", "function_version",
                     "memory_limit_in_mb", "log_group_name", "log_stream_name")
            return {name: getattr(context, name) for name in names} | {"env": os.environ["AWS_EXECUTION_ENV"]}
    """)
    facts, _ = run_once(api, root)
    assert facts == {
        "aws_request_id": "rid-1",
        "invoked_function_arn": ARN,
        "function_name": "orders",
        "function_version": "7",
        "memory_limit_in_mb": "512",
        "log_group_name": "/aws/lambda/orders",
        "log_stream_name": "2026/11/21/[7]abc",
        "env": "AWS_Lambda_perdure",
    }


@pytest.mark.parametrize("choice", ["socket", "native"])
def test_sigterm_between_invocations_ends_the_process_at_once(
    api: ScriptedRuntimeApi, write_app: Write, choice: str
) -> None:
    root = write_app("import atexit\natexit.register(print, 'bye')\ndef handler(e, c): print('partial', end='')")
    with RuntimeProcess(api.address, root, environ={"PERDURE_RUNTIME_API": choice}) as runtime:
        api.take("next")
        ended = runtime.terminate()
    assert ended == Ended(0, "bye\n", "")


def test_users_own_sigterm_handler_stays(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: os._exit(9))\ndef handler(e, c): ...")
    with RuntimeProcess(api.address, root) as runtime:
        api.take("next")
        runtime.send(signal.SIGTERM)
        assert runtime.wait().status == 9


def test_what_is_printed_is_out_before_the_answer(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("import os, sys\ndef handler(e, c): print('partial', end='')")
    api.push(Delivery())
    with RuntimeProcess(api.address, root) as runtime:
        for call in ("next", "response", "next"):
            api.take(call)
        runtime.send(signal.SIGKILL)
        assert runtime.wait().stdout == "partial"


def test_json_log_format_holds_for_errors_and_for_logging(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("""
        import logging

        def handler(event, context):
            logging.warning("careful")
            raise ValueError("boom")
    """)
    _, ended = run_once(api, root, AWS_LAMBDA_LOG_FORMAT="JSON")
    warning, error = (json.loads(line) for line in ended.stdout.splitlines())
    assert (warning["level"], warning["message"], warning["requestId"]) == ("WARNING", "careful", "rid-1")
    assert list(error) == ["timestamp", "level", "errorMessage", "errorType", "requestId", "stackTrace"]
    assert (error["level"], error["errorMessage"], error["requestId"]) == ("ERROR", "boom", "rid-1")


def test_text_log_format_is_one_record_for_an_error(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("def handler(e, c): raise ValueError('boom')")
    _, ended = run_once(api, root)
    assert ended.stdout == (
        "[ERROR] ValueError: boom\rTraceback (most recent call last):\r"
        f'\u00a0\u00a0File "{root}/app.py", line 1, in handler\r'
        "\u00a0\u00a0\u00a0\u00a0def handler(e, c): raise ValueError('boom')\n"
    )


def test_program_of_ones_own_is_a_runtime(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("""
        from perdure_bootstrap import run

        def handler(event, context):
            return [event, context.function_name]

        if __name__ == "__main__":
            run(handler)
    """)
    api.push(Delivery(b"1"))
    with RuntimeProcess(api.address, root, "ignored", command=["app.py"]) as runtime:
        api.take("next")
        assert api.take("response").body == b'[1, "orders"]'
        assert runtime.terminate().status == 0


def test_handler_given_on_the_command_line_comes_before_the_environments(
    api: ScriptedRuntimeApi, write_app: Write
) -> None:
    root = write_app("def other(event, context): return 'other'")
    api.push(Delivery())
    command = ["-m", "perdure_bootstrap", "app.other"]
    with RuntimeProcess(api.address, root, "app.handler", command=command) as runtime:
        api.take("next")
        assert api.take("response").body == b'"other"'
        assert runtime.terminate().status == 0


def test_handler_object_that_cannot_be_served_is_an_init_error(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("import perdure_bootstrap\nperdure_bootstrap.run(3)")
    with RuntimeProcess(api.address, root, command=["app.py"]) as runtime:
        report = json.loads(api.take("init").body)
        assert runtime.wait().status == 1
    assert report["errorType"] == "Runtime.HandlerRefused"
    assert report["errorMessage"] == "Handler 3 is not callable: it is of type int"


def test_durable_function_with_an_annotation_nothing_serves_is_an_init_error(
    api: ScriptedRuntimeApi, write_app: Write
) -> None:
    root = write_app("""
        from perdure import Context, durable

        @durable
        def handler(event: memoryview, ctx: Context) -> int:
            return 1
    """)
    with RuntimeProcess(api.address, root) as runtime:
        report = json.loads(api.take("init").body)
        assert runtime.wait().status == 1
    assert report["errorType"] == "Runtime.HandlerRefused"
    assert "memoryview" in report["errorMessage"]


def test_plain_event_for_a_durable_function_is_an_error_that_says_so(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("""
        from perdure import Context, durable

        @durable
        def handler(event: dict, ctx: Context) -> int:
            return 1
    """)
    report, ended = run_once(api, root, Delivery(b'{"plain": 1}'))
    assert isinstance(report, dict)
    assert report["errorType"] == "MalformedEnvelope"
    assert "DurableConfig" in report["errorMessage"]
    assert ended.status == 0


def test_plain_handler_under_awslambdaric_makes_the_same_exchange(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("def handler(event, context): return {'got': event, 'id': context.aws_request_id}")
    api.push(Delivery(b'{"n": 1}'))
    environ = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}
    command = ["-m", "awslambdaric", "app.handler"]
    with RuntimeProcess(api.address, root, environ=environ, command=command):
        api.take("next")
        record = api.take("response")
        assert record.path.endswith("/invocation/rid-1/response")
        assert json.loads(record.body) == {"got": {"n": 1}, "id": "rid-1"}
        api.take("next")


EXECUTION = "7d6c5d2c-0000-4000-8000-000000000000"
ENVELOPE = {
    "DurableExecutionArn": f"{ARN}/durable-execution/order-1/{EXECUTION}",
    "CheckpointToken": "token-1",
    "InitialExecutionState": {
        "Operations": [
            {
                "Id": EXECUTION,
                "Type": "EXECUTION",
                "Status": "STARTED",
                "StartTimestamp": 1_795_260_452_000,
                "ExecutionDetails": {"InputPayload": '{"greeting":"Grüße"}'},
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("handler", "command"),
    [
        ("app.handler", ["-m", "perdure_bootstrap"]),
        ("app.instrumented", ["-m", "perdure_bootstrap"]),
        ("app.handler", ["-m", "awslambdaric", "app.handler"]),
    ],
    ids=["bootstrap", "bootstrap, wrapped", "awslambdaric"],
)
def test_durable_function_answers_an_envelope_with_an_envelope(
    api: ScriptedRuntimeApi, write_app: Write, handler: str, command: list[str]
) -> None:
    root = write_app("""
        import functools
        from perdure import Context, durable

        @durable
        def handler(event: dict, ctx: Context) -> dict:
            return {"got": event}

        @functools.wraps(handler)
        def instrumented(event, context):
            return handler(event, context)
    """)
    environ = {
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_ENDPOINT_URL_LAMBDA": f"http://{api.address}",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    }
    api.push(Delivery(json.dumps(ENVELOPE).encode()))
    with RuntimeProcess(api.address, root, handler, environ=environ, command=command):
        api.take("next")
        answer = json.loads(api.take("response").body)
        api.take("next")
    assert answer["Status"] == "SUCCEEDED"
    assert json.loads(answer["Result"]) == {"got": {"greeting": "Grüße"}}
