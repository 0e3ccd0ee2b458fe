"""How often `wait_for_condition` looks, and for how long.

A `Poll` is a plain frozen value that says when to check again; `until=` says what to wait for. A poll of your own,
`Poll.custom`, says both. Between checks the workflow is suspended and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from perdure.durations import Duration, seconds_of
from perdure.frozen import frozen
from perdure.retries import Backoff, Decision, Jitter, delay_of

__all__ = ["Poll"]

PollChoice: TypeAlias = Callable[[Any, int], Decision]  # Any: a policy is made before the state's type is known


@frozen
class Poll(Backoff):
    """A polling policy; made by one of its class methods."""

    choice: PollChoice | None = None
    """What `custom` was given."""

    DEFAULT: ClassVar[Poll]
    """60 attempts, 5 s growing by half to 5 min, full jitter; what a condition has that names none."""

    @classmethod
    def exponential(
        cls,
        *,
        attempts: int = 60,
        first: Duration = 5,
        cap: Duration = 300,
        rate: float = 1.5,
        jitter: Jitter = Jitter.FULL,
    ) -> Poll:
        """Delays that grow by the factor `rate`."""
        return cls(attempts, seconds_of(first), seconds_of(cap), rate, jitter=jitter)

    @classmethod
    def linear(
        cls,
        *,
        attempts: int = 60,
        first: Duration = 5,
        step: Duration = 5,
        cap: Duration = 300,
        jitter: Jitter = Jitter.FULL,
    ) -> Poll:
        """Delays that grow by `step`."""
        return cls(attempts, seconds_of(first), seconds_of(cap), 1.0, seconds_of(step), jitter)

    @classmethod
    def fixed(cls, *, delay: Duration = 5, attempts: int = 60) -> Poll:
        """The same delay every time."""
        pause = seconds_of(delay)
        return cls(attempts, pause, pause, 1.0, jitter=Jitter.NONE)

    @classmethod
    def custom(cls, choice: PollChoice) -> Poll:
        """Whatever `choice(state, attempt)` answers: a delay, or None once the condition holds.

        `attempt` counts from 1. The function may go on for ever; what it raises fails the operation.
        """
        if not callable(choice):
            raise TypeError(f"a custom poll is a function of state and attempt, not {type(choice).__name__}")
        return cls(attempts=1, choice=choice)

    def next_delay(self, attempt: int, random: float) -> int | None:
        """Whole seconds until the check after attempt number `attempt`, or None when the attempts are used up.

        `random` is a number from 0 to 1. A custom poll needs the state to decide: ask `chosen_delay`.
        """
        if self.choice is not None:
            raise TypeError("a custom poll decides by the state: ask chosen_delay(state, attempt)")
        return self.delay(attempt, random) if attempt < self.attempts else None

    def chosen_delay(self, state: object, attempt: int) -> int | None:
        """What a custom poll answers: whole seconds until the next check, or None when the condition holds."""
        if self.choice is None:
            raise TypeError("only a custom poll decides by the state: ask next_delay(attempt, random)")
        return delay_of(self.choice(state, attempt))


Poll.DEFAULT = Poll.exponential()
