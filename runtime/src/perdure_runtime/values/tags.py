"""What has a tag in recorded values, and how each such type becomes JSON and comes back (PROTOCOL 8.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.paths import Unfit, named

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

__all__ = [
    "BATCH",
    "DEEPEST",
    "DICT",
    "LIST",
    "MOMENT",
    "TAG",
    "TOO_DEEP",
    "TUPLE",
    "VALUE",
    "Rich",
    "Structure",
    "rich_types",
    "shown",
]

TAG, VALUE = "t", "v"
LIST, DICT, TUPLE, BATCH, MOMENT = "l", "m", "t", "br", "dt"
DEEPEST = 100
"""Levels of nesting that a value with tags may have; more would meet Python's recursion limit, sooner or later as the
caller's stack is deep. Plain JSON may have orjson's 254."""
TOO_DEEP = f"is nested more than {DEEPEST} levels deep, or contains itself; let its parts name each other by an id"
LONGEST = 32
"""Characters of a datetime's ISO text whose offset is in minutes."""
SHOWN = 40
"""Characters of a found value that an error message shows."""


class Rich:
    """A type that travels as text under a tag of its own."""

    __slots__ = ("from_text", "kind", "tag", "to_text")

    def __init__(self, tag: str, kind: type, to_text: Callable[[Any], str], from_text: Callable[[str], object]) -> None:
        self.tag = tag
        self.kind = kind
        self.to_text = to_text
        self.from_text = from_text

    def read(self, text: object) -> object:
        """The value that `text` stands for."""
        if type(text) is str:
            try:
                return self.from_text(text)
            except (ValueError, ArithmeticError):  # decimal's own complaint is an ArithmeticError
                pass
        raise Unfit(f"expected the text of a {self.kind.__name__}, found {shown(text)}")


class Structure(NamedTuple):
    """A type that travels as a dict under a tag of its own; what is in the dict is in the codec's form again."""

    tag: str
    kind: type
    to_members: Callable[[Any], dict[str, object]]
    from_members: Callable[[dict[str, object]], object]
    """Raises `Unfit` for members that no writer wrote."""


@cache
def rich_types() -> dict[type, Rich]:
    """The types of PROTOCOL 8.2 that JSON lacks, imported when the first value asks for them."""
    from binascii import a2b_base64, b2a_base64
    from datetime import date, datetime
    from decimal import Decimal
    from uuid import UUID

    rows = (
        Rich("B", bytes, lambda data: b2a_base64(data, newline=False).decode(), a2b_base64),
        Rich("u", UUID, str, UUID),
        Rich("d", Decimal, str, Decimal),
        Rich(MOMENT, datetime, _moment_text, datetime.fromisoformat),
        Rich("D", date, date.isoformat, date.fromisoformat),
    )
    return {row.kind: row for row in rows}


def _moment_text(value: datetime) -> str:
    zone = value.tzinfo
    if zone is not None and not _is_fixed(zone):
        raise Unfit(
            f"has the time zone {zone}, whose offset depends on the day, and only the offset is stored:"
            " return it as UTC, .astimezone(UTC), with the zone's name beside it where that matters"
        )
    text = value.isoformat()
    # An offset of less than a second, which Python itself writes and reads as none.
    if len(text) > LONGEST and type(value).fromisoformat(text).utcoffset() != value.utcoffset():
        raise Unfit("has an offset from UTC that its ISO text does not keep")
    return text


def _is_fixed(zone: tzinfo) -> bool:
    """Whether the offset says all about a zone: then it has one without a day, too."""
    try:
        return zone.utcoffset(None) is not None
    except Exception:  # noqa: BLE001  a class of the user's
        return False


def shown(value: object) -> str:
    """A found value, as error messages show it: its type and, where that is short and harmless, itself."""
    kind = type(value)
    if value is None:
        return "None"
    if kind in {bool, float} or (kind is int and abs(cast("int", value)) < 10**SHOWN):
        return f"{kind.__name__} {value!r}"
    if kind is str:
        text = cast("str", value)
        return f"str {text!r}" if len(text) <= SHOWN else f"str {text[:SHOWN]!r}…"
    return named(value)
