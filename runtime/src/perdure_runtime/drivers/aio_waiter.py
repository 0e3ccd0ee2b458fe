"""What the tasks of an async workflow wait for until the service has answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextvars import Context

    from perdure_runtime.drivers.aio_loop import Loop

__all__ = ["Waiter"]


class Waiter:
    """What one task waits for: a future, as far as tasks know of those.

    asyncio's own each go through the loop by themselves; here all whose time comes with an answer are woken together.
    """

    _asyncio_future_blocking = True
    _is_cancelled = False
    _message: object = None

    def __init__(self, loop: Loop, ticket: int, parks: str | None) -> None:
        self._loop = loop
        self.ticket = ticket
        """What has to be acknowledged."""
        self.parks = parks
        """The operation that has to have moved on, too."""
        self.is_over = False
        """Whether who waits goes on, or is about to."""
        self._task: tuple[Callable[[Waiter], object], Context] | None = None
        """How the task goes on that waits; not kept once it does, for it leads back to here."""

    def add_done_callback(self, go_on: Callable[[Waiter], object], *, context: Context) -> None:
        """A task waits; it may come late, where somebody began with an operation by hand."""
        if self.is_over:
            self._loop.call_soon(go_on, self, context=context)
        else:
            self._task = go_on, context

    def wake(self) -> None:
        """Have the task go on right here."""
        self.is_over = True
        task, self._task = self._task, None
        if task is not None:
            go_on, context = task
            context.run(go_on, self)

    def cancel(self, msg: object = None) -> bool:
        """The task is cancelled; whether this is how it hears of it."""
        task, self._task = self._task, None
        if task is None:
            return False
        self.is_over = self._is_cancelled = True
        self._message = msg
        go_on, context = task
        self._loop.call_soon(go_on, self, context=context)
        return True

    def result(self) -> None:
        """Nothing; raises where it was cancelled."""
        if self._is_cancelled:
            raise asyncio.CancelledError(*() if self._message is None else (self._message,))

    def __await__(self) -> Generator[Waiter, None, None]:
        yield self
