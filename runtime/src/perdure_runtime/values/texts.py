"""Types that travel as text because an annotation says what they are, beyond those that the codec has tags for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.tags import Rich, rich_types

if TYPE_CHECKING:
    from datetime import time, timedelta

__all__ = ["text_type"]

DURATION: Final = (
    r"([+-])?P(?=[0-9T])(?:([0-9]{1,10})W)?(?:([0-9]{1,10})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,12})H)?(?:([0-9]{1,14})M)?(?:([0-9]{1,15})(?:[.,]([0-9]{1,6}))?S)?)?"
)


def text_type(kind: type) -> Rich | None:
    """How values of `kind` are text; None for a type that is not."""
    found = rich_types().get(kind)
    if found is not None or kind.__module__ == "builtins":
        return found if kind is not bytearray else _bytearray()
    # By the name of its module: nobody who has the class needs an import, and nobody else should pay for one.
    make = BY_MODULE.get(kind.__module__.partition(".")[0])
    return None if make is None else make(kind)


def _bytearray() -> Rich:
    octets = rich_types()[bytes]
    return Rich("", bytearray, octets.to_text, lambda text: bytearray(octets.from_text(text)))  # type: ignore[call-overload]


def _of_time(kind: type) -> Rich | None:
    from datetime import time, timedelta

    if kind is time:
        return Rich("", kind, _time_text, time.fromisoformat)
    return Rich("", kind, duration_text, duration_of) if kind is timedelta else None


def _of_paths(kind: Any) -> Rich:  # noqa: ANN401  a class of pathlib
    return Rich("", type(kind()), str, kind)


def _of_addresses(kind: Any) -> Rich | None:  # noqa: ANN401  a class of ipaddress
    return Rich("", kind, str, kind) if kind.__name__.startswith(("IPv4", "IPv6")) else None


BY_MODULE: dict[str, Callable[[Any], Rich | None]] = {
    "datetime": _of_time,
    "pathlib": _of_paths,
    "ipaddress": _of_addresses,
}


def _time_text(value: time) -> str:
    if value.tzinfo is not None and value.utcoffset() is None:
        raise Unfit("has a time zone whose offset depends on the day, which a time alone does not keep")
    text = value.isoformat()
    if (
        type(value).fromisoformat(text).utcoffset() != value.utcoffset()
    ):  # an offset of less than a second, which Python reads as none
        raise Unfit("has an offset from UTC that its ISO text does not keep")
    return text


def duration_text(value: timedelta) -> str:
    """A timedelta as ISO 8601 has it, in days and seconds: `P1DT30S`, `-PT0.5S`."""
    sign, value = ("-", -value) if value.days < 0 else ("", value)
    whole, micro = value.seconds, value.microseconds
    seconds = f"{whole}.{micro:06}".rstrip("0") if micro else str(whole)
    days = f"{value.days}D" if value.days else ""
    return f"{sign}P{days}" + (f"T{seconds}S" if whole or micro or not days else "")


def duration_of(text: str) -> timedelta:
    """The timedelta that such a text stands for; weeks, hours and minutes are read too."""
    from datetime import timedelta

    found = re.fullmatch(DURATION, text)
    if found is None:
        raise ValueError(text)
    sign, *parts, fraction = found.groups()
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts)
    micro = int((fraction or "").ljust(6, "0"))
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=micro)
    return -span if sign == "-" else span
