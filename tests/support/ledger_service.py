"""The durable execution service in one process: the local service's ledger behind the engine's `Service` protocol.

`LedgerService` answers checkpoints and state pages for one execution, straight over the ledger, on a hand-set clock.
`Harness` drives a handler through invocation after invocation until the execution is over, letting the clock jump to
whatever is due next. A fault plan kills the "worker" before or after the n-th checkpoint: the call raises `WorkerDied`,
every later call of that invocation too, and whatever the handler then answers is lost, as it would be with a process.

What the world outside does to callbacks and invokes is done by name (`succeed_callback`, `finish_invoke`, …), between
invocations or from user code during one; or it is told in advance as `answers`, which the harness gives as soon as they
are due and nothing runs, before it moves the clock any further. With `eager` they are given during an invocation, too,
at each of its checkpoints.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from perdure.errors import ServiceError
from perdure_local.ledger import (
    AWS_LIMITS,
    Answer,
    Change,
    ErrorObject,
    Execution,
    ExecutionStatus,
    Failed,
    Fault,
    Limits,
    Record,
    Resolved,
    Returned,
    Spec,
    Target,
)
from perdure_local.ledger.faults import missing
from perdure_runtime.service.protocol import Checkpointed, StatePage
from support.outsiders import Outside, Replies, Reply, awaited, told

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from support.outsiders import Answered

__all__ = [
    "START",
    "Faults",
    "HandClock",
    "Harness",
    "LedgerService",
    "Reply",
    "Request",
    "Stuck",
    "WorkerDied",
    "rebuilt",
    "succeeded",
]

START = 1_767_225_600.0
"""The hand-set clock's first instant."""


class WorkerDied(BaseException):
    """The process died here; nothing after this point happened."""


class Stuck(AssertionError):
    """The execution is not over and nothing will ever happen to it."""


@dataclass
class HandClock:
    """A clock that moves when it is told to."""

    now: float = START

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Request:
    """One call of the engine, as it arrived."""

    call: str
    token: str
    client_token: str = ""
    updates: tuple[dict[str, Any], ...] = ()
    marker: str = ""

    @property
    def moves(self) -> list[str]:
        """The updates in short: `STEP START`, `WAIT START`, …"""
        return [f"{update['Type']} {update['Action']}" for update in self.updates]


@dataclass
class Faults:
    """When the worker dies, counted in checkpoints of the whole run from 1, and where batches are cut."""

    before: frozenset[int] = frozenset()
    """Die with the request sent and not recorded."""
    after: frozenset[int] = frozenset()
    """Die with the request recorded and not answered."""
    cut: Callable[[Sequence[dict[str, Any]]], Iterable[int]] | None = None
    """Where to cut a batch: the indices at which a new checkpoint begins, as if the outbox had flushed there."""


class LedgerService(Outside):
    """`perdure_runtime.service.protocol.Service` over one execution."""

    def __init__(
        self,
        payload: str | None = "{}",
        *,
        clock: HandClock | None = None,
        limits: Limits = AWS_LIMITS,
        timeout: int | None = None,
        faults: Faults | None = None,
        name: str = "run",
        answers: Mapping[str, Answered] | None = None,
        functions: Collection[str] | None = None,
        eager: bool = False,
    ) -> None:
        """`answers` are described in `outsiders`; `functions` are those that can be invoked, None for any."""
        self.clock = clock or HandClock()
        self.faults = faults or Faults()
        self.requests: list[Request] = []
        self.changes: list[Change] = []
        self.checkpoints = 0
        """Checkpoints so far, each piece of a cut batch counted."""
        self.is_dead = False
        self.replies = Replies(answers or {})
        self._functions = functions
        self._eager = eager
        self._numbers = itertools.count(1)
        self._children = itertools.count(1)
        self._limits = limits
        # User code may speak for the world outside, from any thread, while the engine is at a checkpoint.
        self._lock = threading.RLock()
        function = "arn:aws:lambda:us-east-1:123456789012:function:workflow"
        self.execution = Execution.start(
            Spec(
                arn=f"{function}:$LATEST/durable-execution/{name}/00000000-0000-4000-8000-000000000001",
                function="workflow",
                function_arn=f"{function}:$LATEST",
                version="$LATEST",
                name=name,
                payload=payload,
                started_at=self.clock.now,
                timeout=timeout,
            ),
            limits,
        )
        self._store()

    @property
    def arn(self) -> str:
        return self.execution.spec.arn

    def begin(self) -> bytes:
        """Begin an invocation and return its event."""
        self.is_dead = False
        with self._lock:
            invocation = self.execution.begin_invocation(f"invocation-{next(self._numbers)}", self.clock.now)
            self._store()
        return orjson.dumps(invocation.event)

    def finish(self, ending: Returned | Failed) -> None:
        """End the invocation in flight."""
        with self._lock:
            invocation_id = self.execution.progress.invocation_id
            if invocation_id is not None:
                self.execution.finish_invocation(invocation_id, ending, self.clock.now)
                self._store()

    def restart(self) -> None:
        """Forget the execution and rebuild it from the changes it handed out."""
        self.execution = Execution.restore(rebuilt(self.changes), self._limits)

    def _resolve(self, target: Target) -> Resolved:
        if self._functions is not None and target.name not in self._functions:
            raise missing(f"Function not found: {target.text}")
        child, version = f"child-{next(self._children)}", target.qualifier or "$LATEST"
        stem = self.execution.spec.function_arn.rsplit(":", 2)[0]
        return Resolved(version, f"{stem}:{target.name}:{version}/durable-execution/{child}/{child}")

    # The engine's side

    def checkpoint(self, arn: str, token: str, updates: Sequence[bytes], client_token: str) -> Checkpointed:
        decoded = tuple(orjson.loads(update) for update in updates)
        self.requests.append(Request("checkpoint", token, client_token, decoded))
        answer = Answer(token, ())
        merged: dict[str, dict[str, Any]] = {}
        for number, piece in enumerate(self._pieces(decoded)):
            key = client_token if number == 0 else f"{client_token}-{number}"
            answer = self._checkpoint(arn, answer.token or "", piece, key)
            merged |= {shown["Id"]: shown for shown in answer.wire()["NewExecutionState"]["Operations"]}
        return Checkpointed(answer.token, list(merged.values()), None)

    def get_state(self, arn: str, token: str, marker: str, limit: int = 1000) -> StatePage:
        self._stay_dead()
        self.requests.append(Request("get_state", token, marker=marker))
        try:
            with self._lock:
                page = self.execution.state(token, marker or None, limit, self.clock.now)
        except Fault as fault:
            raise _service_error("GetDurableExecutionState", fault, arn) from None
        return StatePage(page.operations, page.marker)

    def _checkpoint(self, arn: str, token: str, updates: Sequence[dict[str, Any]], client_token: str) -> Answer:
        self._stay_dead()
        self.checkpoints += 1
        if self.checkpoints in self.faults.before:
            self._die()
        with self._lock:
            if self._eager:
                self._give_what_is_due()
            try:
                answer = self.execution.checkpoint(token, updates, client_token, self.clock.now, resolve=self._resolve)
            except Fault as fault:
                raise _service_error("CheckpointDurableExecution", fault, arn) from None
            finally:
                self._store()
        if self.checkpoints in self.faults.after:
            self._die()
        return answer

    def _give_what_is_due(self) -> None:
        while (due := self.replies.next(self.execution)) is not None and due.at <= self.clock.now:
            self.give(due)

    def _pieces(self, updates: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
        cuts = set() if self.faults.cut is None else set(self.faults.cut(updates))
        places = [0, *sorted(place for place in cuts if 0 < place < len(updates)), len(updates)]
        return [updates[start:end] for start, end in itertools.pairwise(places)]

    def _store(self) -> None:
        change = self.execution.drain()
        if change is not None:
            self.changes.append(change)

    def _die(self) -> None:
        self.is_dead = True
        raise WorkerDied

    def _stay_dead(self) -> None:
        if self.is_dead:
            raise WorkerDied


@dataclass
class Harness:
    """Runs a handler `answer(event: bytes) -> bytes` to the end of its execution."""

    answer: Callable[[bytes], bytes]
    service: LedgerService = field(default_factory=LedgerService)
    outputs: list[bytes | BaseException] = field(default_factory=list)
    """What each invocation ended with."""
    most: int = 100
    """Invocations after which the run counts as stuck."""

    @property
    def execution(self) -> Execution:
        return self.service.execution

    def run(self) -> Execution:
        """Run until the execution is over."""
        while self.execution.is_running:
            self.step()
            if len(self.outputs) > self.most:
                raise Stuck(f"{self.execution!r} after {self.most} invocations: {self.outputs[-3:]!r}")
        return self.execution

    def step(self) -> None:
        """Let happen what is due, run one invocation if one is, else go to what is due next: a reply, or a timer."""
        service, clock = self.service, self.service.clock
        service.fire()
        if self.execution.is_ready(clock.now):
            self.invoke()
        elif self.execution.is_running:
            due, said = self.execution.next_due(), service.replies.next(self.execution)
            if said is not None and (due is None or said.at <= due):
                clock.now = max(clock.now, said.at)
                service.give(said)
            elif due is not None:
                clock.now = max(clock.now, due)
            else:
                raise Stuck(
                    f"{self.execution!r} waits for {told(awaited(self.execution))} and nobody answers:"
                    f" {[e.type for e in self.execution.events]!r}"
                )

    def invoke(self) -> None:
        """Run one invocation."""
        event = self.service.begin()
        output: bytes | BaseException
        try:
            output = self.answer(event)
        except (Exception, WorkerDied) as error:  # noqa: BLE001 - whatever a handler raises ends its invocation
            output = error
        if self.service.is_dead:
            output = WorkerDied()
        self.outputs.append(output)
        self.service.finish(_ending(output))


def rebuilt(changes: Sequence[Change]) -> Record:
    """Put an execution together from its changes, as a store would."""
    spec = next(change.spec for change in changes if change.spec is not None)
    operations = {operation.id: operation for change in changes for operation in change.operations}
    return Record(
        spec,
        changes[-1].progress,
        sorted(operations.values(), key=lambda operation: operation.position),
        [event for change in changes for event in change.events],
    )


def succeeded(execution: Execution) -> Any:
    """Return the decoded result of an execution that must have succeeded."""
    progress = execution.progress
    assert progress.status is ExecutionStatus.SUCCEEDED, (progress.status, progress.error)
    return None if progress.result is None else orjson.loads(progress.result)


def _ending(output: bytes | BaseException) -> Returned | Failed:
    if isinstance(output, bytes):
        return Returned(output)
    if isinstance(output, WorkerDied):
        return Failed(ErrorObject(ErrorType="Runtime.ExitError", ErrorMessage="Runtime exited"))
    return Failed(ErrorObject(ErrorType=type(output).__name__, ErrorMessage=str(output)))


def _service_error(call: str, fault: Fault, arn: str) -> ServiceError:
    is_stale = fault.message.lower().startswith("invalid checkpoint token")
    return ServiceError(
        call, fault.code, fault.message, status=fault.status, retryable=is_stale or fault.status >= 500, execution=arn
    )
