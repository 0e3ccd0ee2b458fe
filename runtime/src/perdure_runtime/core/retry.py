"""What becomes of a failed attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure import DurableCallRefused, HandlerRefused, ReplayMismatch, SerdesError, StepInterrupted

if TYPE_CHECKING:
    from perdure import StepOptions

__all__ = ["PERMANENT", "next_delay"]

PERMANENT = (SerdesError, DurableCallRefused, HandlerRefused, ReplayMismatch)
"""Failures that another attempt cannot mend: the code has to change. They pass every retry policy by."""


def next_delay(options: StepOptions, error: Exception, attempt: int, random: float) -> int | None:
    """Whole seconds until the next attempt, or None where the step has failed for good.

    An interrupted attempt may have happened, so it is made again only where the policy says `interrupted`.
    """
    if isinstance(error, PERMANENT):
        return None
    policy = options.policy
    if isinstance(error, StepInterrupted) and not policy.interrupted:
        return None
    return policy.decide(error, attempt, random)
