"""When a failed attempt is made again, and how long after.

A `Retry` is a plain frozen value; asking it (`policy.decide`) is pure: the caller brings the randomness. Delays grow to
a cap, jitter spreads them, and a whole second is the least the service can wait (polling counts alike):

    base = min(first * rate ** (attempt - 1), cap)          exponential
    base = min(first + step * (attempt - 1), cap)           linear
    FULL jitter: anything from 0 to base; HALF: from base / 2 to base; NONE: base

Filters choose the errors worth another attempt: by type (`on`), by a pattern found in the message (`matching`), or
both; an error that meets either passes, and with no filter every error passes.

An error has a say, too, and so has each one in a group of errors: a `NonRetryable` is never tried again, and the policy
is not even asked; after a `RetryAfter` the policy decides whether, and the error when: the longest delay of several.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import ClassVar, TypeAlias, TypeVar, cast

from perdure.durations import LONGEST, Duration, seconds_of
from perdure.errors import AFTER, FINAL, NonRetryable, RetryAfter
from perdure.frozen import changed, frozen

__all__ = ["Decision", "Jitter", "Retry", "RetryDecision"]

T = TypeVar("T")
EVERY_ERROR: tuple[type[BaseException], ...] = ()


class Jitter(enum.Enum):
    """How far a delay strays from its base, so that failures that began together do not return together."""

    NONE = "none"
    HALF = "half"
    FULL = "full"

    def spread(self, base: float, random: float) -> float:
        """`base` with this jitter applied; `random` is a number from 0 to 1."""
        if self is Jitter.NONE:
            return base
        if self is Jitter.HALF:
            return base / 2 + random * base / 2
        return random * base


@frozen
class RetryDecision:
    """Whether to try again, and after how many seconds."""

    delay: float | None

    @classmethod
    def retry_after(cls, delay: Duration) -> RetryDecision:
        """Try again after `delay`."""
        return cls(seconds_of(delay))

    @classmethod
    def stop(cls) -> RetryDecision:
        """Do not try again."""
        return cls(None)


Decision: TypeAlias = RetryDecision | timedelta | float | None
"""What a policy of your own may answer: a `RetryDecision`, a delay, or None for "do not try again"."""

Choice: TypeAlias = Callable[[BaseException, int], Decision]


@frozen
class Backoff:
    """Delays that grow from attempt to attempt: the arithmetic that retrying and polling share."""

    attempts: int
    first: float = 5.0
    cap: float = 300.0
    rate: float = 2.0
    step: float = 0.0
    jitter: Jitter = Jitter.FULL

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise ValueError(f"attempts is a whole number from 1 up, not {self.attempts!r}")
        for name in ("first", "cap"):
            if not 0 < getattr(self, name) <= LONGEST:
                raise ValueError(f"{name} is between 0 (exclusive) and {LONGEST} seconds, not {getattr(self, name)!r}")
        if self.first > self.cap:
            raise ValueError(f"first ({self.first:g} s) is longer than cap ({self.cap:g} s)")
        if not (math.isfinite(self.rate) and self.rate >= 1):
            raise ValueError(f"rate is a finite number from 1 up, not {self.rate!r}")
        if not (math.isfinite(self.step) and self.step >= 0):
            raise ValueError(f"step is a finite number from 0 up, not {self.step!r}")
        if not isinstance(self.jitter, Jitter):
            raise TypeError(f"jitter is one of Jitter.NONE, Jitter.HALF and Jitter.FULL, not {self.jitter!r}")

    def delay(self, attempt: int, random: float) -> int:
        """Whole seconds to wait after attempt number `attempt`; `random` is a number from 0 to 1."""
        try:
            grown = self.first * self.rate ** (attempt - 1) + self.step * (attempt - 1)
        except OverflowError:
            grown = self.cap
        return whole(self.jitter.spread(min(grown, self.cap), random))


@frozen
class Retry(Backoff):
    """A retry policy; made by one of its class methods, or taken from its presets."""

    on: tuple[type[BaseException], ...] = EVERY_ERROR
    matching: tuple[str, ...] = ()
    interrupted: bool = False
    """Whether an interrupted attempt of a `once` step is made again."""
    choice: Choice | None = None

    DEFAULT: ClassVar[Retry]
    """6 attempts, 5 s doubling to 60 s, full jitter; what a step has that names none."""
    TRANSIENT: ClassVar[Retry]
    """3 attempts, 5 s doubling to 5 min, half jitter."""
    RESOURCE_AVAILABILITY: ClassVar[Retry]
    """5 attempts, 5 s doubling to 5 min, full jitter."""
    CRITICAL: ClassVar[Retry]
    """10 attempts, 1 s growing by half to 60 s, no jitter."""
    LINEAR: ClassVar[Retry]
    """6 attempts, 1 s and one more each time, no jitter."""
    FIXED: ClassVar[Retry]
    """5 attempts, 5 s apart."""
    NONE: ClassVar[Retry]
    """One attempt."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.matching:
            import re

            for pattern in self.matching:
                re.compile(pattern)
        if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in self.on):
            raise TypeError(f"on holds exception classes, not {self.on!r}")

    @classmethod
    def exponential(
        cls,
        *,
        attempts: int = 3,
        first: Duration = 5,
        cap: Duration = 300,
        rate: float = 2.0,
        jitter: Jitter = Jitter.FULL,
        on: type[BaseException] | tuple[type[BaseException], ...] = EVERY_ERROR,
        matching: str | tuple[str, ...] = (),
        interrupted: bool = False,
    ) -> Retry:
        """Delays that grow by the factor `rate`."""
        return cls(
            attempts,
            seconds_of(first),
            seconds_of(cap),
            rate,
            jitter=jitter,
            on=_tuple(on),
            matching=_tuple(matching),
            interrupted=interrupted,
        )

    @classmethod
    def linear(
        cls,
        *,
        attempts: int = 6,
        first: Duration = 1,
        step: Duration = 1,
        cap: Duration = 300,
        jitter: Jitter = Jitter.FULL,
        on: type[BaseException] | tuple[type[BaseException], ...] = EVERY_ERROR,
        matching: str | tuple[str, ...] = (),
        interrupted: bool = False,
    ) -> Retry:
        """Delays that grow by `step`."""
        return cls(
            attempts,
            seconds_of(first),
            seconds_of(cap),
            1.0,
            seconds_of(step),
            jitter=jitter,
            on=_tuple(on),
            matching=_tuple(matching),
            interrupted=interrupted,
        )

    @classmethod
    def fixed(
        cls,
        *,
        attempts: int = 5,
        delay: Duration = 5,
        jitter: Jitter = Jitter.NONE,
        on: type[BaseException] | tuple[type[BaseException], ...] = EVERY_ERROR,
        matching: str | tuple[str, ...] = (),
        interrupted: bool = False,
    ) -> Retry:
        """The same delay every time."""
        pause = seconds_of(delay)
        return cls(
            attempts,
            pause,
            pause,
            1.0,
            jitter=jitter,
            on=_tuple(on),
            matching=_tuple(matching),
            interrupted=interrupted,
        )

    @classmethod
    def custom(cls, choice: Choice, *, interrupted: bool = False) -> Retry:
        """Whatever `choice(error, attempt)` answers; `attempt` counts from 1."""
        if not callable(choice):
            raise TypeError(f"a custom retry is a function of error and attempt, not {type(choice).__name__}")
        return cls(attempts=1, choice=choice, interrupted=interrupted)

    def decide(self, error: BaseException, attempt: int, random: float) -> int | None:
        """Whole seconds to wait before the next attempt, or None to give up; `random` is a number from 0 to 1."""
        if is_final(error):
            return None
        if self.choice is not None:
            delay = delay_of(self.choice(error, attempt))
        elif attempt >= self.attempts or not self._accepts(error):
            delay = None
        else:
            delay = self.delay(attempt, random)
        return delay if delay is None else max(_asked_for(error), default=delay)

    def _accepts(self, error: BaseException) -> bool:
        if not self.on and not self.matching:
            return True
        if isinstance(error, self.on):
            return True
        import re

        return any(re.search(pattern, str(error)) for pattern in self.matching)


def is_final(error: BaseException) -> bool:
    """Whether the error itself rules another attempt out."""
    return any(isinstance(one, NonRetryable) or getattr(one, FINAL, None) is True for one in _with_members(error))


def _asked_for(error: BaseException) -> Iterator[int]:
    """The delays that an error asks for, its members' too; one of the user's may have none, or a `timedelta`."""
    for one in _with_members(error):
        asked = getattr(one, "delay" if isinstance(one, RetryAfter) else AFTER, None)
        if asked is not None:
            yield whole(seconds_of(asked))


def _with_members(error: BaseException) -> Iterator[BaseException]:
    found = [error]
    for one in found:
        yield one
        if isinstance(one, BaseExceptionGroup):
            found += cast("BaseExceptionGroup[BaseException]", one).exceptions


def whole(delay: float) -> int:
    """`delay` as the service takes it: whole seconds, rounded up, at least one and at most 366 days."""
    return min(max(1, math.ceil(delay)), LONGEST)


def as_policy(choice: Retry | Choice) -> Retry:
    """What a `retry=` stands for: the policy itself, or one that asks a function of error and attempt."""
    return choice if isinstance(choice, Retry) else Retry.custom(choice)


def delay_of(decision: Decision) -> int | None:
    """The delay of a decision as the service takes it; None for "no more"."""
    delay = decision.delay if isinstance(decision, RetryDecision) else decision
    return None if delay is None else whole(seconds_of(delay))


def _tuple(value: T | tuple[T, ...]) -> tuple[T, ...]:
    return cast("tuple[T, ...]", value) if isinstance(value, tuple) else (value,)


Retry.DEFAULT = Retry.exponential(attempts=6, cap=60)
Retry.TRANSIENT = Retry.exponential(jitter=Jitter.HALF)
Retry.RESOURCE_AVAILABILITY = Retry.exponential(attempts=5)
Retry.CRITICAL = Retry.exponential(attempts=10, first=1, cap=60, rate=1.5, jitter=Jitter.NONE)
Retry.LINEAR = Retry.linear(jitter=Jitter.NONE)
Retry.FIXED = Retry.fixed()
Retry.NONE = changed(Retry.FIXED, attempts=1)
