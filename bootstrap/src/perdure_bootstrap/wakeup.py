"""Waiting on the main thread so that no signal is slept through.

Python notes a signal in C and runs its handler later, on the main thread, between two bytecodes. A signal that arrives
just before the main thread enters a system call, or that the kernel gives to another thread, does not end that call:
the handler would run only after the next invocation came. So the wait is for two things at once, the descriptor and a
pipe that Python's C handler writes to (`signal.set_wakeup_fd`). The pipe is set for the length of a wait only, since
asyncio, in a handler's hands, sets one of its own.
"""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Self

from perdure_bootstrap import signals

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Wakeup"]


class Wakeup:
    """Inside its `with` block signals end a `wait_for`; for the main thread, which alone may set this."""

    __slots__ = ("_before", "_kept", "_reader", "_writer")

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._before = -1
        self._kept = -1, select.poll()
        """A descriptor, and what waits for it and for the pipe: most waits are for the one connection that is kept."""

    def __enter__(self) -> Self:
        self._before = signals.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        signals.set_wakeup_fd(self._before)

    def wait_for(self, descriptor: int) -> None:
        """Wait until `descriptor` can be read; Python's signal handlers run meanwhile, and may raise."""
        kept, waiting = self._kept
        if kept != descriptor:
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            waiting.register(self._reader, select.POLLIN)
            self._kept = descriptor, waiting
        # What is ready comes in the order of registration.
        while waiting.poll()[0][0] != descriptor:
            os.read(self._reader, 512)

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._reader)
        os.close(self._writer)
