"""The `AsyncContext` of a workflow written as `async def`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from perdure.contexts import CURRENT_CONTEXT
from perdure_runtime.drivers.asking.steps import AskedStep, take_step
from perdure_runtime.drivers.calls import Asked, Calls, Setting
from perdure_runtime.drivers.context import DurableContext
from perdure_runtime.drivers.durable_call import DurableCall, RecordedCall
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.identity import Scope
    from perdure_runtime.drivers.aio import Aio
    from perdure_runtime.drivers.aio_lanes import AioLane

__all__ = ["AioContext", "TaskCalls"]


class TaskCalls(Calls["AioLane"]):
    """The calls of a context whose code is a coroutine, and which task runs it."""

    def __init__(self, setting: Setting, scope: Scope, home: AioLane, driver: Aio) -> None:
        self.setting = setting
        self.run = setting.run
        self.scope = scope
        self.home = home
        self.driver = driver
        self.task = asyncio.current_task()
        """The task that runs the context's code; None once it is through."""
        self.speaks = True
        """Whether that code may call: not while it awaits an operation, or code of a context inside."""

    def admit(self, operation: str) -> None:
        """Let a durable call begin; raises where none can."""
        run = self.run
        try:
            # Only the context's own code gets past this, and no step's body: that has a task or a thread of its own.
            is_own = self.speaks and self.task is asyncio.current_task()
        except RuntimeError:  # no loop runs on this thread
            is_own = False
        if not is_own or run.stopping or run.fatal is not None or self.home.closed:
            run.check(operation, self)


class AioContext(DurableContext):
    """Implements `perdure.AsyncContext`: every operation is something to await."""

    __slots__ = ()

    calls: TaskCalls

    def __init__(self, setting: Setting, scope: Scope, lane: AioLane, driver: Aio) -> None:
        """A context whose code begins now, in the task that asks."""
        self.calls = TaskCalls(setting, scope, lane, driver)
        CURRENT_CONTEXT.set(self)

    def end(self) -> None:
        """Its code is through."""
        calls = self.calls
        calls.speaks = False
        calls.task = None  # which keeps what it ended with, whose frames lead to here

    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  typed by perdure.AsyncContext
        """Run a function once and record what it returned."""
        calls = self.calls
        try:
            taken = take_step(calls, fn, args)
        except Stop:
            return self._unwound()
        match taken:
            case _, _:  # as for most calls of a replay
                return RecordedCall(calls, taken)
            case identity, record, work:
                return DurableCall(calls, AskedStep(identity, record, calls.setting, work, (fn, args, kwargs)))

    def _perform(self, ask: Callable[..., Asked], *what: Any) -> Any:  # noqa: ANN401  typed by perdure.AsyncContext
        try:
            asked = ask(self.calls, *what)
        except Stop:
            return self._unwound()
        return DurableCall(self.calls, asked)

    def _unwound(self) -> asyncio.Future[Any]:
        """Code that swallows its end over and over sleeps from here on, so that the loop is not its own."""
        if not self.calls.home.is_stubborn:
            raise Stop from None
        return asyncio.get_running_loop().create_future()

    def _perform_anywhere(self, asked: Asked) -> Any:  # noqa: ANN401  typed by perdure.AsyncContext
        self.calls.driver.admit_anywhere("callback.result()")
        asking = CURRENT_CONTEXT.get(None)  # whoever asks waits, not whoever created what is asked for
        if isinstance(asking, AioContext) and asking.calls.run is self.calls.run:
            return DurableCall(asking.calls, asked)
        return DurableCall(self.calls, asked)
