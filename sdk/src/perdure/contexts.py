"""What a workflow sees while it runs: the `Context` it is handed, and the step that is running.

These are the shapes only; the runtime makes the objects. A class of your own that has the same members stands in for a
`Context` in a unit test.

Every durable call is answered from the execution's history when the history knows it, and does its work and records it
when not. A call that has to wait ends the invocation: it unwinds the handler with an exception that is not an
`Exception`, the function returns, and a later invocation runs the handler again up to the same place. `finally` and
`with` blocks therefore run at each suspension; `Context.suspending` tells them so.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from perdure.combinators import Combinators
from perdure.errors import DurableCallRefused
from perdure.facts import Facts
from perdure.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from perdure.async_contexts import AsyncContext
    from perdure.batches import Batch
    from perdure.completions import Completion
    from perdure.facts import StepInfo
    from perdure.serdes import Serdes
    from perdure.steps import RetryChoice, Step

    B = TypeVar("B")
    Branches: TypeAlias = Sequence[B] | Mapping[str, B]

__all__ = ["Context", "current_context", "current_step"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Context(Facts, Waits, Combinators, Protocol):
    """The durable operations of a workflow written as plain functions."""

    @overload
    def step(self, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def step(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def step(self, name: str, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def step(self, name: str, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    def step(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Run `fn` once and record what it returned; on replay, return the record without running it.

        All arguments after `fn` are the function's. A failed attempt is made again as the step's `retry` says. When the
        call returns, the result is durable; when it raises, the failure is: the exception `fn` raised where its class
        can be rebuilt, else `StepError`. Suspends while it waits for another attempt.
        """
        ...

    @overload
    def run_in_child_context(
        self,
        fn: Callable[Concatenate[Context, P], R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R: ...
    @overload
    def run_in_child_context(
        self,
        name: str,
        fn: Callable[Concatenate[Context, P], R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R: ...
    def run_in_child_context(
        self,
        fn: Any,
        /,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Run `fn(ctx, *args, **kwargs)` with a context of its own and record its outcome as one operation.

        Operations made on that context are numbered apart from the others, so a change inside the child leaves those
        around it alone. Options belong to the function: see `child`. Raises what `fn` raised where its class can be
        rebuilt, else `ChildContextError`; suspends where `fn` does.
        """
        ...

    @overload
    def parallel(
        self,
        branches: Branches[Callable[[Context], R] | Step[[], Coroutine[Any, Any, R]]],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        serdes: Serdes[Batch[R]] | None = None,
        item_serdes: Serdes[R] | None = None,
        summary: Callable[[Batch[R]], str] | None = None,
    ) -> Batch[R]: ...
    @overload
    def parallel(
        self,
        branches: Branches[Callable[[Context], R] | Step[[], R]],
        /,
        *,
        name: str | None = None,
        concurrency: int | None = None,
        completion: Completion | None = None,
        flat: bool = False,
        serdes: Serdes[Batch[R]] | None = None,
        item_serdes: Serdes[R] | None = None,
        summary: Callable[[Batch[R]], str] | None = None,
    ) -> Batch[R]: ...
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
    ) -> Batch[Any]:
        """Run several functions side by side, each with a context of its own; a mapping names the branches.

        A branch is a function `fn(ctx)`, one with options made by `child`, or a step without parameters, which runs as
        a step. At most `concurrency` branches are under way at a time, a suspended one included. The batch ends when
        `completion` says so, by default at the first failure; what has not ended by then is cancelled. Branches that
        fail do not make this call raise: see `Batch.values`.

        `flat=True` keeps the branches' own records out of the history. `item_serdes` is how a branch's result is
        recorded, `serdes` how the whole batch is, and `summary` says what to record of a batch too large for that.
        """
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
    ) -> Batch[R]: ...
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
    ) -> Batch[R]: ...
    @overload
    def map(
        self,
        fn: Callable[[Context, T], R],
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
    ) -> Batch[R]: ...
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
    ) -> Batch[Any]:
        """Run `fn(ctx, item)` for every item side by side, each with a context of its own.

        A step is given the item alone and runs as a step in its branch; a function with options is made by `child`.
        `namer(item, index)` names a branch. Everything else is as in `parallel`.
        """
        ...

    def with_retry(
        self,
        fn: Callable[[Context, int], R],
        /,
        *,
        name: str | None = None,
        retry: RetryChoice | None = None,
    ) -> R:
        """Run `fn(ctx, attempt)`, several operations together, until it succeeds or `retry` gives up.

        All attempts share one child context, and the workflow suspends between them; `attempt` counts from 1. The
        default is `Retry.exponential()`. Raises what the last attempt raised.
        """
        ...


# The runtime sets these; they live here so that asking costs user code no import of the engine.
CURRENT_CONTEXT: ContextVar[Context | AsyncContext] = ContextVar("perdure_context")
CURRENT_STEP: ContextVar[StepInfo] = ContextVar("perdure_step")


def current_step() -> StepInfo:
    """The step whose body is running; raises `DurableCallRefused` elsewhere."""
    try:
        return CURRENT_STEP.get()
    except LookupError:
        raise DurableCallRefused("current_step()", "no step is running here") from None


def current_context() -> Context | AsyncContext:
    """The workflow's context, for code that was not handed it; raises `DurableCallRefused` outside a workflow."""
    try:
        return CURRENT_CONTEXT.get()
    except LookupError:
        reason = "no durable function is running here; a thread of your own does not inherit its context"
        raise DurableCallRefused("current_context()", reason) from None
