"""The checks of one checkpoint, in the service's order and words (PROTOCOL 4.4).

First the batch as a whole, then ids and parents of every update, then each update against its operation. `stage_batch`
plays the updates on the side and returns what they would leave behind, so that a refused batch has changed nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.ledger.faults import invalid
from perdure_local.ledger.kinds import Action, Kind
from perdure_local.ledger.targets import read_target
from perdure_local.ledger.transitions import Place, apply_update, check_transition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure_local.ledger.change import Spec
    from perdure_local.ledger.limits import Limits
    from perdure_local.ledger.operation import Operation
    from perdure_local.ledger.targets import Target
    from perdure_local.ledger.update import Update


class Staged(NamedTuple):
    """One checked update and the operation it leaves."""

    update: Update
    operation: Operation
    is_new: bool
    target: Target | None = None
    """Whom a chained invoke calls; it is not resolved yet."""


class Ground(NamedTuple):
    """What a batch is checked against."""

    find: Callable[[str], Operation | None]
    spec: Spec
    limits: Limits
    next_position: int
    next_touch: int


_RESTARTABLE = frozenset({Kind.STEP, Kind.CONTEXT})


def stage_batch(updates: Sequence[Update], ground: Ground, now: float) -> list[Staged]:
    """Check a batch against the recorded operations and return its effects in order; raises at the first refusal."""
    _check_execution_updates(updates)
    _check_ids_and_parents(updates, ground)
    fresh: dict[str, Operation] = {}
    staged: list[Staged] = []
    created = 0
    for index, update in enumerate(updates):
        key = ground.spec.id if update.kind is Kind.EXECUTION else update.id
        current = fresh.get(key) or ground.find(key)
        if update.kind is not Kind.EXECUTION:
            _check_consistency(update, current)
        _check_sizes(update, ground)
        check_transition(update, None if current is None else current.status)
        target = _target(update, ground)
        place = Place(ground.spec.arn, ground.next_position + created, ground.next_touch + index, now, target)
        after = apply_update(update, current, place)
        created += current is None
        fresh[key] = after
        staged.append(Staged(update, after, current is None, target))
    return staged


def _target(update: Update, ground: Ground) -> Target | None:
    if update.kind is not Kind.CHAINED_INVOKE or update.invoke is None:
        return None
    return read_target(update.invoke, ground.spec.function_arn)


def _check_execution_updates(updates: Sequence[Update]) -> None:
    places = [index for index, update in enumerate(updates) if update.kind is Kind.EXECUTION]
    if len(places) > 1:
        raise invalid("Cannot checkpoint multiple EXECUTION updates.")
    if places and places[0] != len(updates) - 1:
        raise invalid("EXECUTION checkpoint must be the last update.")


def _check_ids_and_parents(updates: Sequence[Update], ground: Ground) -> None:
    seen: dict[str, Update] = {}
    closed: set[str] = set()
    contexts: set[str] = set()
    for update in updates:
        first = seen.setdefault(update.id, update)
        if first is not update:
            if update.id in closed or not _continues(first, update):
                raise invalid("Cannot checkpoint multiple operations with the same ID.")
            closed.add(update.id)
        parent = update.parent_id
        if parent is not None and parent not in contexts:
            known = ground.find(parent)
            if known is None or known.kind is not Kind.CONTEXT:
                raise invalid("Invalid parent operation id.")
        if update.kind is Kind.CONTEXT and update.action is Action.START:
            contexts.add(update.id)


def _continues(first: Update, second: Update) -> bool:
    return (
        first.kind in _RESTARTABLE
        and second.kind is first.kind
        and first.action is Action.START
        and second.action is not Action.START
    )


def _check_consistency(update: Update, current: Operation | None) -> None:
    if current is None:
        return
    if update.kind is not current.kind:
        raise invalid("Inconsistent operation type.")
    if update.sub_type is not None and update.sub_type != current.sub_type:
        raise invalid("Inconsistent operation subtype.")
    if update.name is not None and update.name != current.name:
        raise invalid("Inconsistent operation name.")
    if update.parent_id is not None and update.parent_id != current.parent_id:
        raise invalid("Inconsistent parent operation id.")


def _check_sizes(update: Update, ground: Ground) -> None:
    limits = ground.limits
    if update.error is not None and len(json.dumps(update.error)) > limits.error_characters:
        raise invalid(f"Error object size must be less than {limits.error_characters} bytes.")
    if update.payload is None:
        return
    subject, most = f"{update.kind} payload", limits.payload_bytes
    if update.kind is Kind.EXECUTION:
        subject, most = "Execution output payload", limits.result_bytes(ground.spec)
    elif update.kind is Kind.CHAINED_INVOKE:
        subject = "CHAINED_INVOKE input payload"
    if is_larger(update.payload, most):
        raise invalid(f"{subject} {SIZE_RULE.format(most)}")


SIZE_RULE = "size must be less than or equal to {} bytes."


def is_larger(payload: str | None, most: int) -> bool:
    """Whether a payload takes more than `most` bytes."""
    # Four bytes are the most a character takes, so most payloads are settled without being encoded.
    return payload is not None and len(payload) * 4 > most and len(payload.encode()) > most
