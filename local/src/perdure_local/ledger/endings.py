"""How an invocation, and an execution, comes to its end (PROTOCOL 1.4, 6.4, 9.4, 9.5).

An answer ends the execution or suspends it; a failed invocation is repeated from the durable state, a number of times;
an answer nobody can make sense of ends the execution at once. A terminal state is final.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perdure_local.ledger import history
from perdure_local.ledger.kinds import ErrorObject, ExecutionStatus, Status
from perdure_local.ledger.output import Failed, InvalidOutput, Output, Returned, read_output
from perdure_local.ledger.validation import SIZE_RULE, is_larger

if TYPE_CHECKING:
    from perdure_local.ledger.book import Book
    from perdure_local.ledger.limits import Limits


def take_ending(book: Book, ending: Returned | Failed, limits: Limits, now: float) -> None:
    """Record how the invocation in flight ended, and decide what follows."""
    if isinstance(ending, Failed):
        _take_failure(book, ending, limits, now)
        return
    try:
        output = read_output(ending.output)
    except InvalidOutput as problem:
        _refuse(book, str(problem), now)
        return
    _take_output(book, output, limits, now)


def _refuse(book: Book, why: str, now: float) -> None:
    error = ErrorObject(ErrorType="InvalidParameterValueException", ErrorMessage=why)
    complete_invocation(book, now, error)
    close(book, ExecutionStatus.FAILED, now, error=error)


def _take_output(book: Book, output: Output, limits: Limits, now: float) -> None:
    if output.status != "PENDING":
        if book.spec.is_chained and is_larger(output.result, limits.payload_bytes):
            _refuse(book, f"Execution output payload {SIZE_RULE.format(limits.payload_bytes)}", now)
            return
        close(book, ExecutionStatus(output.status), now, result=output.result, error=output.error)
        return
    operations = book.operations
    if not operations.has_pending and not operations.has_undelivered:
        _take_idle_pending(book, limits, now)
        return
    complete_invocation(book, now, None)
    # A change that no answer delivered would otherwise never reach the handler: timers fire once.
    invoke_at = now if operations.has_undelivered else None
    book.move(now, failures=0, idle_pendings=0, invoke_at=invoke_at)


def _take_idle_pending(book: Book, limits: Limits, now: float) -> None:
    text = "Cannot return PENDING status with no pending operations."
    error = ErrorObject(ErrorType="InvalidParameterValueException", ErrorMessage=text)
    idle = book.progress.idle_pendings + 1
    complete_invocation(book, now, error)
    if idle >= limits.idle_pendings:
        close(book, ExecutionStatus.FAILED, now, error=error)
        return
    book.move(now, idle_pendings=idle, invoke_at=round(now + limits.invocation_backoff, 3))


def _take_failure(book: Book, ending: Failed, limits: Limits, now: float) -> None:
    complete_invocation(book, now, ending.error)
    if not ending.is_counted:
        book.move(now, invoke_at=now)
        return
    failures = book.progress.failures + 1
    book.move(now, failures=failures)
    if ending.is_final or failures >= limits.invocation_failures:
        close(book, ExecutionStatus.FAILED, now, error=ending.error)
        return
    book.move(now, invoke_at=round(now + limits.invocation_backoff, 3))


def complete_invocation(book: Book, now: float, error: ErrorObject | None) -> None:
    progress = book.progress
    if progress.invocation_id is None or progress.invoked_at is None:
        return
    book.append(history.invocation_completed(progress.invocation_id, progress.invoked_at, now, error), now)
    book.move(now, invocation_id=None, invoked_at=None)


def close(
    book: Book, status: ExecutionStatus, now: float, *, result: str | None = None, error: ErrorObject | None = None
) -> None:
    # The last event of a history is the execution's end: an invocation still in flight is completed before it, and
    # whatever it does later is refused (its token) or ignored (its output).
    complete_invocation(book, now, None)
    opening = book.operations.find(book.spec.id)
    if opening is None:
        raise RuntimeError(f"{book.spec.arn} has no EXECUTION operation")
    ended = replace(opening, status=Status(status.value), ended_at=now, touched=book.progress.touch + 1)
    book.put(ended, now)
    book.append(history.execution_ended(status, result, error), now, ended)
    book.move(now, status=status, ended_at=now, result=result, error=error, invoke_at=None)
