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

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, final

from perdure.errors import SerdesError
from perdure.generics import Generic

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

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


class Said:
    """What operations and drivers say to each other: compared and shown by what it holds.

    Without `__slots__`, as all that is made for each operation and stays within the engine: Python builds values of a
    plain class in the caller's frame, and slotted ones through three calls in C that take twice as long.
    """

    __hash__: None  # type: ignore[assignment]  # who compares by what can be changed is no key

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __repr__(self) -> str:
        shown = ", ".join([f"{name}={value!r}" for name, value in self.__dict__.items()])
        return f"{type(self).__name__}({shown})"


class Ok(Said, Generic[T]):
    """User code returned, or an operation succeeded."""

    def __init__(self, value: T) -> None:
        self.value = value


class Raised(Said):
    """User code raised, or an operation failed."""

    def __init__(self, error: Exception, recorded: dict[str, Any] | None = None) -> None:
        self.error = error
        self.recorded = recorded
        """The error object that stands for it in the history; an operation's failure has one."""


Outcome: TypeAlias = "Ok[T] | Raised"
OUTCOMES = (Ok, Raised)
"""What an outcome is an instance of."""


def unreadable(error: SerdesError, identity: Identity) -> Raised:
    """What an operation comes to whose recorded value cannot be read: the error, which says whose value it is."""
    if type(error) is SerdesError and not error.subject:
        error.subject = str(identity)
        error.args = (error.reason, error.path, error.subject)
    return Raised(error)


@final
class Commit(Said):
    """Go on when all that is recorded up to `ticket` is acknowledged."""

    def __init__(self, ticket: int) -> None:
        self.ticket = ticket


class Call(Said):
    """Run a step's body, `body(attempt)`; the reply is its `Outcome`. The driver chooses the thread, or the loop."""

    def __init__(self, body: Callable[[int], object], attempt: int, is_async: bool, is_lazy: bool = False) -> None:  # noqa: FBT001, FBT002  named, or the step's own
        self.body = body
        self.attempt = attempt
        self.is_async = is_async
        self.is_lazy = is_lazy
        """Whether it may begin whatever is still due."""


@final
class Enter(Said):
    """Run the code of a context, `body(context)`, in this line of work; the reply is its `Outcome`."""

    def __init__(self, body: Callable[[Any], object], scope: Scope) -> None:
        self.body = body
        self.scope = scope


class Fan(Said):
    """Run branches, each a line of work of its own, until the tally is decided; the driver closes those still open."""

    def __init__(self, tally: Tally, make: Callable[[int], Begun[Any]]) -> None:
        self.tally = tally
        self.make = make
        """Begins a branch: its outcome where that is recorded, which opens no line of work."""


class Park(Said):
    """Nothing to do until the service moves the operation on; go on when it has."""

    def __init__(self, operation_id: str, ticket: int = 0) -> None:
        self.operation_id = operation_id
        self.ticket = ticket
        """What has to be acknowledged before, such as the START from which the service counts; 0 for nothing."""


class HandOver(Said):
    """There is no time left to begin a body; go on if the work shall be handed over to the next invocation."""


class Aside(Said, Generic[T]):
    """Do `work` of the engine's own that waits for something elsewhere, such as a codec's request.

    The reply is its `Outcome`. Nothing that other lines of work could do waits for it.
    """

    def __init__(self, work: Callable[[], Any], settle: Callable[[Outcome[Any]], T]) -> None:
        self.work = work
        self.settle = settle
        """What to make of the reply, in the line of work that asked; raises what has failed."""


Effect: TypeAlias = "Commit | Call | Enter | Fan | Park | HandOver | Aside[Any]"
Op: TypeAlias = "Generator[Effect, Any, T]"
Begun: TypeAlias = "Ok[T] | Raised | Generator[Effect, Any, Ok[T] | Raised]"
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
