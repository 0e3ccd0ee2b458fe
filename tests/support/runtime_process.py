"""A Lambda runtime in a process of its own: `python -m perdure_bootstrap`, or another module that serves a handler."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, NamedTuple, Self

from support.runtime_api import ARN, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

INHERITED = ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
FUNCTION = {
    "AWS_LAMBDA_FUNCTION_NAME": "orders",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/21/[7]abc",
    "AWS_REGION": ARN.split(":")[3],
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Ended(NamedTuple):
    """How a process ended, and what it wrote."""

    status: int
    stdout: str
    stderr: str


class RuntimeProcess:
    """A running runtime; its handler's modules are in `task_root`."""

    def __init__(
        self,
        address: str,
        task_root: Path,
        handler: str = "app.handler",
        *,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = ("-m", "perdure_bootstrap"),
    ) -> None:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        own = {"AWS_LAMBDA_RUNTIME_API": address, "LAMBDA_TASK_ROOT": str(task_root), "_HANDLER": handler}
        # Files, not pipes: nobody has to read along, and a handler may print as much as it likes.
        self._stdout = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=task_root,
            env={**inherited, **FUNCTION, **own, **(environ or {})},
            stdout=self._stdout,
            stderr=self._stderr,
            start_new_session=True,  # a runtime may fork, and none of its processes is to be left
        )
        self._ended: Ended | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._ended is None:
            self.send(signal.SIGKILL)
            self.wait()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children, as Lambda does."""
        os.killpg(self._process.pid, number)

    def wait(self) -> Ended:
        """Wait for the process to end by itself."""
        if self._ended is None:
            status = self._process.wait(PATIENCE)
            for stream in (self._stdout, self._stderr):
                stream.seek(0)
            self._ended = Ended(status, self._stdout.read(), self._stderr.read())
            self._stdout.close()
            self._stderr.close()
        return self._ended

    def terminate(self) -> Ended:
        """Send SIGTERM, and wait."""
        self.send(signal.SIGTERM)
        return self.wait()
