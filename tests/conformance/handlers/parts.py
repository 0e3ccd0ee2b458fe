"""What the workflows of both flavours share, besides being the same workflows."""

from __future__ import annotations

import json
import os
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from perdure import Batch, BatchItem, BatchReason, BatchStatus, current_step

LONGER_THAN_THE_LINGER = 1.0
"""Seconds after which the START of a step that still runs has long been recorded: it is held back for 0.2 s at most."""


class TransientError(Exception):
    """An error that another attempt may not meet."""


class Uppercase:
    """Records strings in capitals, so that a value shows whether it made the round trip."""

    def serialize(self, value: str, /) -> str:
        return value.upper()

    def deserialize(self, text: str, /) -> str:
        return text


class Shout:
    """Reads a text as it was sent, quotes and all, in capitals."""

    def serialize(self, value: str, /) -> str:
        return value

    def deserialize(self, text: str, /) -> str:
        return text.upper()


class CapitalJson:
    """JSON in capitals."""

    def serialize(self, value: object, /) -> str:
        return json.dumps(value).upper()

    def deserialize(self, text: str, /) -> Any:
        return json.loads(text)


class Hexadecimal:
    """Records strings as the hexadecimal digits of their bytes."""

    def serialize(self, value: str, /) -> str:
        return value.encode().hex()

    def deserialize(self, text: str, /) -> str:
        return bytes.fromhex(text).decode()


class Number:
    """A whole number."""

    def serialize(self, value: int, /) -> str:
        return str(value)

    def deserialize(self, text: str, /) -> int:
        return int(text)


class Message:
    """An object with a time, which is written as in ISO 8601 and read as seconds since the epoch."""

    def serialize(self, value: dict[str, Any], /) -> str:
        return json.dumps(value)

    def deserialize(self, text: str, /) -> dict[str, Any]:
        received: dict[str, Any] = json.loads(text)
        return received | {"timestamp": int(datetime.fromisoformat(received["timestamp"]).timestamp())}


class Envelope:
    """A value in an object of its own."""

    def serialize(self, value: str, /) -> str:
        return json.dumps({"wrapped": value})

    def deserialize(self, text: str, /) -> str:
        value: str = json.loads(text)["wrapped"]
        return value


class Prefix:
    """A string behind a prefix."""

    def serialize(self, value: str, /) -> str:
        return f"wrapped:{value}"

    def deserialize(self, text: str, /) -> str:
        return text.removeprefix("wrapped:")


class Joined:
    """A whole batch of strings as one line."""

    def serialize(self, value: Batch[str], /) -> str:
        return "OPSERDE:" + ",".join(value.values())

    def deserialize(self, text: str, /) -> Batch[str]:
        results = text.removeprefix("OPSERDE:").split(",")
        items = tuple(BatchItem(index, None, BatchStatus.SUCCEEDED, it) for index, it in enumerate(results))
        return Batch(items, BatchReason.ALL_COMPLETED, len(items))


def facts(batch: Batch[Any], *left_out: str) -> dict[str, Any]:
    """What a requirement asks about a batch, under the names it has there."""
    known = {
        "completionReason": batch.reason,
        "status": batch.status,
        "successCount": batch.success_count,
        "failureCount": batch.failure_count,
        "totalCount": len(batch),
    }
    return {name: known[name] for name in known if name not in left_out}


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


def crash_the_first_time(text: str) -> str:
    """Crash when the running step is known to have begun; return `text` when it is run again.

    An attempt that a crash cut short is made again under the same number. So it is a file that tells the two apart.
    """
    trace = Path(tempfile.gettempdir(), f"perdure-conformance-{current_step().idempotency_key}")
    try:
        trace.touch(exist_ok=False)
    except FileExistsError:
        trace.unlink()
        return text
    time.sleep(LONGER_THAN_THE_LINGER)
    crash()
    return text
