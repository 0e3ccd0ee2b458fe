"""What the workflows of this folder do in their steps: the same code under either SDK, told its attempt."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

LARGE = 300 * 1024
"""More characters than an operation's result may have before it is summarised."""
QUARTER = 70 * 1024
"""Four of these are too many together, each is small enough alone."""

SHORT = 100


class Declined(Exception):
    """What a body fails with."""


def declined(why: str) -> Any:
    """Fail for good."""
    raise Declined(why)


def reserved(attempt: int) -> dict[str, Any]:
    """Fail once."""
    if attempt == 1:
        raise Declined("no seat yet")
    return {"seat": 12, "attempt": attempt}


def quoted() -> dict[str, Any]:
    """A value of every kind that the default codec keeps."""
    return {
        "price": Decimal("1.10"),
        "until": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "id": UUID(int=7),
        "pair": (1, "two"),
        "raw": b"\x00\xff",
        "lines": [{"t": "m", "v": None}, [1.5, True, None], {"nested": {"deep": (Decimal(3),)}}],
        "plain": {"a": 1, "b": [2, {"c": "ü"}]},
    }


def shown(value: Any) -> str:
    """A value as text that tells types apart, for a result that has to be plain JSON."""
    return repr(value)


def brief(value: Any) -> Any:
    """The same value, with a mark in place of each long text."""
    match value:
        case str() if len(value) > SHORT:
            return f"{len(value)} characters, {hashlib.sha256(value.encode()).hexdigest()[:12]}"
        case dict():
            return {name: brief(member) for name, member in value.items()}
        case list():
            return [brief(member) for member in value]
    return value
