"""A block of operations that is run again when it fails (PROTOCOL 5.12).

Each attempt takes places of its own in the history, so a replay meets the recorded failures again and comes by the same
way. Between two attempts lies a wait like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.frozen import frozen
from perdure_runtime.core.effects import Ok, Op, Outcome, Raised, enter
from perdure_runtime.core.operations.wait import wait
from perdure_runtime.core.retry import PERMANENT
from perdure_runtime.core.vocabulary import Kind, Subtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Retry
    from perdure_runtime.core.identity import Scope
    from perdure_runtime.core.journal import Journal

__all__ = ["RetryingWork", "retrying"]


@frozen
class RetryingWork:
    """What is tried, and how often."""

    body: Callable[[Any, int], object]
    policy: Retry
    random: Callable[[], float]
    name_of_wait: Callable[[int], str | None]


def retrying(journal: Journal, scope: Scope, work: RetryingWork) -> Op[Outcome[Any]]:
    """End with the first success, or with the failure that the policy gives up on; inside a context that is given."""
    attempt = 1
    while True:
        outcome = yield from enter(_attempt(work, attempt), scope)
        if isinstance(outcome, Ok):
            return outcome
        try:
            delay = _delay(work, outcome.error, attempt)
        except Exception as broken:  # noqa: BLE001  a policy of the user's own is user code
            broken.__context__ = outcome.error
            return Raised(broken)
        if delay is None:
            return outcome
        pause, record = journal.ask_next(scope, Kind.WAIT, Subtype.WAIT, work.name_of_wait(attempt))
        scope.begins(record)
        waited = yield from wait(journal, pause, delay)
        scope.ended(record)
        if isinstance(waited, Raised):
            return waited
        attempt += 1


def _attempt(work: RetryingWork, attempt: int) -> Callable[[Any], object]:
    return lambda context: work.body(context, attempt)


def _delay(work: RetryingWork, error: Exception, attempt: int) -> int | None:
    if isinstance(error, PERMANENT):
        return None
    return work.policy.decide(error, attempt, work.random())
