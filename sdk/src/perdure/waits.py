"""What a workflow can wait for: time, and what happens outside it.

Each of these suspends the workflow until the service has an answer, and costs nothing meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from perdure.callbacks import Callback
    from perdure.conditions import Poll
    from perdure.durations import Duration
    from perdure.retries import Decision
    from perdure.serdes import Serdes
    from perdure.steps import RetryChoice

    class TypeExpression(Protocol):
        """A type that is no class, as `Order | None` or `Literal["yes"]` are: what `| None` may be written after."""

        def __or__(self, other: None, /) -> object: ...


__all__ = ["Waits"]

T = TypeVar("T")


class Waits(Protocol):
    """What a workflow written as plain functions can wait for."""

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
    ) -> None:
        """Suspend until `duration` has passed since the wait was first reached; costs nothing meanwhile."""
        ...

    @overload
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
    ) -> Callback[str | None]: ...
    @overload
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        result: type[T],
    ) -> Callback[T]: ...
    @overload
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        result: TypeExpression,
    ) -> Callback[Any]: ...
    @overload
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        serdes: Serdes[T],
    ) -> Callback[T]: ...
    def create_callback(
        self,
        *,
        name: str | None = None,
        timeout: Duration | None = None,
        heartbeat: Duration | None = None,
        result: object = None,
        serdes: Serdes[Any] | None = None,
    ) -> Callback[Any]:
        """Create a callback: give its `id` to whoever is to complete it, then ask for its `result()`.

        It times out when it is not completed within `timeout`, or when no heartbeat comes within `heartbeat`; without
        either it waits as long as the execution lives. The payload is the text as it was sent; with `result=` it is
        JSON and decoded to that type, and a `serdes` reads it in its own way. Never raises on the callback's outcome.

        `result` is any annotation. A class or a generic is what the type checker then says of the result; a union or a
        `Literal` it takes as what the variable is annotated with.
        """
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
    ) -> str | None: ...
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
    ) -> T: ...
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
    ) -> Any: ...  # noqa: ANN401  checkers cannot tell what it stands for
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
    ) -> T: ...
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
    ) -> Any:
        """Create a callback, hand its id to `submit(callback_id)`, and suspend until it is completed.

        `submit` runs as a step under the `retry` policy, and may be an `async def`. Raises `CallbackError` with the
        message of whoever reported a failure, `CallbackTimeout`, or `CallbackNotSubmitted` when `submit` failed for
        good. `timeout`, `heartbeat`, `result` and `serdes` are those of `create_callback`.
        """
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
    ) -> T: ...
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
    ) -> Any: ...  # noqa: ANN401  checkers cannot tell what it stands for
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
    ) -> T: ...
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
    ) -> Any: ...  # noqa: ANN401  the other function's answer is its own affair
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
    ) -> Any:
        """Invoke another Lambda function, durable or not, and suspend until it is over.

        `function` is a name, `name:qualifier` or an ARN of the same account and Region; a durable one needs a
        qualifier. Both ways the value travels as plain JSON, unless a serdes says otherwise; the answer is decoded to
        `result`, where that is given. Raises `InvokeError` when the function failed, timed out or was stopped.
        """
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
    ) -> T: ...
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
    ) -> T: ...
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
    ) -> T: ...
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
    ) -> T: ...
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
    ) -> Any:
        """Call `check(state)` again and again, from `initial` on, until the state it returns meets the condition.

        Either `until(state)` says whether it does, and `poll` when to look again (`Poll.DEFAULT`); or `poll` is a
        function of state and attempt, or a `Poll.custom`, that answers None once it does. The state is recorded at each
        check, and the workflow suspends in between. Returns the state that met the condition. Raises `ConditionError`
        when the attempts are used up or `check` fails, which is not retried.
        """
        ...
