"""The local service as a process of its own, to be killed and started again on the same journal and the same port."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from support.processes import left_behind, new_mark

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

PROGRAM = Path(__file__).with_name("service_program.py")
JOURNAL = "journal.db"
LOG = "service.log"
PATIENCE = 60.0
POLL = 0.01
PORTS = range(20_000, 30_000)
"""Below those that the system gives to outgoing connections, one of which could take the port while it is free."""


class EndedByItself(Exception):
    """The service ended, and nobody had killed it."""


class ServiceProcess:
    """A service with its journal in `folder`, and these functions: by name, the options of `add_function`."""

    def __init__(
        self,
        folder: Path,
        functions: Mapping[str, Mapping[str, Any]],
        *,
        skip_time: bool = True,
        limits: Mapping[str, Any] | None = None,
    ) -> None:
        self.mark = new_mark()
        """In the environment of all workers."""
        self.starts = 0
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        marked = {name: {**options, "env": {**options["env"], **self.mark}} for name, options in functions.items()}
        self._settings = {
            "journal": str(folder / JOURNAL),
            "port": self._port,
            "skip_time": skip_time,
            "limits": dict(limits or {}),
            "functions": marked,
        }

    def __enter__(self) -> Self:
        self.keep_up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.kill()
        alive = left_behind(self.mark)
        assert alive == [] or error is not None, "workers outlived their service"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def keep_up(self) -> None:
        """Start it if it is dead; it answers a little later."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            raise EndedByItself((self._folder / LOG).read_text())
        with (self._folder / LOG).open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, PROGRAM, json.dumps(self._settings)], stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        self.starts += 1

    def await_up(self) -> None:
        """Start it if it is dead, and wait until it knows its functions."""
        self.keep_up()
        assert self._process is not None
        end = time.monotonic() + PATIENCE
        while not (self._folder / f"up-{self._process.pid}").exists():
            self.keep_up()
            assert time.monotonic() < end, "the service does not come up"
            time.sleep(POLL)

    def kill(self) -> bool:
        """Kill it; whether it was alive."""
        process, self._process = self._process, None
        if process is None:
            return False
        was_alive = process.poll() is None
        process.kill()
        process.wait()
        assert process.stdin
        process.stdin.close()
        return was_alive


def _free_port() -> int:
    while True:
        port = random.choice(PORTS)  # noqa: S311
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
