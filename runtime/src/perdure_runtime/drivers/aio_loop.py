"""The event loop of async user code: one, for the life of the process.

It is asyncio's own loop over a selector of ours. A loop asks its selector to wait when it has nothing left to run, so
the selector is the one place that sees idleness, and a driver is asked there, before the loop goes to sleep.
"""

from __future__ import annotations

import asyncio
import selectors
import signal
import sys
from contextlib import suppress
from threading import get_ident, main_thread
from typing import TYPE_CHECKING, Any, TypeVar

from perdure import DurableCallRefused
from perdure_runtime.core.effects import Ok, Raised
from perdure_runtime.drivers.cancelled import cancelled_within
from perdure_runtime.drivers.frames import raise_again
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextvars import Context

__all__ = ["GRACE", "Loop", "leave_loop", "run_coroutine", "the_loop"]

T = TypeVar("T")
GRACE = 0.5
"""Seconds a cancelled task has to clean up."""
ROUNDS = 3
UNHEEDED = (KeyboardInterrupt, SystemExit)
"""What a task raises through its loop as well, or through whoever began it, which tells of it."""
BEGINS_AT_ONCE = sys.version_info >= (3, 12)
"""Whether this Python can begin a task at once, while its loop runs."""
IS_KNOWN_INSIDE = (3, 12) <= sys.version_info < (3, 14)
"""The same before its loop runs: whether the loop is known to be inside as `_started` takes it to be."""
A_DAY = 86_400.0
"""Seconds; a selector does not take just any number of them."""


class IdleSelector(selectors.DefaultSelector):
    """A selector that asks before its loop waits."""

    @property
    def watched(self) -> int:
        """How many descriptors it watches."""
        return len(self._fd_to_key)  # type: ignore[attr-defined]  # what `get_map` puts a mapping round

    ask: Callable[[float | None], float | None] | None = None
    """Called with how long the loop would wait, None for "until something happens"; returns how long it shall."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for a descriptor, after asking."""
        longest = timeout if self.ask is None else self.ask(timeout)
        return super().select(longest if longest is None else min(longest, A_DAY))


class Loop(asyncio.SelectorEventLoop):
    """asyncio's loop, with a word in when it is idle."""

    def __init__(self) -> None:
        self.idle = IdleSelector()
        self._outside = 0
        self._usual = 1
        self.kept: set[asyncio.Task[Any]] = set()
        """Tasks that would not end; a collected one would be told of as destroyed while pending."""
        super().__init__(self.idle)
        self.set_exception_handler(_tell_unless_stopped)

    @property
    def watches_for_user_code(self) -> bool:
        """Whether user code waits for descriptors, besides those that were there before, or for threads of its own."""
        return self.idle.watched > self._usual or self._outside > 0

    @property
    def is_stopped(self) -> bool:
        """Whether it will stop after its next turn."""
        return bool(self._stopping)  # type: ignore[attr-defined]

    @property
    def is_bare(self) -> bool:
        """Whether a turn of it would come to nothing: it was not stopped, and there is only its own wake-up pipe."""
        return self._usual == 1 and not self._stopping and self.has_nothing_else  # type: ignore[attr-defined]

    @property
    def has_nothing_else(self) -> bool:
        """Whether only the task that asks goes on: none is ready, or will be in time or by what user code watches."""
        return not (self._ready or self._scheduled or self.watches_for_user_code)  # type: ignore[attr-defined]

    def begin_run(self) -> None:
        """A run begins: what is open now, such as the loop's own wake-up pipe or a connection kept alive, is usual."""
        self._usual = self.idle.watched

    def run_forever(self) -> None:
        """As asyncio; and on the main thread, a signal ends the wait even where it comes just before it.

        Python notes a signal in C and runs its handler later, on the main thread, which by then may wait for a body
        that is itself waiting for what the handler does. So the C handler writes to the loop's own wake-up pipe.
        """
        if get_ident() != main_thread().ident:
            super().run_forever()
            return
        before = signal.set_wakeup_fd(self._csock.fileno(), warn_on_full_buffer=False)  # type: ignore[attr-defined]
        try:
            super().run_forever()
        finally:
            signal.set_wakeup_fd(before)

    def start(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """A task that has gone as far as it gets without waiting, before the loop turns for the first time.

        Where nothing is to be waited for, and nothing is left on the loop, it need not turn at all.
        """
        if IS_KNOWN_INSIDE and self.get_task_factory() is None and not self.get_debug():
            return self._started(coroutine, name)
        return self.create_task(coroutine, name=name)

    def _started(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        # For the code that runs here the loop runs: what `run_forever` begins and ends with.
        self._check_running()  # type: ignore[attr-defined]
        hooks = sys.get_asyncgen_hooks()
        self._thread_id = get_ident()
        sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)  # type: ignore[attr-defined]
        asyncio._set_running_loop(self)  # noqa: SLF001  what asyncio has for loops of other makes
        try:
            return asyncio.Task(coroutine, loop=self, name=name, eager_start=True)  # type: ignore[call-arg]
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001
            sys.set_asyncgen_hooks(*hooks)
            self._thread_id = None  # type: ignore[assignment]  # as asyncio itself

    def begin(self, coroutine: Coroutine[Any, Any, T], variables: Context) -> asyncio.Task[T]:
        """A task that has gone as far as it gets without waiting, where Python can do that: most bodies do not wait."""
        if BEGINS_AT_ONCE and self.get_task_factory() is None:
            return asyncio.Task(coroutine, loop=self, context=variables, eager_start=True)  # type: ignore[call-arg]
        return self.create_task(coroutine, context=variables)

    def run_in_executor(  # type: ignore[override]  # asyncio types it with type variables of its own
        self,
        executor: Any,  # noqa: ANN401  as asyncio
        func: Any,  # noqa: ANN401  as asyncio
        *args: Any,  # noqa: ANN401  as asyncio
    ) -> asyncio.Future[Any]:
        """What `asyncio.to_thread` and name look-ups come to; counted, because no descriptor tells of it."""
        future = super().run_in_executor(executor, func, *args)
        self._outside += 1
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _future: object) -> None:
        self._outside -= 1

    def sweep(self, spared: asyncio.Task[Any] | None = None) -> list[asyncio.Task[Any]]:
        """Cancel all tasks but the `spared` one, and give them time to end; those that do not, and are kept."""
        if self._asyncgens:  # type: ignore[attr-defined]  # asyncio closes them all, but only together with the loop
            closing = self.create_task(self._close_generators())
            self.run_until_complete(asyncio.wait([closing], timeout=GRACE))  # not done yet, it is cancelled below
        for _ in range(ROUNDS):
            if not (left := self._left(spared)):
                return []
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.wait(left, timeout=GRACE))
        left = self._left(spared)
        self.kept |= left
        return sorted(left, key=lambda task: task.get_name())

    def _left(self, spared: asyncio.Task[Any] | None) -> set[asyncio.Task[Any]]:
        if _is_without_tasks():
            return set()
        left = asyncio.all_tasks(self) - self.kept
        return left if spared is None else left - {spared}

    async def _close_generators(self) -> None:
        """Async generators that were left in the middle: their `finally` belongs to this invocation."""
        for generator in list(self._asyncgens):  # type: ignore[attr-defined]
            with suppress(Exception):
                await generator.aclose()


if IS_KNOWN_INSIDE:

    def _is_without_tasks() -> bool:
        """Whether there is no task at all, on any loop: these Pythons go a long way to list none."""
        tasks: Any = asyncio.tasks
        return not (tasks._scheduled_tasks or tasks._eager_tasks)  # noqa: SLF001  where `all_tasks` looks, too
else:

    def _is_without_tasks() -> bool:
        return False


_loop: Loop | None = None
_left: list[Loop] = []


def the_loop() -> Loop:
    """The loop of this process."""
    global _loop  # noqa: PLW0603  one for the process, made when the first async function is met
    if _loop is None:
        _loop = Loop()
    return _loop


def leave_loop() -> None:
    """Give the loop up inside a coroutine that will not end; the next async function gets a new one."""
    global _loop  # noqa: PLW0603  see `the_loop`
    if _loop is None:
        return
    _left.append(_loop)  # a collected loop would warn of what is still on it
    if _loop.is_running():
        asyncio._set_running_loop(None)  # noqa: SLF001  what asyncio has for loops of other makes
    _loop = None


def run_coroutine(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run an async step of a sync workflow to its end, and whatever tasks it leaves behind."""
    if asyncio._get_running_loop() is not None:  # noqa: SLF001  the public question raises for the usual answer
        coroutine.close()
        raise DurableCallRefused("an async step", "the workflow itself runs inside a running event loop")
    loop = the_loop()
    try:
        outcome: Ok[T] | Raised = loop.run_until_complete(_outcome(coroutine))
    except asyncio.CancelledError:
        raise cancelled_within() from None
    finally:
        loop.sweep()
    try:
        return raise_again(outcome.error) if isinstance(outcome, Raised) else outcome.value
    finally:
        del outcome  # breaks the cycle of exception, traceback and frame


async def _outcome(coroutine: Coroutine[Any, Any, T]) -> Ok[T] | Raised:
    """What a coroutine comes to; a future that raises it would put another context in the place of its own."""
    try:
        return Ok(await coroutine)
    except Exception as error:  # noqa: BLE001  user code may raise anything
        return Raised(error)


def _tell_unless_stopped(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Asyncio tells of exceptions that nobody asked for; the engine's own signal is none of the user's business."""
    if isinstance(context.get("exception"), (Stop, asyncio.CancelledError, *UNHEEDED)):
        return
    with suppress(Exception):
        loop.default_exception_handler(context)
