"""The `AsyncContext` of a workflow written as `async def`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.drivers.calls import Calls, Setting
from perdure_runtime.drivers.context import ContextFacts

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from perdure import Duration
    from perdure_runtime.drivers.aio import Aio

__all__ = ["AioContext"]


class AioContext(ContextFacts):
    """Implements `perdure.AsyncContext`."""

    __slots__ = ("_aio", "_calls")

    def __init__(self, setting: Setting, aio: Aio) -> None:
        super().__init__(setting)
        self._calls = Calls(setting)
        self._aio = aio

    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:  # noqa: ANN401  as perdure.AsyncContext
        """Run a function once and record what it returned; to be awaited."""
        return self._aio.perform(self._calls, self._calls.step(fn, args, kwargs))

    def wait(
        self,
        duration: Duration | None = None,
        /,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        name: str | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Suspend until the time has passed; to be awaited."""
        return self._aio.perform(self._calls, self._calls.wait(duration, (days, hours, minutes, seconds), name))
