"""One line from a program that is started for it.

It is over when it has answered, whatever it started itself: a child of it may hold its pipes open for as long as it
likes. All of them are killed with it, as they are if the command is.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.lifelines import Lifeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Reply(NamedTuple):
    """What a program came to."""

    line: bytes
    """The first line of its standard output; empty if it ended without one."""
    errors: bytes
    """What it wrote to standard error."""
    status: int
    """Its return code, if it ended by itself."""


def ask(command: Sequence[str], env: Mapping[str, str], cwd: str, patience: float) -> Reply | None:
    """Run a program until it has written a line; None for one that takes longer than `patience` seconds."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603 - the user's own code, which a worker is to run next
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        ) as process,
        _killed_in_the_end(process),
    ):
        late = threading.Event()
        with _alarm(patience, process, late):
            line = b"" if process.stdout is None else process.stdout.readline()
            status = 0 if line else process.wait()
        errors.seek(0)
        return None if late.is_set() and not line else Reply(line, errors.read(), status)


@contextlib.contextmanager
def _killed_in_the_end(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        lifeline = Lifeline(process.pid)
    except BaseException:
        _kill(process)
        raise
    try:
        yield
    finally:
        _kill(process)
        lifeline.let_go()


@contextlib.contextmanager
def _alarm(seconds: float, process: subprocess.Popen[bytes], late: threading.Event) -> Iterator[None]:
    def ring() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _kill(process: subprocess.Popen[bytes]) -> None:
    # A group keeps its id until its last member is gone, even when the process it was named after was reaped.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
