"""What a cold start does not import."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.runtime_api import Delivery, ScriptedRuntimeApi
from support.runtime_process import RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEAR = {
    "asyncio",
    "awslambdaric",
    "boto3",
    "botocore",
    "concurrent",
    "dataclasses",
    "email",
    "http",
    "inspect",
    "logging",
    "multiprocessing",
    "orjson",
    "pathlib",
    "perdure",
    "socket",
    "ssl",
    "structlog",
    "tempfile",
    "traceback",
    "urllib",
}


def test_plain_handler_is_served_without_dear_modules(api: ScriptedRuntimeApi, write_app: Callable[..., Path]) -> None:
    root = write_app("import sys\ndef handler(event, context): return sorted(sys.modules)")
    api.push(Delivery(b'{"first": true}'))
    api.push(Delivery(b'{"second": true}'))
    # A measured process imports what coverage needs.
    with RuntimeProcess(api.address, root, environ={"COVERAGE_PROCESS_START": "", "COVERAGE_PROCESS_CONFIG": ""}):
        for call in ("next", "response", "next"):
            api.take(call)
        loaded = set(json.loads(api.take("response").body))
        api.take("next")
    assert DEAR & loaded == set()
    assert {"perdure_bootstrap.reports", "perdure_runtime.service.ahead"} & loaded == set()
