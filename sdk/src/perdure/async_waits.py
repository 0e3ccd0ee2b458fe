"""What a workflow written as `async def` can wait for; in meaning the same as `perdure.waits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from perdure.callbacks import AsyncCallback
    from perdure.conditions import Poll
    from perdure.durations import Duration
    from perdure.retries import Decision
    from perdure.serdes import Serdes
    from perdure.steps import RetryChoice
    from perdure.waits import TypeExpression

__all__ = ["AsyncWaits"]

T = TypeVar("T")


class AsyncWaits(Protocol):
    """What a workflow written as `async def` can wait for."""

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
        """Like `Context.wait`, to be awaited once."""
        ...

    @overload
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
    ) -> Coroutine[Any, Any, AsyncCallback[str | None]]: ...
    @overload
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        result: type[T],
    ) -> Coroutine[Any, Any, AsyncCallback[T]]: ...
    @overload
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        result: TypeExpression,
    ) -> Coroutine[Any, Any, AsyncCallback[Any]]: ...
    @overload
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        serdes: Serdes[T],
    ) -> Coroutine[Any, Any, AsyncCallback[T]]: ...
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        result: object = None,
        serdes: Serdes[Any] | None = None,
    ) -> Coroutine[Any, Any, AsyncCallback[Any]]:
        """Like `Context.create_callback`, to be awaited once; so is the result of the callback it gives."""
        ...

    @overload
    def wait_for_callback(
        self,
        submit: Callable[[str], object],
        /,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        retry: RetryChoice | None = None,
    ) -> Coroutine[Any, Any, str | None]: ...
    @overload
    def wait_for_callback(
        self,
        submit: Callable[[str], object],
        /,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        retry: RetryChoice | None = None,
        result: type[T],
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def wait_for_callback(
        self,
        submit: Callable[[str], object],
        /,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        retry: RetryChoice | None = None,
        result: TypeExpression,
    ) -> Coroutine[Any, Any, Any]: ...
    @overload
    def wait_for_callback(
        self,
        submit: Callable[[str], object],
        /,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        retry: RetryChoice | None = None,
        serdes: Serdes[T],
    ) -> Coroutine[Any, Any, T]: ...
    def wait_for_callback(
        self,
        submit: Callable[[str], object],
        /,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        retry: RetryChoice | None = None,
        result: object = None,
        serdes: Serdes[Any] | None = None,
    ) -> Coroutine[Any, Any, Any]:
        """Like `Context.wait_for_callback`, to be awaited once."""
        ...

    @overload
    def invoke(
        self,
        function: str,
        payload: object = None,
        /,
        *,
        name: str | None = None,
        tenant_id: str | None = None,
        result: type[T],
        payload_serdes: Serdes[Any] | None = None,
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def invoke(
        self,
        function: str,
        payload: object = None,
        /,
        *,
        name: str | None = None,
        tenant_id: str | None = None,
        result: TypeExpression,
        payload_serdes: Serdes[Any] | None = None,
    ) -> Coroutine[Any, Any, Any]: ...
    @overload
    def invoke(
        self,
        function: str,
        payload: object = None,
        /,
        *,
        name: str | None = None,
        tenant_id: str | None = None,
        payload_serdes: Serdes[Any] | None = None,
        result_serdes: Serdes[T],
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def invoke(
        self,
        function: str,
        payload: object = None,
        /,
        *,
        name: str | None = None,
        tenant_id: str | None = None,
        payload_serdes: Serdes[Any] | None = None,
    ) -> Coroutine[Any, Any, Any]: ...
    def invoke(
        self,
        function: str,
        payload: object = None,
        /,
        *,
        name: str | None = None,
        tenant_id: str | None = None,
        result: object = None,
        payload_serdes: Serdes[Any] | None = None,
        result_serdes: Serdes[Any] | None = None,
    ) -> Coroutine[Any, Any, Any]:
        """Like `Context.invoke`, to be awaited once."""
        ...

    @overload
    def wait_for_condition(
        self,
        check: Callable[[T], Coroutine[Any, Any, T]],
        initial: T,
        /,
        *,
        until: Callable[[T], bool],
        poll: Poll | None = None,
        name: str | None = None,
        serdes: Serdes[T] | None = None,
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def wait_for_condition(
        self,
        check: Callable[[T], Coroutine[Any, Any, T]],
        initial: T,
        /,
        *,
        poll: Poll | Callable[[T, int], Decision],
        name: str | None = None,
        serdes: Serdes[T] | None = None,
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def wait_for_condition(
        self,
        check: Callable[[T], T],
        initial: T,
        /,
        *,
        until: Callable[[T], bool],
        poll: Poll | None = None,
        name: str | None = None,
        serdes: Serdes[T] | None = None,
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def wait_for_condition(
        self,
        check: Callable[[T], T],
        initial: T,
        /,
        *,
        poll: Poll | Callable[[T, int], Decision],
        name: str | None = None,
        serdes: Serdes[T] | None = None,
    ) -> Coroutine[Any, Any, T]: ...
    def wait_for_condition(
        self,
        check: Callable[[Any], Any],
        initial: Any,
        /,
        *,
        until: Callable[[Any], bool] | None = None,
        poll: Poll | Callable[[Any, int], Decision] | None = None,
        name: str | None = None,
        serdes: Serdes[Any] | None = None,
    ) -> Coroutine[Any, Any, Any]:
        """Like `Context.wait_for_condition`, to be awaited once."""
        ...
