"""What may follow what: the service's transition table, as data (PROTOCOL 2.3).

A row says from which statuses an action is accepted (None stands for an operation that does not exist yet), where it
leads, and the exact words of the refusal. An operation may be closed without ever having been started: START and close
usually travel together, and a START that was never sent is not missed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from perdure_local.ledger.callbacks import open_terms, timeout_error
from perdure_local.ledger.faults import invalid
from perdure_local.ledger.invokes import begin_terms
from perdure_local.ledger.kinds import Action, Kind, Status
from perdure_local.ledger.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_local.ledger.invokes import InvokeEnd
    from perdure_local.ledger.targets import Target
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
    Kind.CALLBACK: Timer(Status.STARTED, Status.TIMED_OUT),
}

OUTSIDE: dict[Kind, frozenset[Status]] = {
    Kind.CALLBACK: frozenset({Status.SUCCEEDED, Status.FAILED}),
    Kind.CHAINED_INVOKE: frozenset({Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.STOPPED}),
}
"""How somebody outside may end what has been STARTED."""


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
    need = _NEEDS.get((update.kind, update.action))
    if need is not None and getattr(update, need.member) is None:
        raise invalid(need.refusal)
    if update.action is Action.RETRY and update.error is not None and update.payload is not None:
        raise invalid("Cannot provide both error and payload to RETRY a STEP.")


class _Need(NamedTuple):
    member: str
    refusal: str


_NEEDS = {
    (Kind.STEP, Action.RETRY): _Need("delay", "Invalid StepOptions for the given action."),
    (Kind.WAIT, Action.START): _Need("wait_seconds", "Invalid WaitOptions for the given action."),
    (Kind.CHAINED_INVOKE, Action.START): _Need(
        "invoke", "Update for CHAINED_INVOKE operation requires ChainedInvokeOptions."
    ),
}


class Place(NamedTuple):
    """Where an update lands."""

    arn: str
    """The execution's."""
    position: int
    """In creation order, if the operation does not exist yet."""
    touched: int
    now: float
    target: Target | None = None
    """Whom a chained invoke calls."""


def apply_update(update: Update, current: Operation | None, place: Place) -> Operation:
    """Return the operation as a checked `update` leaves it."""
    before = current or Operation(
        id=update.id,
        kind=update.kind,
        position=place.position,
        touched=place.touched,
        status=Status.STARTED,
        started_at=place.now,
        name=update.name,
        parent_id=update.parent_id,
        sub_type=update.sub_type,
    )
    result = TRANSITIONS[update.kind, update.action].result
    effect = _EFFECTS.get((update.kind, update.action))
    fields = {} if effect is None else effect(update, before, place)
    ended = place.now if result.is_terminal else None
    return replace(before, status=result, touched=place.touched, ended_at=ended, **fields)


def fire_timer(operation: Operation, *, touched: int, now: float) -> Operation:
    """Return the operation as its timer leaves it; what a step recorded so far is kept."""
    result = TIMERS[operation.kind].result
    if not result.is_terminal:
        return replace(operation, status=result, touched=touched, due_at=None)
    error = timeout_error(operation) if result is Status.TIMED_OUT else operation.error
    return replace(operation, status=result, touched=touched, ended_at=now, error=error)


def end_from_outside(operation: Operation, end: InvokeEnd, *, touched: int, now: float) -> Operation:
    """Return the operation as somebody outside leaves it; what its target was sent is not needed any more."""
    if operation.status is not Status.STARTED or end.status not in OUTSIDE[operation.kind]:
        raise ValueError(f"a {operation.kind} that is {operation.status} cannot become {end.status} from outside")
    invoke = None if operation.invoke is None else replace(operation.invoke, input=None)
    return replace(
        operation,
        status=end.status,
        payload=end.result,
        error=end.error,
        invoke=invoke,
        touched=touched,
        ended_at=now,
    )


def _finish_attempt(update: Update, before: Operation, _place: Place) -> dict[str, Any]:
    return {"attempt": before.attempt + 1, "payload": update.payload, "error": update.error, "due_at": None}


def _retry(update: Update, before: Operation, place: Place) -> dict[str, Any]:
    return {**_finish_attempt(update, before, place), "due_at": round(place.now + (update.delay or 0), 3)}


def _close_context(update: Update, _before: Operation, _place: Place) -> dict[str, Any]:
    return {"payload": update.payload, "error": update.error, "replay_children": update.replay_children}


def _wait(update: Update, _before: Operation, place: Place) -> dict[str, Any]:
    return {"wait_seconds": update.wait_seconds, "due_at": round(place.now + (update.wait_seconds or 0), 3)}


def _cancel(update: Update, _before: Operation, _place: Place) -> dict[str, Any]:
    return {"error": update.error}


def _open_callback(update: Update, _before: Operation, place: Place) -> dict[str, Any]:
    terms = open_terms(update, place.arn, place.now)
    return {"callback": terms, "due_at": terms.due_at(place.now)}


def _begin_invoke(update: Update, _before: Operation, place: Place) -> dict[str, Any]:
    return {} if place.target is None else {"invoke": begin_terms(update, place.target)}


# The START of a step has no entry: it changes the status and nothing else. Above all it keeps the payload, which is the
# state that a condition has polled so far (PROTOCOL 11.1, row 21).
_EFFECTS: dict[tuple[Kind, Action], Callable[[Update, Operation, Place], dict[str, Any]]] = {
    (Kind.STEP, Action.SUCCEED): _finish_attempt,
    (Kind.STEP, Action.FAIL): _finish_attempt,
    (Kind.STEP, Action.RETRY): _retry,
    (Kind.CONTEXT, Action.SUCCEED): _close_context,
    (Kind.CONTEXT, Action.FAIL): _close_context,
    (Kind.WAIT, Action.START): _wait,
    (Kind.WAIT, Action.CANCEL): _cancel,
    (Kind.CALLBACK, Action.START): _open_callback,
    (Kind.CHAINED_INVOKE, Action.START): _begin_invoke,
}
