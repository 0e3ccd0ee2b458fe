"""What an operation asks of whoever drives it.

An operation is a generator: it yields effects and gets replies, and knows neither threads nor event loops nor the
service. An effect that is answered has a small generator here that yields it and returns its reply, so that operations
read `outcome = yield from call(body, attempt)` and the reply is typed; the others are just yielded.

A driver replies to every effect, and never throws into an operation: what user code raised comes back as `Raised`. An
operation ends with such an outcome too, because what a generator raises is not always what comes out (`StopIteration`).

When there is no reply to give, because the invocation is over, the driver drops the generator where it stands; that is
why no operation has anything in a `finally`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from perdure.errors import SerdesError
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from perdure_runtime.core.completion import Tally
    from perdure_runtime.core.identity import Identity, Scope

__all__ = [
    "OUTCOMES",
    "Aside",
    "Begun",
    "Call",
    "Commit",
    "Effect",
    "Enter",
    "Fan",
    "HandOver",
    "Ok",
    "Op",
    "Outcome",
    "Park",
    "Raised",
    "aside",
    "call",
    "enter",
    "unreadable",
]

T = TypeVar("T")


class Ok(NamedTuple, Generic[T]):
    """User code returned, or an operation succeeded."""

    value: T


class Raised(NamedTuple):
    """User code raised, or an operation failed."""

    error: Exception
    recorded: dict[str, Any] | None = None
    """The error object that stands for it in the history; an operation's failure has one."""


Outcome: TypeAlias = Ok[T] | Raised
OUTCOMES = (Ok, Raised)
"""What an outcome is an instance of."""


def unreadable(error: SerdesError, identity: Identity) -> Raised:
    """What an operation comes to whose recorded value cannot be read: the error, which says whose value it is."""
    if type(error) is SerdesError and not error.subject:
        error.subject = str(identity)
        error.args = (error.reason, error.path, error.subject)
    return Raised(error)


class Commit(NamedTuple):
    """Go on when all that is recorded up to `ticket` is acknowledged."""

    ticket: int


class Call(NamedTuple):
    """Run a step's body, `body(attempt)`; the reply is its `Outcome`. The driver chooses the thread, or the loop."""

    body: Callable[[int], object]
    attempt: int
    is_async: bool
    is_lazy: bool = False
    """Whether it may begin whatever is still due."""


class Enter(NamedTuple):
    """Run the code of a context, `body(context)`, in this line of work; the reply is its `Outcome`."""

    body: Callable[[Any], object]
    scope: Scope


class Fan(NamedTuple):
    """Run branches, each a line of work of its own, until the tally is decided; the driver closes those still open."""

    tally: Tally
    make: Callable[[int], Begun[Any]]
    """Begins a branch: its outcome where that is recorded, which opens no line of work."""


class Park(NamedTuple):
    """Nothing to do until the service moves the operation on; go on when it has."""

    operation_id: str
    ticket: int = 0
    """What has to be acknowledged before, such as the START from which the service counts; 0 for nothing."""


class HandOver(NamedTuple):
    """There is no time left to begin a body; go on if the work shall be handed over to the next invocation."""


class Aside(NamedTuple, Generic[T]):
    """Do `work` of the engine's own that waits for something elsewhere, such as a codec's request.

    The reply is its `Outcome`. Nothing that other lines of work could do waits for it.
    """

    work: Callable[[], Any]
    settle: Callable[[Outcome[Any]], T]
    """What to make of the reply, in the line of work that asked; raises what has failed."""


Effect: TypeAlias = Commit | Call | Enter | Fan | Park | HandOver | Aside[Any]
Op: TypeAlias = Generator[Effect, Any, T]
Begun: TypeAlias = Ok[T] | Raised | Generator[Effect, Any, Ok[T] | Raised]
"""What an operation is once it begins: its outcome where that is recorded, and else what has to be driven to it."""


def call(body: Callable[[int], T], attempt: int, *, is_async: bool, is_lazy: bool = False) -> Op[Outcome[T]]:
    """Run `body`."""
    outcome: Outcome[T] = yield Call(body, attempt, is_async, is_lazy)
    return outcome


def enter(body: Callable[[Any], object], scope: Scope) -> Op[Outcome[Any]]:
    """Run `body` in a context of its own."""
    outcome: Outcome[Any] = yield Enter(body, scope)
    return outcome


def aside(waiting: Aside[T]) -> Op[T]:
    """Have work done that waits for something elsewhere; raises what has failed."""
    return waiting.settle((yield waiting))
