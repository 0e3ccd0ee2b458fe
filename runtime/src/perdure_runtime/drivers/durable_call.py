"""What an operation of an async workflow is before it is awaited."""

from __future__ import annotations

from asyncio import current_task
from functools import cached_property
from typing import TYPE_CHECKING, Any

from perdure_runtime.drivers.calls import AskedValue

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator
    from types import TracebackType

    from perdure_runtime.core.identity import Identity
    from perdure_runtime.drivers.aio_context import TaskCalls
    from perdure_runtime.drivers.asking.steps import ToldStep
    from perdure_runtime.drivers.calls import Asked

__all__ = ["DurableCall", "RecordedCall"]

if TYPE_CHECKING:
    Awaited = Coroutine[Any, Any, Any]
else:
    Awaited = object  # its methods make it a `Coroutine`; of an abstract class, an instance takes twice as long to make


class DurableCall(Awaited):
    """An operation that has its place in the history and runs when it is awaited, once.

    It is a coroutine to whoever asks (`await`, `gather`, `TaskGroup`, `wait_for`), but not one of the interpreter's
    own: of one that is never awaited it tells nobody but the run, which names the operation.
    """

    _inner: Generator[Any, Any, Any] | None = None
    """What runs, for a task that does not await it but is made of it."""

    def __init__(self, calls: TaskCalls, asked: Asked) -> None:
        self.calls = calls
        """The calls of the context that it belongs to."""
        self.asked = asked
        calls.driver.unawaited[self] = None

    @property
    def identity(self) -> Identity:
        """Which operation it is."""
        return self.asked.identity

    @property
    def is_virtual(self) -> bool:
        """Whether it leaves no record of its own."""
        return self.asked.is_virtual

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.calls.driver.drive(self)

    def send(self, value: Any, /) -> Any:  # noqa: ANN401  as in Coroutine
        """Go on."""
        if self._inner is None:
            self._inner = self.__await__()
        return self._inner.send(value)

    def throw(
        self,
        typ: Any,  # noqa: ANN401  as in Coroutine
        val: Any = None,  # noqa: ANN401  as in Coroutine
        tb: TracebackType | None = None,
        /,
    ) -> Any:  # noqa: ANN401  as in Coroutine
        """Raise inside; where nothing has begun yet, nothing does."""
        if self._inner is None:
            self.close()
            raise typ if val is None else val
        if val is None and tb is None:
            return self._inner.throw(typ)
        return self._inner.throw(val if val is not None else typ)

    def close(self) -> None:
        """Give the operation up."""
        if self._inner is not None:
            self._inner.close()
        elif self._is_new:
            self.calls.driver.take(self)  # a task that was cancelled before its first step: the user did await it

    def check_new(self) -> None:
        """Raise where the operation was awaited or handed over before."""
        if not self._is_new:
            raise RuntimeError(f"the {self.identity} was awaited before; an operation is awaited once")

    def adopt(self) -> Asked:
        """Hand the operation over to another one, which will drive it instead of whoever would have awaited it."""
        self.calls.driver.take(self)
        return self.asked

    @property
    def _is_new(self) -> bool:
        return self in self.calls.driver.unawaited

    def __repr__(self) -> str:
        state = "not awaited yet" if self._is_new else "awaited"
        return f"<{self.identity}, {state}>"


class RecordedCall(DurableCall):
    """A step whose value was found when it was asked for: whoever awaits it waits for nothing."""

    def __init__(self, calls: TaskCalls, told: ToldStep) -> None:
        self.calls = calls
        self._told = told
        calls.driver.unawaited[self] = None

    @cached_property
    def asked(self) -> Asked:  # type: ignore[override]  # mypy takes it for read-only
        """The operation, whose outcome is known."""
        value, wire = self._told
        return AskedValue(wire, value)

    def __await__(self) -> Generator[Any, Any, Any]:
        calls = self.calls
        run, unawaited = calls.run, calls.driver.unawaited
        is_own = calls.speaks and calls.task is current_task()
        if not is_own or self not in unawaited or run.stopping or run.fatal is not None or calls.home.closed:
            return (yield from calls.driver.drive(self))
        del unawaited[self]
        scope = calls.scope
        scope.passed = scope.count
        return self._told[0]
