"""The `AsyncContext` of a workflow written as `async def`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from perdure.contexts import CURRENT_CONTEXT
from perdure_runtime.drivers.calls import Asked, Calls, Setting
from perdure_runtime.drivers.context import DurableContext
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.identity import Scope
    from perdure_runtime.drivers.aio import Aio
    from perdure_runtime.drivers.aio_lanes import AioLane

__all__ = ["AioContext"]


class AioContext(DurableContext):
    """Implements `perdure.AsyncContext`: every operation is something to await."""

    __slots__ = ("_aio",)

    def __init__(self, setting: Setting, scope: Scope, lane: AioLane, aio: Aio) -> None:
        super().__init__(Calls(setting, scope, lane))
        self._aio = aio

    def _perform(self, ask: Callable[..., Asked], *what: Any) -> Any:  # noqa: ANN401  typed by perdure.AsyncContext
        try:
            asked = ask(self.calls, *what)
        except Stop:
            if not self.calls.home.is_stubborn:
                raise
            # Code that swallows its end over and over sleeps from here on, so that the loop is not its own.
            return asyncio.get_running_loop().create_future()
        return self._aio.perform(self.calls, asked)

    def _perform_anywhere(self, asked: Asked) -> Any:  # noqa: ANN401  typed by perdure.AsyncContext
        self._aio.admit_anywhere("callback.result()")
        asking = CURRENT_CONTEXT.get(None)  # whoever asks waits, not whoever created what is asked for
        if isinstance(asking, AioContext) and asking.calls.setting.run is self.calls.setting.run:
            return self._aio.perform(asking.calls, asked)
        return self._aio.perform(self.calls, asked)
