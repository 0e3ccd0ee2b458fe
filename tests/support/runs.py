"""A run of the command line that is looked at, and answered, while it is under way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Self

from support.command import PATIENCE, PERDURE, Done, environment, left

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Run:
    """`perdure run …` in a folder of workflows, in a process group of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder = folder
        self._command = [*PERDURE, "run", *arguments]
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._process.poll() is None:
            self.kill()

    def await_line(self, text: str) -> str:
        """Read until a line has this text; the line."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            if text in line:
                return line.rstrip("\n")
        raise AssertionError(f"{text!r} is in none of these lines:\n{''.join(self._lines)}")

    def end(self) -> Done:
        """Read to the end; all that was written."""
        stdout, stderr = self._process.communicate(timeout=PATIENCE)
        return Done(self._process.returncode, "".join(self._lines) + stdout, stderr)

    def kill(self) -> None:
        """Kill it, and wait until its workers are dead as well, which their lifelines see to."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate(timeout=PATIENCE)
        end = time.monotonic() + PATIENCE
        while left(self._folder):
            assert time.monotonic() < end, "workers outlived the run"
            time.sleep(0.02)


def beside(folder: Path, *arguments: str) -> Done:
    """Run another command, while a run is under way."""
    done = subprocess.run(
        [*PERDURE, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
