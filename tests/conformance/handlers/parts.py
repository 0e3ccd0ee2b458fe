"""What the workflows of both flavours share, besides being the same workflows."""

from __future__ import annotations

import os

from perdure import current_step


class TransientError(Exception):
    """An error that another attempt may not meet."""


class Uppercase:
    """Records strings in capitals, so that a value shows whether it made the round trip."""

    def serialize(self, value: str, /) -> str:
        return value.upper()

    def deserialize(self, text: str, /) -> str:
        return text


def fail_until(attempt: int) -> None:
    """Raise in every attempt of the running step before this one."""
    if current_step().attempt < attempt:
        raise TransientError(f"attempt {current_step().attempt} fails")


def refuse_transient_errors(error: BaseException, attempt: int) -> float | None:
    """A retry policy: anything but a `TransientError` gets a second attempt."""
    return 1 if attempt < 2 and not isinstance(error, TransientError) else None


def crash() -> None:
    """End the process with nothing cleaned up, as a crash does."""
    os._exit(1)
