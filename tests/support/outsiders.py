"""What somebody outside says to callbacks and invokes, told in advance: by name, as a plain text or as a `Reply`.

A reply is looked up by an operation's id, its name, the function it invokes, the name of the wait_for_callback around
it, and at last under `*`. It is due `after` so many seconds of the operation's life.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.ledger import ErrorObject, InvokeEnd, Kind, Operation, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from perdure_local.ledger import Execution
    from support.ledger_service import HandClock

ANY = "*"


@dataclass(frozen=True)
class Reply:
    """One end of a callback or of an invoke: a failure if there is an `error`."""

    result: str | None = None
    error: ErrorObject | None = None
    status: Status | None = None
    """How an invoke ends that neither succeeds nor fails: TIMED_OUT or STOPPED."""
    after: float = 0.0
    """Seconds since the operation began."""

    @property
    def ending(self) -> Status:
        return self.status or (Status.SUCCEEDED if self.error is None else Status.FAILED)


class Due(NamedTuple):
    """A reply with its time."""

    at: float
    operation: Operation
    reply: Reply


class Replies:
    """The replies of one run; each is made once, when its operation is first seen."""

    def __init__(self, answers: Mapping[str, Answered]) -> None:
        self._answers = answers
        self._made: dict[str, Reply] = {}

    def next(self, execution: Execution) -> Due | None:
        """Return the reply that is due first; ties in creation order."""
        found = [due for due in (self._due(execution, one) for one in awaited(execution)) if due is not None]
        return min(found, key=lambda due: due.at, default=None)

    def _due(self, execution: Execution, operation: Operation) -> Due | None:
        if operation.id not in self._made:
            key = next((key for key in keys(execution, operation) if key in self._answers), None)
            if key is None:
                return None
            given = self._answers[key]
            made = given(operation) if callable(given) else given
            self._made[operation.id] = made if isinstance(made, Reply) else Reply(made)
        reply = self._made[operation.id]
        return Due(round(operation.started_at + reply.after, 3), operation, reply)


class Outside:
    """What the world outside, and time, can do to an execution; callbacks and invokes go by their `keys`."""

    execution: Execution
    clock: HandClock
    _lock: AbstractContextManager[object]

    def _store(self) -> None:
        raise NotImplementedError

    def fire(self) -> None:
        """Let everything happen that is due."""
        self._do(lambda: self.execution.fire(self.clock.now))

    def open(self, key: str) -> Operation:
        """Return the callback or invoke that goes by this key: the first that is open, else the last that was."""
        foreign = [one for one in self.execution.operations if one.kind in {Kind.CALLBACK, Kind.CHAINED_INVOKE}]
        called = [one for one in foreign if key in keys(self.execution, one)]
        still_open = [one for one in called if one.awaits_outside]
        if not called:
            raise AssertionError(f"no callback or invoke is called {key!r}; there is {told(foreign)}")
        return still_open[0] if still_open else called[-1]

    def succeed_callback(self, key: str, text: str | bytes | None = None) -> None:
        body = text if isinstance(text, bytes) else (text or "").encode()
        self._do(lambda: self.execution.succeed_callback(self.open(key).id, body, self.clock.now))

    def fail_callback(self, key: str, error: ErrorObject | None = None) -> None:
        self._do(lambda: self.execution.fail_callback(self.open(key).id, error, self.clock.now))

    def heartbeat_callback(self, key: str) -> None:
        self._do(lambda: self.execution.heartbeat_callback(self.open(key).id, self.clock.now))

    def time_out_callback(self, key: str) -> None:
        """Move the clock to the callback's next deadline, past which it has timed out."""
        due = self.open(key).due_at
        assert due is not None, f"{key} has no timeout"
        self.clock.now = max(self.clock.now, due)
        self.fire()

    def finish_invoke(
        self, key: str, *, result: str | None = None, error: ErrorObject | None = None, status: Status | None = None
    ) -> None:
        reply = Reply(result, error, status)
        self._do(
            lambda: self.execution.finish_invoke(
                self.open(key).id, InvokeEnd(reply.ending, result, error), self.clock.now
            )
        )

    def give(self, due: Due) -> None:
        """Give a reply that was told in advance; one that comes too late is not heard."""
        operation, reply = due.operation, due.reply
        self.fire()
        if operation.id not in {one.id for one in awaited(self.execution)}:
            return
        if operation.kind is Kind.CHAINED_INVOKE:
            self.finish_invoke(operation.id, result=reply.result, error=reply.error, status=reply.status)
        elif reply.error is None:
            self.succeed_callback(operation.id, reply.result)
        else:
            self.fail_callback(operation.id, reply.error)

    def _do(self, act: Callable[[], None]) -> None:
        with self._lock:
            try:
                act()
            finally:
                self._store()


def awaited(execution: Execution) -> list[Operation]:
    """Return the callbacks and invokes that are open, in creation order."""
    return [one for one in execution.operations if one.awaits_outside] if execution.is_running else []


def keys(execution: Execution, operation: Operation) -> Iterator[str]:
    """Yield what a test may call an operation, the most exact first."""
    yield operation.id
    if operation.name is not None:
        yield operation.name
    if operation.invoke is not None:
        yield from (operation.invoke.function, operation.invoke.name)
    for parent in execution.operations:
        if parent.id == operation.parent_id and parent.sub_type == "WaitForCallback" and parent.name is not None:
            yield parent.name
    yield ANY


def told(operations: Iterable[Operation]) -> str:
    """Name operations in a message."""
    return ", ".join(f"{one.kind} {one.name or one.id} {one.status}" for one in operations) or "nothing"


if TYPE_CHECKING:
    Answer = Reply | str | None
    Answered = Answer | Callable[[Operation], Answer]
