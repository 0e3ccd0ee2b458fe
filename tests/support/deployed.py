"""Programs as they are deployed, run for one invocation: an unpacked layer's bootstrap, a wrapper, a container."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from support.runtime_api import Delivery, Record, ScriptedRuntimeApi
from support.runtime_process import FUNCTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["AWAY", "answered", "serve", "serve_once"]

AWAY = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:9",
}
"""What a durable function needs to start where it never speaks to the service."""


def serve(
    command: Sequence[str | Path], task_root: Path, event: object, handler: str = "app.handler", **environ: str
) -> tuple[Record, str]:
    """Run a program as Lambda does, for one invocation; its answer, and what it wrote."""
    own = {"LAMBDA_TASK_ROOT": str(task_root), "_HANDLER": handler}
    return serve_once(lambda _: command, event, FUNCTION | own | environ, task_root)


def serve_once(
    command: Callable[[Mapping[str, str]], Sequence[str | Path]],
    event: object,
    environ: Mapping[str, str],
    folder: Path | None = None,
) -> tuple[Record, str]:
    """Run what `command` makes of the environment, for one invocation; its answer, and what it wrote."""
    with ScriptedRuntimeApi([Delivery(json.dumps(event).encode())]) as api:
        full = {**environ, "AWS_LAMBDA_RUNTIME_API": api.address}
        running = subprocess.Popen(
            command(full), cwd=folder, env=full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            while (record := api.take()).call == "next":
                pass
            if record.call != "init":
                api.take("next")  # idle, so that the signal ends it at once
        finally:
            running.terminate()
            output, _ = running.communicate()
    return record, output


def answered(record: Record, output: str) -> Any:
    """The response of an invocation that went well."""
    assert record.call == "response", f"{record.body.decode()}\n{output}"
    return json.loads(record.body)
