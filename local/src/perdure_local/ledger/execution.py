"""One execution as the service sees it: a state machine without I/O, clock or threads (PROTOCOL 9.4, 9.5, 9.11).

Its life is a loop: it becomes ready, one invocation begins, checkpoints arrive along a chain of tokens, the invocation
ends; then it is over, or ready again at once, later, or when a timer fires. Every verb takes `now`. What a verb did is
collected with `drain()` and must be stored before its answer goes out; an `Execution.restore` of what was stored equals
the original in all but its memory of the last client token, which dies with the invocation that could repeat it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from perdure_local.ledger import history
from perdure_local.ledger.answers import Answer, Given
from perdure_local.ledger.book import Book
from perdure_local.ledger.callbacks import check_error, read_result
from perdure_local.ledger.change import Change, Progress, Record, Spec
from perdure_local.ledger.endings import close, take_ending
from perdure_local.ledger.faults import invalid
from perdure_local.ledger.invokes import resolve_target
from perdure_local.ledger.kinds import Action, ErrorObject, ExecutionStatus, Kind, Status
from perdure_local.ledger.limits import AWS_LIMITS, DEFAULT_PAGE, MAXIMUM_PAGE, Limits
from perdure_local.ledger.operation import Operation, milliseconds, seconds
from perdure_local.ledger.outside import end_callback, end_invoke, keep_alive, open_callback, wake
from perdure_local.ledger.pages import Cut, Page, cut_page, read_marker, shown_of
from perdure_local.ledger.targets import nowhere
from perdure_local.ledger.transitions import fire_timer
from perdure_local.ledger.update import Update, read_update
from perdure_local.ledger.validation import Ground, stage_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perdure_local.ledger.history import Event
    from perdure_local.ledger.invokes import InvokeEnd
    from perdure_local.ledger.output import Failed, Returned
    from perdure_local.ledger.targets import Resolve

INVALID_TOKEN = "Invalid Checkpoint Token"  # noqa: S105 - the text of a refusal
"""The spelling that most official SDKs look for; see `invalid_token` of `Execution.checkpoint`."""


class Invocation(NamedTuple):
    """One call of the handler: the event is the envelope, ready to be encoded."""

    id: str
    arn: str
    event: dict[str, Any]


class Execution:
    """The service's truth about one execution."""

    def __init__(self, book: Book, limits: Limits = AWS_LIMITS) -> None:
        self._book = book
        self._limits = limits
        self._last: Given | None = None

    @classmethod
    def start(cls, spec: Spec, limits: Limits = AWS_LIMITS) -> Execution:
        """Open an execution: its EXECUTION operation, its first event, and an invocation that is due at once."""
        now = spec.started_at
        opening = Operation(
            id=spec.id,
            kind=Kind.EXECUTION,
            position=0,
            touched=1,
            status=Status.STARTED,
            started_at=now,
            name=spec.name,
            payload=spec.payload,
        )
        progress = Progress(invoke_at=now, written_bytes=len((spec.payload or "").encode()))
        book = Book(Record(spec, progress, (), ()), is_stored=False)
        book.put(opening, now)
        book.deliver(now)
        book.append(history.execution_started(spec.payload, spec.timeout), now, opening)
        return cls(book, limits)

    @classmethod
    def restore(cls, record: Record, limits: Limits = AWS_LIMITS) -> Execution:
        """Rebuild an execution from what was stored."""
        return cls(Book(record, is_stored=True), limits)

    def __repr__(self) -> str:
        shown = self.progress
        flight = f" in invocation {shown.invocation_id}" if shown.invocation_id else ""
        return f"<Execution {self.spec.arn} {shown.status}{flight}, {len(self._book.operations)} operations>"

    # What can be asked

    @property
    def spec(self) -> Spec:
        """What the execution was started with."""
        return self._book.spec

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return self._book.progress

    @property
    def events(self) -> Sequence[Event]:
        """Its history so far."""
        return self._book.events

    @property
    def operations(self) -> Iterable[Operation]:
        """Its operations in creation order."""
        return self._book.operations

    @property
    def is_running(self) -> bool:
        """Whether the execution has not ended."""
        return self.progress.status is ExecutionStatus.RUNNING

    @property
    def in_flight(self) -> bool:
        """Whether an invocation is under way."""
        return self.progress.invocation_id is not None

    @property
    def token(self) -> str:
        """The one checkpoint token that is valid now: text made of ARN, sequence number and invocation."""
        parts = {"arn": self.spec.arn, "seq": self.progress.tokens, "inv": self.progress.invocation_id}
        return base64.b64encode(orjson.dumps(parts)).decode()

    def is_ready(self, now: float) -> bool:
        """Whether an invocation should begin."""
        due = self.progress.invoke_at
        return self.is_running and not self.in_flight and due is not None and due <= round(now, 3)

    def next_due(self) -> float | None:
        """Return when something happens on its own next: a timer, the timeout, an invocation. None: nothing will."""
        invoke_at = None if self.in_flight else self.progress.invoke_at
        times = (self.next_timer(), invoke_at)
        return min((at for at in times if at is not None), default=None)

    def next_timer(self) -> float | None:
        """Return when `fire` will change something next."""
        if not self.is_running:
            return None
        times = (self._book.operations.next_timer(), self.spec.deadline)
        return min((at for at in times if at is not None), default=None)

    @property
    def awaits_outside(self) -> bool:
        """Whether a callback or the target of an invoke may end at any time: a time that nobody can skip to."""
        return self.is_running and self._book.operations.awaits_outside

    def open_invokes(self) -> list[Operation]:
        """Return the chained invokes whose targets have not ended, for whoever starts those: `invokes_of` the past."""
        if not self.is_running:
            return []
        return [operation for operation in self._book.operations.awaited() if operation.kind is Kind.CHAINED_INVOKE]

    def record(self) -> Record:
        """Return all of it as values."""
        return self._book.record()

    def drain(self) -> Change | None:
        """Return what happened since the last drain, to be stored in one transaction; None if nothing did."""
        return self._book.drain()

    # What can happen

    def fire(self, now: float) -> None:
        """Let everything happen that is due: timers, then the execution's own timeout."""
        now = round(now, 3)
        deadline = self.spec.deadline
        if not self.is_running:
            return
        if deadline is not None and deadline <= now:
            error = ErrorObject(ErrorMessage=f"Execution timed out after {self.spec.timeout} seconds.")
            close(self._book, ExecutionStatus.TIMED_OUT, now, error=error)
            return
        if self._fire_timers(now):
            wake(self._book, now)

    def begin_invocation(self, invocation_id: str, now: float) -> Invocation:
        """Begin an invocation that is due; all earlier tokens become invalid, and the handler will have seen all."""
        now = round(now, 3)
        if not self.is_ready(now):
            raise RuntimeError(f"{self!r} is not ready to be invoked")
        updated = shown_of(self._book.operations.undelivered(), self._book.operations)
        self._book.move(
            now,
            invocation_id=invocation_id,
            invoked_at=now,
            invoke_at=None,
            invocations=self.progress.invocations + 1,
            tokens=self.progress.tokens + 1,
        )
        self._book.deliver(now)
        limits = self._limits
        cut = Cut(0, limits.page_items, limits.page_bytes, self.progress.tokens, at_least_one=False)
        page = cut_page(self._book.operations, cut, milliseconds)
        event = {
            "DurableExecutionArn": self.spec.arn,
            "CheckpointToken": self.token,
            "InitialExecutionState": {"Operations": page.operations, "NextMarker": page.marker or ""},
            "UpdatedOperationIds": updated,
        }
        return Invocation(invocation_id, self.spec.arn, event)

    def checkpoint(
        self,
        token: str,
        updates: Sequence[object],
        client_token: str | None,
        now: float,
        *,
        invalid_token: str = INVALID_TOKEN,
        resolve: Resolve = nowhere,
    ) -> Answer:
        """Record a batch, all of it or nothing (PROTOCOL 4.3).

        `invalid_token` is how the caller's SDK spells that refusal; `resolve` knows the functions that can be invoked.
        """
        now = round(now, 3)
        last = self._last
        if last is not None and last.repeats(client_token, token, now - self._limits.idempotency_seconds):
            return last.answer
        self._check_token(token, now, invalid_token)
        batch = [read_update(member, index) for index, member in enumerate(updates)]
        self._apply(batch, resolve, now)
        self._fire_timers(now)
        answer = self._answer(batch, now)
        self._last = Given(client_token, token, now, answer) if client_token else None
        return answer

    def state(
        self, token: str, marker: str | None, limit: int, now: float, *, invalid_token: str = INVALID_TOKEN
    ) -> Page:
        """Return a page of the state; the token stays valid.

        The watermark stays where it is: to deliver a change twice costs nothing, to lose one hangs the handler.
        """
        self._check_token(token, now, invalid_token)
        if not 0 <= limit <= MAXIMUM_PAGE:
            raise invalid(f"MaxItems must be between 0 and {MAXIMUM_PAGE}.")
        start = read_marker(marker, self.progress.tokens) if marker else 0
        cut = Cut(start, limit or DEFAULT_PAGE, self._limits.page_bytes, self.progress.tokens, at_least_one=True)
        return cut_page(self._book.operations, cut, seconds)

    def finish_invocation(self, invocation_id: str, ending: Returned | Failed, now: float) -> None:
        """Take the end of an invocation; one that is no longer the current one changes nothing."""
        now = round(now, 3)
        if self.progress.invocation_id != invocation_id:
            return
        take_ending(self._book, ending, self._limits, now)

    def succeed_callback(self, operation_id: str, body: bytes, now: float) -> None:
        """End a callback with a result: `body` as it was sent. Refusals of a callback that is over may fire timers."""
        now = self._brought_up_to(now)
        callback = open_callback(self._book, operation_id)
        end_callback(self._book, callback, read_result(body, self._limits.payload_bytes), None, now)

    def fail_callback(self, operation_id: str, error: ErrorObject | None, now: float) -> None:
        """End a callback with an error, which may be empty."""
        now = self._brought_up_to(now)
        callback, given = open_callback(self._book, operation_id), error or ErrorObject()
        check_error(given, self._limits.payload_bytes)
        end_callback(self._book, callback, None, given, now)

    def heartbeat_callback(self, operation_id: str, now: float) -> None:
        """Take a sign of life, which only moves the heartbeat's deadline."""
        now = self._brought_up_to(now)
        keep_alive(self._book, open_callback(self._book, operation_id), now)

    def finish_invoke(self, operation_id: str, end: InvokeEnd, now: float) -> None:
        """Take the end of a chained invoke's target; where the invoke or the execution is over this changes nothing."""
        end_invoke(self._book, operation_id, end, self._brought_up_to(now))

    def stop(self, error: ErrorObject | None, now: float) -> float:
        """Stop the execution and return when it ended; on one that has ended this changes nothing."""
        now = round(now, 3)
        if self.is_running:
            given = error or ErrorObject(ErrorMessage="Execution stopped by user request")
            close(self._book, ExecutionStatus.STOPPED, now, error=given)
        return self.progress.ended_at or now

    # How it is done

    def _brought_up_to(self, now: float) -> float:
        # What was due before a call has come first, whenever this service comes to notice it.
        self.fire(now)
        return round(now, 3)

    def _check_token(self, token: str, now: float, refusal: str) -> None:
        deadline = self.spec.deadline
        if deadline is not None and deadline <= now:
            self.fire(now)
        if not self.is_running or not self.in_flight or token != self.token:
            raise invalid(refusal)

    def _apply(self, batch: Sequence[Update], resolve: Resolve, now: float) -> None:
        book = self._book
        ground = Ground(
            find=book.operations.find,
            spec=self.spec,
            limits=self._limits,
            next_position=len(book.operations),
            next_touch=book.progress.touch + 1,
        )
        # Everything that can go wrong has gone wrong, or right, before the first update is recorded.
        staged = [resolve_target(one, resolve, now) for one in stage_batch(batch, ground, now)]
        for update, operation, is_new, _ in staged:
            if update.kind is Kind.EXECUTION:
                continue
            book.put(operation, now)
            for entry in history.update_entries(update, operation):
                book.append(entry, now, operation)
            spent = book.progress.spent_operations + (is_new or update.action is Action.RETRY)
            book.move(now, spent_operations=spent, written_bytes=book.progress.written_bytes + update.size)

    def _answer(self, batch: Sequence[Update], now: float) -> Answer:
        closing = batch[-1] if batch and batch[-1].kind is Kind.EXECUTION else None
        if closing is not None:
            status = ExecutionStatus.SUCCEEDED if closing.action is Action.SUCCEED else ExecutionStatus.FAILED
            close(self._book, status, now, result=closing.payload, error=closing.error)
        else:
            self._check_quota(now)
        if self.is_running:
            self._book.move(now, tokens=self.progress.tokens + 1)
        delta = self._book.operations.undelivered()
        self._book.deliver(now)
        return Answer(self.token if self.is_running else None, delta)

    def _check_quota(self, now: float) -> None:
        limits, progress = self._limits, self.progress
        for used, most, unit in (
            (progress.spent_operations, limits.operations, "durable operations"),
            (progress.written_bytes, limits.written_bytes, "bytes of written data"),
        ):
            if used > most:
                text = f"The execution exceeded its quota of {most} {unit}."
                error = ErrorObject(ErrorType="ServiceQuotaExceededException", ErrorMessage=text)
                close(self._book, ExecutionStatus.FAILED, now, error=error)
                return

    def _fire_timers(self, now: float) -> bool:
        book = self._book
        has_fired = False
        while (due := book.operations.pop_due(now)) is not None:
            operation = fire_timer(due, touched=book.progress.touch + 1, now=now)
            book.put(operation, now)
            entry = history.timer_entry(operation)
            if entry is not None:
                book.append(entry, now, operation)
            has_fired = True
        return has_fired
