"""What happens to an operation from outside: nobody who holds a checkpoint token does it (PROTOCOL 6.4, 9.6).

A callback is ended, or kept alive, by whoever was given its id; a chained invoke is ended by its target. The handler
learns of it in the answer to its next checkpoint, or in an invocation that is begun for that. What is over stays as it
is: a late caller of a callback is told so, a late target is not heard.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perdure_local.ledger import history
from perdure_local.ledger.callbacks import refuse_ended, unknown_callback
from perdure_local.ledger.invokes import InvokeEnd
from perdure_local.ledger.kinds import ExecutionStatus, Kind, Status
from perdure_local.ledger.transitions import end_from_outside
from perdure_local.ledger.update import text_bytes

if TYPE_CHECKING:
    from perdure_local.ledger.book import Book
    from perdure_local.ledger.kinds import ErrorObject
    from perdure_local.ledger.operation import Operation


def open_callback(book: Book, operation_id: str) -> Operation:
    """Return a callback that waits for its end; raises the fault of one that is over or was never there."""
    operation = book.operations.find(operation_id)
    if operation is None or operation.callback is None:
        raise unknown_callback(operation_id)
    if book.progress.status is not ExecutionStatus.RUNNING:
        raise unknown_callback(operation.callback.id)
    refuse_ended(operation, operation.callback.id)
    return operation


def end_callback(book: Book, callback: Operation, result: str | None, error: ErrorObject | None, now: float) -> None:
    """Record the end of an open callback: a failure if there is an error, even an empty one."""
    status = Status.SUCCEEDED if error is None else Status.FAILED
    _end(book, callback, InvokeEnd(status, result, error), now)


def keep_alive(book: Book, callback: Operation, now: float) -> None:
    """Begin a callback's heartbeat gap anew. It is nothing the handler is told, and nothing its history shows."""
    terms = callback.callback
    if terms is not None and terms.heartbeat is not None:
        book.amend(replace(callback, due_at=terms.due_at(now)), now)


def end_invoke(book: Book, operation_id: str, end: InvokeEnd, now: float) -> None:
    """Record what became of an invoke's target; changes nothing where the invoke or its execution is over."""
    operation = book.operations.find(operation_id)
    if operation is None or operation.kind is not Kind.CHAINED_INVOKE:
        raise LookupError(f"{book.spec.arn} has no CHAINED_INVOKE operation {operation_id}")
    if book.progress.status is not ExecutionStatus.RUNNING or operation.status.is_terminal:
        return
    _end(book, operation, end, now)


def wake(book: Book, now: float) -> None:
    """Have an invocation begin, unless one is under way or already due."""
    if book.progress.invocation_id is None and book.progress.invoke_at is None:
        book.move(now, invoke_at=now)


def _end(book: Book, operation: Operation, end: InvokeEnd, now: float) -> None:
    ended = end_from_outside(operation, end, touched=book.progress.touch + 1, now=now)
    book.put(ended, now)
    book.append(history.ending_entry(ended), now, ended)
    book.move(now, written_bytes=book.progress.written_bytes + text_bytes(ended.payload, ended.error))
    wake(book, now)
