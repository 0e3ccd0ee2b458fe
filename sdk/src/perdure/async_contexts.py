"""The same operations for workflows written as `async def`: the `AsyncContext` they are handed.

Names, options, meaning and what goes into the history are those of `perdure.contexts`; only the colour differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from perdure.async_combinators import AsyncCombinators
from perdure.async_waits import AsyncWaits
from perdure.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from perdure.batches import Batch
    from perdure.completions import Completion
    from perdure.serdes import Serdes
    from perdure.steps import RetryChoice, Step

    B = TypeVar("B")
    Branches: TypeAlias = Sequence[B] | Mapping[str, B]

__all__ = ["AsyncContext"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class AsyncContext(Facts, AsyncWaits, AsyncCombinators, Protocol):
    """The durable operations of a workflow written as `async def`.

    An operation takes its place in the history at the call, and runs when it is awaited. So several may be made first
    and awaited together, by `asyncio.gather` or a `TaskGroup`, as long as the workflow itself makes them: in a task of
    your own the order would follow the scheduler, and the call is refused.
    """

    @overload
    def step(
        self, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, R]: ...
    @overload
    def step(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]: ...
    @overload
    def step(
        self, name: str, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, R]: ...
    @overload
    def step(self, name: str, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]: ...
    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        """Like `Context.step`, to be awaited once. An `async def` runs on the loop, a plain function on a thread."""
        ...

    @overload
    def run_in_child_context(
        self,
        fn: Callable[Concatenate[AsyncContext, P], Coroutine[Any, Any, R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, R]: ...
    @overload
    def run_in_child_context(
        self,
        name: str,
        fn: Callable[Concatenate[AsyncContext, P], Coroutine[Any, Any, R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Coroutine[Any, Any, R]: ...
    def run_in_child_context(
        self,
        fn: Any,
        /,
        *args: Any,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, Any]:
        """Like `Context.run_in_child_context`, to be awaited once. `fn` is an `async def`."""
        ...

    @overload
    def parallel(
        self,
        branches: Branches[Callable[[AsyncContext], Coroutine[Any, Any, R]] | Step[[], Coroutine[Any, Any, R]]],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        serdes: Serdes[Batch[R]] | None = None,
        item_serdes: Serdes[R] | None = None,
        summary: Callable[[Batch[R]], str] | None = None,
    ) -> Coroutine[Any, Any, Batch[R]]: ...
    @overload
    def parallel(
        self,
        branches: Branches[Callable[[AsyncContext], Coroutine[Any, Any, R]] | Step[[], R]],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        serdes: Serdes[Batch[R]] | None = None,
        item_serdes: Serdes[R] | None = None,
        summary: Callable[[Batch[R]], str] | None = None,
    ) -> Coroutine[Any, Any, Batch[R]]: ...
    def parallel(
        self,
        branches: Branches[Callable[..., Any]],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        serdes: Serdes[Batch[Any]] | None = None,
        item_serdes: Serdes[Any] | None = None,
        summary: Callable[[Batch[Any]], str] | None = None,
    ) -> Coroutine[Any, Any, Batch[Any]]:
        """Like `Context.parallel`, to be awaited once."""
        ...

    @overload
    def map(
        self,
        fn: Step[[T], Coroutine[Any, Any, R]],
        items: Sequence[T],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        namer: Callable[[T, int], str] | None = None,
        serdes: Serdes[Batch[R]] | None = None,
        item_serdes: Serdes[R] | None = None,
        summary: Callable[[Batch[R]], str] | None = None,
    ) -> Coroutine[Any, Any, Batch[R]]: ...
    @overload
    def map(
        self,
        fn: Step[[T], R],
        items: Sequence[T],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        namer: Callable[[T, int], str] | None = None,
        serdes: Serdes[Batch[R]] | None = None,
        item_serdes: Serdes[R] | None = None,
        summary: Callable[[Batch[R]], str] | None = None,
    ) -> Coroutine[Any, Any, Batch[R]]: ...
    @overload
    def map(
        self,
        fn: Callable[[AsyncContext, T], Coroutine[Any, Any, R]],
        items: Sequence[T],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        namer: Callable[[T, int], str] | None = None,
        serdes: Serdes[Batch[R]] | None = None,
        item_serdes: Serdes[R] | None = None,
        summary: Callable[[Batch[R]], str] | None = None,
    ) -> Coroutine[Any, Any, Batch[R]]: ...
    def map(
        self,
        fn: Callable[..., Any],
        items: Sequence[Any],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        namer: Callable[[Any, int], str] | None = None,
        serdes: Serdes[Batch[Any]] | None = None,
        item_serdes: Serdes[Any] | None = None,
        summary: Callable[[Batch[Any]], str] | None = None,
    ) -> Coroutine[Any, Any, Batch[Any]]:
        """Like `Context.map`, to be awaited once."""
        ...

    def with_retry(
        self,
        fn: Callable[[AsyncContext, int], Coroutine[Any, Any, R]],
        /,
        *,
        name: str | None = None,
        retry: RetryChoice | None = None,
    ) -> Coroutine[Any, Any, R]:
        """Like `Context.with_retry`, to be awaited once."""
        ...
