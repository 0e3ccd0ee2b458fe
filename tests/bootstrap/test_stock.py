"""Managed instances, where several invocations come at a time."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from perdure_bootstrap import stock
from perdure_bootstrap.faults import Fault
from support.runtime_api import Delivery, ScriptedRuntimeApi
from support.runtime_process import RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

MANAGED = {"AWS_LAMBDA_MAX_CONCURRENCY": "2", "AWS_LAMBDA_INITIALIZATION_TYPE": "lambda-managed-instances"}
LINE = (
    "AWS_LAMBDA_MAX_CONCURRENCY is set, and Perdure's loop serves one invocation at a time: awslambdaric's takes over"
)


@pytest.mark.slow
@pytest.mark.parametrize("log_format", ["JSON", "Text"])
def test_stock_loop_takes_over_with_one_line(api: ScriptedRuntimeApi, write_app: Write, log_format: str) -> None:
    root = write_app("""
        import os

        def handler(event, context):
            return {"got": event, "parent": os.getppid()}
    """)
    environ = MANAGED | {"AWS_LAMBDA_LOG_FORMAT": log_format}
    with RuntimeProcess(api.address, root, environ=environ) as runtime:
        # Two processes ask, each with an invocation of its own.
        assert [api.take("next").call, api.take("next").call] == ["next", "next"]
        api.push(Delivery(b'{"n": 1}'))
        assert json.loads(api.take("response").body) == {"got": {"n": 1}, "parent": runtime.pid}
        api.take("next")
        assert not api.has_extension
        ended = runtime.terminate()
    [line] = [line for line in ended.stdout.splitlines() if "Perdure" in line]
    if log_format == "JSON":
        record = json.loads(line)
        assert (record["level"], record["message"], record["logger"]) == ("WARNING", LINE, "perdure")
        assert record["timestamp"].endswith("Z")
    else:
        assert line == f"[WARNING] {LINE}"


def test_program_of_ones_own_is_refused_there(api: ScriptedRuntimeApi, write_app: Write) -> None:
    root = write_app("import perdure_bootstrap\nperdure_bootstrap.run(lambda event, context: event)")
    with RuntimeProcess(api.address, root, command=["app.py"], environ=MANAGED) as runtime:
        report = json.loads(api.take("init").body)
        ended = runtime.wait()
    assert ended.status == 1
    assert report["errorType"] == "Runtime.HandlerRefused"
    assert report["errorMessage"].startswith("AWS_LAMBDA_MAX_CONCURRENCY is set, and Perdure's loop serves one")
    assert ended.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("handler", "client", "environ"),
    [
        ("app.handler", None, {}),
        (print, None, MANAGED),
        ("app.handler", object(), MANAGED),
    ],
    ids=["one at a time", "a function", "a client"],
)
def test_nothing_takes_over_where_it_must_not_or_cannot(
    handler: object, client: object | None, environ: dict[str, str]
) -> None:
    stock.take_over(handler, client, environ)


def test_nothing_takes_over_where_awslambdaric_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "awslambdaric.__main__", None)
    stock.take_over("app.handler", None, MANAGED)


def test_several_invocations_at_a_time_are_refused() -> None:
    stock.refuse_concurrency({})
    with pytest.raises(Fault, match="without managed instances") as caught:
        stock.refuse_concurrency(MANAGED)
    assert caught.value.kind == "Runtime.HandlerRefused"
