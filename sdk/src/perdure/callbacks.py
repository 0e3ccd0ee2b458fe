"""Callbacks: results that somebody outside the workflow supplies.

`create_callback` gives a handle with an id. Whoever knows the id reports success or failure through Lambda's API, or
that work goes on (a heartbeat). Until then the workflow costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["AsyncCallback", "Callback"]

T_co = TypeVar("T_co", covariant=True)


class Callback(Protocol[T_co]):
    """A callback of a workflow written as plain functions; made by `Context.create_callback`."""

    @property
    def id(self) -> str:
        """What the other side needs in order to complete it; the same in every invocation."""
        ...

    def result(self) -> T_co:
        """What the callback was completed with; suspends until it is.

        Raises `CallbackError` with the message of whoever reported a failure, and `CallbackTimeout` when nobody
        completed it, or sent a heartbeat, in time.
        """
        ...


class AsyncCallback(Protocol[T_co]):
    """A callback of a workflow written as `async def`; made by `AsyncContext.create_callback`."""

    @property
    def id(self) -> str:
        """What the other side needs in order to complete it; the same in every invocation."""
        ...

    def result(self) -> Coroutine[Any, Any, T_co]:
        """Like `Callback.result`, to be awaited once."""
        ...
