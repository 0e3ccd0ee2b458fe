"""What may follow what: the service's transition table, as data (PROTOCOL 2.3).

A row says from which statuses an action is accepted (None stands for an operation that does not exist yet), where it
leads, and the exact words of the refusal. An operation may be closed without ever having been started: START and close
usually travel together, and a START that was never sent is not missed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from perdure_local.ledger.faults import invalid
from perdure_local.ledger.kinds import Action, Kind, Status
from perdure_local.ledger.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_local.ledger.update import Update


class Row(NamedTuple):
    """One accepted action of one kind of operation."""

    allowed: frozenset[Status | None]
    result: Status
    refusal: str


class Timer(NamedTuple):
    """What the service does on its own when an operation falls due."""

    waiting: Status
    result: Status


_ABSENT = frozenset({None})
_UNSETTLED = frozenset({None, Status.STARTED, Status.READY})
_OPEN_CONTEXT = frozenset({None, Status.STARTED})
_RUNNING = frozenset[Status | None]({Status.STARTED})

_CLOSE_STEP = "Invalid current STEP state to close."
_CLOSE_CONTEXT = "Invalid current CONTEXT state to close."
_CLOSE_EXECUTION = "Invalid current EXECUTION state to close."

TRANSITIONS: dict[tuple[Kind, Action], Row] = {
    (Kind.STEP, Action.START): Row(
        frozenset({None, Status.READY}), Status.STARTED, "Invalid current STEP state to start."
    ),
    (Kind.STEP, Action.SUCCEED): Row(_UNSETTLED, Status.SUCCEEDED, _CLOSE_STEP),
    (Kind.STEP, Action.FAIL): Row(_UNSETTLED, Status.FAILED, _CLOSE_STEP),
    (Kind.STEP, Action.RETRY): Row(_UNSETTLED, Status.PENDING, "Invalid current STEP state to re-attempt."),
    (Kind.CONTEXT, Action.START): Row(_ABSENT, Status.STARTED, "Cannot start a CONTEXT that already exist."),
    (Kind.CONTEXT, Action.SUCCEED): Row(_OPEN_CONTEXT, Status.SUCCEEDED, _CLOSE_CONTEXT),
    (Kind.CONTEXT, Action.FAIL): Row(_OPEN_CONTEXT, Status.FAILED, _CLOSE_CONTEXT),
    (Kind.WAIT, Action.START): Row(_ABSENT, Status.STARTED, "Cannot start a WAIT that already exist."),
    (Kind.WAIT, Action.CANCEL): Row(
        _RUNNING, Status.CANCELLED, "Cannot cancel a WAIT that does not exist or has already completed."
    ),
    (Kind.CALLBACK, Action.START): Row(_ABSENT, Status.STARTED, "Cannot start a CALLBACK that already exist."),
    (Kind.CHAINED_INVOKE, Action.START): Row(
        _ABSENT, Status.STARTED, "Cannot start a CHAINED_INVOKE operation that already exists."
    ),
    (Kind.EXECUTION, Action.SUCCEED): Row(_RUNNING, Status.SUCCEEDED, _CLOSE_EXECUTION),
    (Kind.EXECUTION, Action.FAIL): Row(_RUNNING, Status.FAILED, _CLOSE_EXECUTION),
}

TIMERS: dict[Kind, Timer] = {
    Kind.STEP: Timer(Status.PENDING, Status.READY),
    Kind.WAIT: Timer(Status.STARTED, Status.SUCCEEDED),
}

UNSERVED = frozenset({Kind.CALLBACK, Kind.CHAINED_INVOKE})
"""Kinds whose rows are in the table but whose effects this service does not have yet."""


def check_transition(update: Update, status: Status | None) -> None:
    """Refuse an update that its operation's status does not allow, in the service's own words."""
    row = TRANSITIONS.get((update.kind, update.action))
    if row is None:
        raise invalid("Invalid action for the given operation type.")
    if status not in row.allowed:
        raise invalid(row.refusal)
    if update.action is Action.SUCCEED and update.error is not None:
        raise invalid("Cannot provide an Error for SUCCEED action.")
    if update.action is Action.FAIL and update.payload is not None:
        raise invalid("Cannot provide a Payload for FAIL action.")
    if update.action is Action.RETRY:
        if update.delay is None:
            raise invalid("Invalid StepOptions for the given action.")
        if update.error is not None and update.payload is not None:
            raise invalid("Cannot provide both error and payload to RETRY a STEP.")
    if (update.kind, update.action) == (Kind.WAIT, Action.START) and update.wait_seconds is None:
        raise invalid("Invalid WaitOptions for the given action.")
    if update.kind in UNSERVED:
        raise invalid(f"{update.kind} operations are not served by this service yet.")


def apply_update(update: Update, current: Operation | None, *, position: int, touched: int, now: float) -> Operation:
    """Return the operation as a checked `update` leaves it; `position` is used when it does not exist yet."""
    before = current or Operation(
        id=update.id,
        kind=update.kind,
        position=position,
        touched=touched,
        status=Status.STARTED,
        started_at=now,
        name=update.name,
        parent_id=update.parent_id,
        sub_type=update.sub_type,
    )
    result = TRANSITIONS[update.kind, update.action].result
    effect = _EFFECTS.get((update.kind, update.action))
    fields = {} if effect is None else effect(update, before, now)
    ended = now if result.is_terminal else None
    return replace(before, status=result, touched=touched, ended_at=ended, **fields)


def fire_timer(operation: Operation, *, touched: int, now: float) -> Operation:
    """Return the operation as its timer leaves it; what a step recorded so far is kept."""
    result = TIMERS[operation.kind].result
    if result.is_terminal:
        return replace(operation, status=result, touched=touched, ended_at=now)
    return replace(operation, status=result, touched=touched, due_at=None)


def _finish_attempt(update: Update, before: Operation, _now: float) -> dict[str, Any]:
    return {"attempt": before.attempt + 1, "payload": update.payload, "error": update.error, "due_at": None}


def _retry(update: Update, before: Operation, now: float) -> dict[str, Any]:
    return {**_finish_attempt(update, before, now), "due_at": round(now + (update.delay or 0), 3)}


def _close_context(update: Update, _before: Operation, _now: float) -> dict[str, Any]:
    return {"payload": update.payload, "error": update.error, "replay_children": update.replay_children}


def _wait(update: Update, _before: Operation, now: float) -> dict[str, Any]:
    return {"wait_seconds": update.wait_seconds, "due_at": round(now + (update.wait_seconds or 0), 3)}


def _cancel(update: Update, _before: Operation, _now: float) -> dict[str, Any]:
    return {"error": update.error}


# A START has no entry: it changes the status and nothing else. Above all it keeps a step's payload, which is the state
# that a condition has polled so far (PROTOCOL 11.1, row 21).
_EFFECTS: dict[tuple[Kind, Action], Callable[[Update, Operation, float], dict[str, Any]]] = {
    (Kind.STEP, Action.SUCCEED): _finish_attempt,
    (Kind.STEP, Action.FAIL): _finish_attempt,
    (Kind.STEP, Action.RETRY): _retry,
    (Kind.CONTEXT, Action.SUCCEED): _close_context,
    (Kind.CONTEXT, Action.FAIL): _close_context,
    (Kind.WAIT, Action.START): _wait,
    (Kind.WAIT, Action.CANCEL): _cancel,
}
