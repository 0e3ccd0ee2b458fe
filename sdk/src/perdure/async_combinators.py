"""Ways to await several things at once, with the types of each kept; in meaning the same as `perdure.combinators`.

What `asyncio` has for this decides by the real clock and records nothing; these record what they decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from perdure.async_contexts import AsyncContext
    from perdure.batches import BatchItem

__all__ = ["AsyncCombinators"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
R = TypeVar("R")

if TYPE_CHECKING:
    AsyncBranch: TypeAlias = Callable[[AsyncContext], Coroutine[Any, Any, R]] | Coroutine[Any, Any, R]


class AsyncCombinators(Protocol):
    """The combinators of a workflow written as `async def`.

    Each takes operations, such as `ctx.step(fn)`, or functions that get a context of their own, or both.
    """

    @overload
    def gather(self, a: AsyncBranch[A], /, *, name: str | None = None) -> Coroutine[Any, Any, tuple[A]]: ...
    @overload
    def gather(
        self, a: AsyncBranch[A], b: AsyncBranch[B], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, tuple[A, B]]: ...
    @overload
    def gather(
        self, a: AsyncBranch[A], b: AsyncBranch[B], c: AsyncBranch[C], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, tuple[A, B, C]]: ...
    @overload
    def gather(
        self, a: AsyncBranch[A], b: AsyncBranch[B], c: AsyncBranch[C], d: AsyncBranch[D], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, tuple[A, B, C, D]]: ...
    @overload
    def gather(
        self,
        a: AsyncBranch[A],
        b: AsyncBranch[B],
        c: AsyncBranch[C],
        d: AsyncBranch[D],
        e: AsyncBranch[E],
        /,
        *,
        name: str | None = None,
    ) -> Coroutine[Any, Any, tuple[A, B, C, D, E]]: ...
    @overload
    def gather(
        self,
        a: AsyncBranch[A],
        b: AsyncBranch[B],
        c: AsyncBranch[C],
        d: AsyncBranch[D],
        e: AsyncBranch[E],
        f: AsyncBranch[F],
        /,
        *,
        name: str | None = None,
    ) -> Coroutine[Any, Any, tuple[A, B, C, D, E, F]]: ...
    @overload
    def gather(
        self,
        a: AsyncBranch[R],
        b: AsyncBranch[R],
        c: AsyncBranch[R],
        d: AsyncBranch[R],
        e: AsyncBranch[R],
        f: AsyncBranch[R],
        g: AsyncBranch[R],
        /,
        *fns: AsyncBranch[R],
        name: str | None = None,
    ) -> Coroutine[Any, Any, tuple[R, ...]]: ...
    def gather(self, *fns: AsyncBranch[Any], name: str | None = None) -> Coroutine[Any, Any, tuple[Any, ...]]:
        """Like `Context.gather`, over operations or functions, to be awaited once."""
        ...

    @overload
    def settle(self, a: AsyncBranch[A], /, *, name: str | None = None) -> Coroutine[Any, Any, tuple[BatchItem[A]]]: ...
    @overload
    def settle(
        self, a: AsyncBranch[A], b: AsyncBranch[B], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, tuple[BatchItem[A], BatchItem[B]]]: ...
    @overload
    def settle(
        self, a: AsyncBranch[A], b: AsyncBranch[B], c: AsyncBranch[C], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, tuple[BatchItem[A], BatchItem[B], BatchItem[C]]]: ...
    @overload
    def settle(
        self, a: AsyncBranch[A], b: AsyncBranch[B], c: AsyncBranch[C], d: AsyncBranch[D], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, tuple[BatchItem[A], BatchItem[B], BatchItem[C], BatchItem[D]]]: ...
    @overload
    def settle(
        self,
        a: AsyncBranch[A],
        b: AsyncBranch[B],
        c: AsyncBranch[C],
        d: AsyncBranch[D],
        e: AsyncBranch[E],
        /,
        *,
        name: str | None = None,
    ) -> Coroutine[Any, Any, tuple[BatchItem[A], BatchItem[B], BatchItem[C], BatchItem[D], BatchItem[E]]]: ...
    @overload
    def settle(
        self,
        a: AsyncBranch[A],
        b: AsyncBranch[B],
        c: AsyncBranch[C],
        d: AsyncBranch[D],
        e: AsyncBranch[E],
        f: AsyncBranch[F],
        /,
        *,
        name: str | None = None,
    ) -> Coroutine[
        Any, Any, tuple[BatchItem[A], BatchItem[B], BatchItem[C], BatchItem[D], BatchItem[E], BatchItem[F]]
    ]: ...
    @overload
    def settle(
        self,
        a: AsyncBranch[R],
        b: AsyncBranch[R],
        c: AsyncBranch[R],
        d: AsyncBranch[R],
        e: AsyncBranch[R],
        f: AsyncBranch[R],
        g: AsyncBranch[R],
        /,
        *fns: AsyncBranch[R],
        name: str | None = None,
    ) -> Coroutine[Any, Any, tuple[BatchItem[R], ...]]: ...
    def settle(self, *fns: AsyncBranch[Any], name: str | None = None) -> Coroutine[Any, Any, tuple[Any, ...]]:
        """Like `Context.settle`, over operations or functions, to be awaited once."""
        ...

    @overload
    def race(self, a: AsyncBranch[A], /, *, name: str | None = None) -> Coroutine[Any, Any, A]: ...
    @overload
    def race(
        self, a: AsyncBranch[A], b: AsyncBranch[B], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, A | B]: ...
    @overload
    def race(
        self, a: AsyncBranch[A], b: AsyncBranch[B], c: AsyncBranch[C], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, A | B | C]: ...
    @overload
    def race(
        self,
        a: AsyncBranch[R],
        b: AsyncBranch[R],
        c: AsyncBranch[R],
        d: AsyncBranch[R],
        /,
        *fns: AsyncBranch[R],
        name: str | None = None,
    ) -> Coroutine[Any, Any, R]: ...
    def race(self, *fns: AsyncBranch[Any], name: str | None = None) -> Coroutine[Any, Any, Any]:
        """Like `Context.race`, over operations or functions, to be awaited once."""
        ...

    @overload
    def first_success(self, a: AsyncBranch[A], /, *, name: str | None = None) -> Coroutine[Any, Any, A]: ...
    @overload
    def first_success(
        self, a: AsyncBranch[A], b: AsyncBranch[B], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, A | B]: ...
    @overload
    def first_success(
        self, a: AsyncBranch[A], b: AsyncBranch[B], c: AsyncBranch[C], /, *, name: str | None = None
    ) -> Coroutine[Any, Any, A | B | C]: ...
    @overload
    def first_success(
        self,
        a: AsyncBranch[R],
        b: AsyncBranch[R],
        c: AsyncBranch[R],
        d: AsyncBranch[R],
        /,
        *fns: AsyncBranch[R],
        name: str | None = None,
    ) -> Coroutine[Any, Any, R]: ...
    def first_success(self, *fns: AsyncBranch[Any], name: str | None = None) -> Coroutine[Any, Any, Any]:
        """Like `Context.first_success`, over operations or functions, to be awaited once."""
        ...
