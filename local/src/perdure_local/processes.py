"""A child process with its output read line by line, in a process group of its own.

The group is what is signalled: a handler's own children do not outlive it, and a lifeline sees to it that none of them
outlives us. A thread waits for the death, because that works on every platform and from every event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.lifelines import Lifeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import IO

_LONGEST_LINE = 1024 * 1024
_DRAIN = 0.5
"""Seconds to read what a dead process left in its pipes; a stray child of it may hold them open for ever."""


class Launch(NamedTuple):
    """How to start a process."""

    command: Sequence[str]
    env: Mapping[str, str]
    cwd: str


class Process:
    """A running child."""

    def __init__(self, launch: Launch, on_line: Callable[[str, str], None]) -> None:
        """Start it; raises OSError when there is nothing to start. `on_line(stream, text)` is called in the loop."""
        self._loop = asyncio.get_running_loop()
        self._popen = subprocess.Popen(  # noqa: S603 - the command is the user's own
            launch.command,
            env=dict(launch.env),
            cwd=launch.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        try:
            self._lifeline = Lifeline(self.pid)
        except BaseException:
            self._abandon()
            raise
        self.exited: asyncio.Future[int] = self._loop.create_future()
        """The return code, negative for the number of a signal; resolved once the output was read."""
        self._died: asyncio.Future[int] = self._loop.create_future()
        threading.Thread(target=self._wait, name=f"perdure-worker-{self.pid}", daemon=True).start()
        self._task = self._loop.create_task(self._attend(on_line))

    @property
    def is_alive(self) -> bool:
        """Whether it has not died yet."""
        return not self._died.done()

    def kill(self) -> None:
        """Kill it and all it started."""
        self._signal(signal.SIGKILL)

    async def stop(self, grace: float) -> None:
        """Ask it to end, kill it after `grace` seconds, and wait until it is gone."""
        self._signal(signal.SIGTERM)
        await asyncio.wait({self._died}, timeout=grace)
        self.kill()
        await self.exited

    def _abandon(self) -> None:
        self.kill()
        with self._popen:  # closes its pipes, and waits
            pass

    def _signal(self, number: int) -> None:
        # Not once it was reaped: its group id may then be another's.
        if self._popen.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def _wait(self) -> None:
        if hasattr(os, "waitid"):
            # Seen dead but not reaped, its id is still ours, and what it left behind can be killed by group.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._lifeline.let_go()
            code = self._popen.wait()
        else:
            code = self._popen.wait()
            self._lifeline.let_go()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(self._died.set_result, code)

    async def _attend(self, on_line: Callable[[str, str], None]) -> None:
        readers = [
            asyncio.ensure_future(self._read(pipe, stream, on_line))
            for stream, pipe in (("stdout", self._popen.stdout), ("stderr", self._popen.stderr))
            if pipe is not None
        ]
        code = await asyncio.shield(self._died)
        await asyncio.wait(readers, timeout=_DRAIN)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        self.exited.set_result(code)

    async def _read(self, pipe: IO[bytes], stream: str, on_line: Callable[[str, str], None]) -> None:
        reader = asyncio.StreamReader(limit=_LONGEST_LINE)
        transport, _ = await self._loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            while line := await _line(reader):
                on_line(stream, line.decode(errors="replace").rstrip("\r\n"))
        finally:
            transport.close()


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil()
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError as overrun:
        return await reader.readexactly(overrun.consumed)
