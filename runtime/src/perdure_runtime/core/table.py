"""What an operation does next, given what is recorded of it.

This table is the replay model. A workflow runs from its top in every invocation; each durable call looks its record up
and does what its row says. `docs/replay.md` shows the table as it stands here.

A cell that is missing means the service recorded something that cannot be: `move_for` says so, loudly, rather than
letting a call run again that may have happened.
"""

from __future__ import annotations

from enum import Enum

from perdure_runtime.core.vocabulary import Kind, Status

__all__ = ["TABLE", "Impossible", "Move", "move_for"]


class Move(Enum):
    """What a durable call does next."""

    START = "record its start, then do its work"
    RERUN = "do its work again, or for a context run its body again; a `once` step's attempt counts as interrupted"
    PARK = "wait: the service will say when it goes on"
    RETURN = "return the recorded result"
    RAISE = "raise the recorded failure"


TABLE: dict[tuple[Kind, Status | None], Move] = {
    (Kind.STEP, None): Move.START,
    (Kind.STEP, Status.STARTED): Move.RERUN,
    (Kind.STEP, Status.PENDING): Move.PARK,
    (Kind.STEP, Status.READY): Move.START,
    (Kind.STEP, Status.SUCCEEDED): Move.RETURN,
    (Kind.STEP, Status.FAILED): Move.RAISE,
    (Kind.STEP, Status.CANCELLED): Move.RAISE,
    (Kind.STEP, Status.TIMED_OUT): Move.RAISE,
    (Kind.STEP, Status.STOPPED): Move.RAISE,
    (Kind.WAIT, None): Move.START,
    (Kind.WAIT, Status.STARTED): Move.PARK,
    (Kind.WAIT, Status.SUCCEEDED): Move.RETURN,
    (Kind.WAIT, Status.FAILED): Move.RAISE,
    (Kind.WAIT, Status.CANCELLED): Move.RAISE,
    (Kind.WAIT, Status.TIMED_OUT): Move.RAISE,
    (Kind.WAIT, Status.STOPPED): Move.RAISE,
    (Kind.CONTEXT, None): Move.START,
    (Kind.CONTEXT, Status.STARTED): Move.RERUN,
    (Kind.CONTEXT, Status.SUCCEEDED): Move.RETURN,
    (Kind.CONTEXT, Status.FAILED): Move.RAISE,
    (Kind.CONTEXT, Status.CANCELLED): Move.RAISE,
    (Kind.CONTEXT, Status.TIMED_OUT): Move.RAISE,
    (Kind.CONTEXT, Status.STOPPED): Move.RAISE,
    (Kind.CALLBACK, None): Move.START,
    (Kind.CALLBACK, Status.STARTED): Move.PARK,
    (Kind.CALLBACK, Status.SUCCEEDED): Move.RETURN,
    (Kind.CALLBACK, Status.FAILED): Move.RAISE,
    (Kind.CALLBACK, Status.CANCELLED): Move.RAISE,
    (Kind.CALLBACK, Status.TIMED_OUT): Move.RAISE,
    (Kind.CALLBACK, Status.STOPPED): Move.RAISE,
    (Kind.CHAINED_INVOKE, None): Move.START,
    (Kind.CHAINED_INVOKE, Status.STARTED): Move.PARK,
    (Kind.CHAINED_INVOKE, Status.SUCCEEDED): Move.RETURN,
    (Kind.CHAINED_INVOKE, Status.FAILED): Move.RAISE,
    (Kind.CHAINED_INVOKE, Status.CANCELLED): Move.RAISE,
    (Kind.CHAINED_INVOKE, Status.TIMED_OUT): Move.RAISE,
    (Kind.CHAINED_INVOKE, Status.STOPPED): Move.RAISE,
}


class Impossible(Exception):
    """The history holds a state that this kind of operation cannot be in: a bug, the service's or ours."""

    def __init__(self, kind: str, status: str | None, operation_id: str) -> None:
        self.kind = kind
        self.status = status
        self.operation_id = operation_id
        super().__init__(kind, status, operation_id)

    def __str__(self) -> str:
        return (
            f"operation {self.operation_id[:8]}: a {self.kind} cannot be {self.status}. This is a bug in Perdure or in"
            " the service; nothing was run."
        )


def move_for(kind: Kind, status: Status | None, operation_id: str) -> Move:
    """The cell of the table for an operation whose record has `status`; None where nothing is recorded."""
    try:
        return TABLE[kind, status]
    except KeyError:
        raise Impossible(kind, status, operation_id) from None
