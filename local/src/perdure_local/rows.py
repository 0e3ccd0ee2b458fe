"""Rows: what a notice makes of the line that stands for its operation.

An operation of an execution that the one being watched has invoked is a row, too, below the invoke.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perdure_local.ledger import Kind
from perdure_local.moments import Row, State, Tally
from perdure_local.notices import (
    CallbackCreated,
    FunctionInvoked,
    OperationFailed,
    OperationNotice,
    OperationRetrying,
    OperationStarted,
    OperationSucceeded,
    OperationWaiting,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLD_ONE_BY_ONE = 6
"""Items of a map, or branches of a parallel, that are told one by one."""

_STATES: dict[type[OperationNotice], State] = {
    OperationStarted: State.RUNNING,
    OperationSucceeded: State.SUCCEEDED,
    OperationFailed: State.FAILED,
    OperationRetrying: State.RETRYING,
    OperationWaiting: State.WAITING,
    CallbackCreated: State.WAITING,
    FunctionInvoked: State.WAITING,
}
_OPEN = frozenset({State.RUNNING, State.WAITING})
"""States of a row that its next notice goes on from; the others begin anew."""
_BATCHES = frozenset({"Map", "Parallel"})
"""Subtypes of the contexts whose children are items or branches."""
_WHOLES = frozenset({"WaitForCallback"})
"""Subtypes of contexts that name their parts after themselves."""
_INNER_CALLBACK = "create callback id"
"""What the callback of a `wait_for_callback` is called; beside its kind that says nothing."""


def key_of(notice: OperationNotice, roots: Mapping[str, str]) -> str:
    """Return the key of an operation's row; `roots` has the key of the row that stands for an execution, by ARN.

    Ids are made of positions, so two executions of one workflow have operations of the same ids.
    """
    return _key(roots.get(notice.arn), notice.operation_id)


def row_of(notice: OperationNotice, rows: Mapping[str, Row], roots: Mapping[str, str]) -> Row:
    """Return the row that an operation has after a notice."""
    key, root = key_of(notice, roots), roots.get(notice.arn)
    parent_key = root if notice.parent_id is None else _key(root, notice.parent_id)
    known, parent = rows.get(key), rows.get(parent_key or "")
    goes_on = known is not None and known.state in _OPEN and not isinstance(notice, OperationStarted)
    row = Row(
        key=key,
        id=notice.operation_id,
        execution=notice.arn,
        kind=notice.kind,
        name=notice.name,
        parent_key=parent_key,
        sub_type=notice.sub_type,
        depth=0 if parent is None else parent.depth + (not parent.is_branch),
        short_name=_short_name(notice.name, parent),
        branch=_branch(parent),
        state=_STATES[type(notice)],
        attempt=notice.attempt,
        started_at=known.started_at if known is not None and goes_on else notice.at,
        at=notice.at,
        tally=Tally() if notice.sub_type in _BATCHES and notice.kind is Kind.CONTEXT else None,
        is_folded=_is_folded(known, parent),
    )
    if known is not None:
        row = replace(row, tally=known.tally, callback_id=known.callback_id, function=known.function)
    delay = known.delay if known is not None and goes_on else None
    return _told(row, notice, delay)


def moved_on(tally: Tally, known: Row | None, row: Row) -> Tally:
    """Return the tally of a map or a parallel one of whose items or branches was `known`, and is `row` now."""

    def change(state: State) -> int:
        return (row.state is state) - (known is not None and known.state is state)

    return Tally(
        tally.begun + (known is None),
        tally.succeeded + change(State.SUCCEEDED),
        tally.failed + change(State.FAILED),
    )


def is_counted(row: Row) -> bool:
    """Return whether most of a row's items are only counted."""
    return row.tally is not None and row.tally.begun > TOLD_ONE_BY_ONE


def _key(root: str | None, operation_id: str) -> str:
    return operation_id if root is None else f"{root}/{operation_id}"


def _told(row: Row, notice: OperationNotice, delay: int | None) -> Row:
    match notice:
        case OperationSucceeded(result=result):
            return replace(row, result=result, delay=delay)
        case OperationFailed(error=error):
            return replace(row, error=error)
        case OperationRetrying(error=failed, delay=pause, until=until, state=state):
            return replace(row, error=failed, delay=pause, until=until, polled=state)
        case OperationWaiting(delay=pause, until=until):
            return replace(row, delay=pause, until=until)
        case CallbackCreated(callback_id=callback_id, timeout=timeout):
            end = None if timeout is None else notice.at + timeout
            return replace(row, callback_id=callback_id, delay=timeout, until=end)
        case FunctionInvoked(function=function):
            return replace(row, function=function)
    return row


def _short_name(name: str | None, parent: Row | None) -> str | None:
    """Return the name of a part without that of the whole, which stands above it."""
    if not name or parent is None or parent.sub_type not in _WHOLES:
        return None
    short = name.removeprefix(f"{parent.name} ")
    return "" if short == _INNER_CALLBACK else short


def _branch(parent: Row | None) -> str | None:
    if parent is None:
        return None
    return parent.label if parent.is_branch else parent.branch


def _is_folded(known: Row | None, parent: Row | None) -> bool:
    if known is not None:
        return known.is_folded
    if parent is None:
        return False
    return parent.is_folded or (parent.tally is not None and parent.tally.begun >= TOLD_ONE_BY_ONE)
