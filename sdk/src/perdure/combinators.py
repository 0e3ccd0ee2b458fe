"""Ways to wait for several things at once, with the types of each kept.

They are batches underneath: each function is a branch with a context of its own, and what ended the race is recorded,
so that a replay decides as the first run did. Where all branches have one type, or their number is only known at run
time, `parallel` and `map` say more about how it went.

The last overload of each asks for more functions than any other takes: a call then fits one overload only, and mypy has
no reason to give up on lambdas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.batches import BatchItem
    from perdure.contexts import Context

__all__ = ["Combinators"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
R = TypeVar("R")


class Combinators(Protocol):
    """The combinators of a workflow written as plain functions."""

    @overload
    def gather(self, a: Callable[[Context], A], /, *, name: str | None = None) -> tuple[A]: ...
    @overload
    def gather(
        self, a: Callable[[Context], A], b: Callable[[Context], B], /, *, name: str | None = None
    ) -> tuple[A, B]: ...
    @overload
    def gather(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        /,
        *,
        name: str | None = None,
    ) -> tuple[A, B, C]: ...
    @overload
    def gather(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        d: Callable[[Context], D],
        /,
        *,
        name: str | None = None,
    ) -> tuple[A, B, C, D]: ...
    @overload
    def gather(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        d: Callable[[Context], D],
        e: Callable[[Context], E],
        /,
        *,
        name: str | None = None,
    ) -> tuple[A, B, C, D, E]: ...
    @overload
    def gather(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        d: Callable[[Context], D],
        e: Callable[[Context], E],
        f: Callable[[Context], F],
        /,
        *,
        name: str | None = None,
    ) -> tuple[A, B, C, D, E, F]: ...
    @overload
    def gather(
        self,
        a: Callable[[Context], R],
        b: Callable[[Context], R],
        c: Callable[[Context], R],
        d: Callable[[Context], R],
        e: Callable[[Context], R],
        f: Callable[[Context], R],
        g: Callable[[Context], R],
        /,
        *fns: Callable[[Context], R],
        name: str | None = None,
    ) -> tuple[R, ...]: ...
    def gather(self, *fns: Callable[[Context], Any], name: str | None = None) -> tuple[Any, ...]:
        """Run the functions side by side, each as `fn(ctx)`, and return all their results in order.

        Raises what the first to fail raised, and cancels the others.
        """
        ...

    @overload
    def settle(self, a: Callable[[Context], A], /, *, name: str | None = None) -> tuple[BatchItem[A]]: ...
    @overload
    def settle(
        self, a: Callable[[Context], A], b: Callable[[Context], B], /, *, name: str | None = None
    ) -> tuple[BatchItem[A], BatchItem[B]]: ...
    @overload
    def settle(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        /,
        *,
        name: str | None = None,
    ) -> tuple[BatchItem[A], BatchItem[B], BatchItem[C]]: ...
    @overload
    def settle(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        d: Callable[[Context], D],
        /,
        *,
        name: str | None = None,
    ) -> tuple[BatchItem[A], BatchItem[B], BatchItem[C], BatchItem[D]]: ...
    @overload
    def settle(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        d: Callable[[Context], D],
        e: Callable[[Context], E],
        /,
        *,
        name: str | None = None,
    ) -> tuple[BatchItem[A], BatchItem[B], BatchItem[C], BatchItem[D], BatchItem[E]]: ...
    @overload
    def settle(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        d: Callable[[Context], D],
        e: Callable[[Context], E],
        f: Callable[[Context], F],
        /,
        *,
        name: str | None = None,
    ) -> tuple[BatchItem[A], BatchItem[B], BatchItem[C], BatchItem[D], BatchItem[E], BatchItem[F]]: ...
    @overload
    def settle(
        self,
        a: Callable[[Context], R],
        b: Callable[[Context], R],
        c: Callable[[Context], R],
        d: Callable[[Context], R],
        e: Callable[[Context], R],
        f: Callable[[Context], R],
        g: Callable[[Context], R],
        /,
        *fns: Callable[[Context], R],
        name: str | None = None,
    ) -> tuple[BatchItem[R], ...]: ...
    def settle(self, *fns: Callable[[Context], Any], name: str | None = None) -> tuple[Any, ...]:
        """Run the functions side by side, each as `fn(ctx)`, and tell what became of every one of them.

        Waits until all are over, and does not raise because some failed.
        """
        ...

    @overload
    def race(self, a: Callable[[Context], A], /, *, name: str | None = None) -> A: ...
    @overload
    def race(self, a: Callable[[Context], A], b: Callable[[Context], B], /, *, name: str | None = None) -> A | B: ...
    @overload
    def race(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        /,
        *,
        name: str | None = None,
    ) -> A | B | C: ...
    @overload
    def race(
        self,
        a: Callable[[Context], R],
        b: Callable[[Context], R],
        c: Callable[[Context], R],
        d: Callable[[Context], R],
        /,
        *fns: Callable[[Context], R],
        name: str | None = None,
    ) -> R: ...
    def race(self, *fns: Callable[[Context], Any], name: str | None = None) -> Any:
        """Run the functions side by side, each as `fn(ctx)`, and answer as the first that is over.

        Returns its result or raises its error, and cancels the others. Which one it was is recorded, so that a replay
        answers the same.
        """
        ...

    @overload
    def first_success(self, a: Callable[[Context], A], /, *, name: str | None = None) -> A: ...
    @overload
    def first_success(
        self, a: Callable[[Context], A], b: Callable[[Context], B], /, *, name: str | None = None
    ) -> A | B: ...
    @overload
    def first_success(
        self,
        a: Callable[[Context], A],
        b: Callable[[Context], B],
        c: Callable[[Context], C],
        /,
        *,
        name: str | None = None,
    ) -> A | B | C: ...
    @overload
    def first_success(
        self,
        a: Callable[[Context], R],
        b: Callable[[Context], R],
        c: Callable[[Context], R],
        d: Callable[[Context], R],
        /,
        *fns: Callable[[Context], R],
        name: str | None = None,
    ) -> R: ...
    def first_success(self, *fns: Callable[[Context], Any], name: str | None = None) -> Any:
        """Run the functions side by side, each as `fn(ctx)`, and return the result of the first that succeeds.

        The others are cancelled; the winner is recorded. Raises `BatchError` when all of them failed.
        """
        ...
