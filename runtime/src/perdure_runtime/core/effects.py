"""What an operation asks of whoever drives it.

An operation is a generator: it yields effects and gets replies, and knows neither threads nor event loops nor the
service. Each effect has a small generator here that yields it and returns its reply, so that operations read
`outcome = yield from call(body, attempt)` and the reply is typed.

A driver replies to every effect, and never throws into an operation: what user code raised comes back as `Raised`. An
operation ends with such an outcome too, because what a generator raises is not always what comes out (`StopIteration`).

When there is no reply to give, because the invocation is over, the driver drops the generator where it stands; that is
why no operation has anything in a `finally`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

__all__ = ["Call", "Commit", "Effect", "Ok", "Op", "Outcome", "Park", "Raised", "call", "commit", "park"]

T = TypeVar("T")


class Ok(NamedTuple, Generic[T]):
    """User code returned."""

    value: T


class Raised(NamedTuple):
    """User code raised."""

    error: Exception


Outcome: TypeAlias = Ok[T] | Raised


class Commit(NamedTuple):
    """Send `updates` to the service; where `durable`, reply when they are acknowledged, else at once."""

    updates: tuple[dict[str, Any], ...]
    durable: bool


class Call(NamedTuple):
    """Run a step's body, `body(attempt)`; the reply is its `Outcome`. The driver chooses the thread, or the loop."""

    body: Callable[[int], object]
    attempt: int
    is_async: bool


class Park(NamedTuple):
    """Nothing to do until the service moves the operation on, at `wake` where that is known; reply when it has."""

    operation_id: str
    wake: float | None


Effect: TypeAlias = Commit | Call | Park
Op: TypeAlias = Generator[Effect, Any, T]


def commit(*updates: dict[str, Any], durable: bool) -> Op[None]:
    """Record `updates`."""
    yield Commit(updates, durable)


def call(body: Callable[[int], T], attempt: int, *, is_async: bool) -> Op[Outcome[T]]:
    """Run `body`."""
    outcome: Outcome[T] = yield Call(body, attempt, is_async)
    return outcome


def park(operation_id: str, wake: float | None) -> Op[None]:
    """Wait for the service to move the operation on."""
    yield Park(operation_id, wake)
