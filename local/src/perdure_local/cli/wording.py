"""Words for times, values and errors, the same on every screen."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import orjson

from perdure import SerdesError
from perdure_local.ledger import Kind
from perdure_runtime.values.codec import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure_local.ledger import ErrorObject
    from perdure_local.moments import Resumed, Row, Tally

FROM_OUTSIDE = frozenset({Kind.CALLBACK, Kind.CHAINED_INVOKE})
"""Kinds whose results are others' texts, not values that were recorded with tags."""
_SHORT_ID = 8
"""Characters of an operation's id that tell it from the others of a run."""
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Say how long something is, in the two largest units that matter: `2 h 5 min`, `1.5 s`, `40 ms`."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:  # noqa: PLR2004 - a second
        return f"{max(milliseconds, 0)} ms"
    if milliseconds < 60_000:  # noqa: PLR2004 - a minute
        return f"{milliseconds / 1000:.1f} s".replace(".0 ", " ")
    left, parts = round(seconds), []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def countdown(seconds: float) -> str:
    """Say how much is left, as a clock does: `1:59:58`, `0:05`."""
    left = max(int(seconds + 0.999), 0)
    days, left = divmod(left, 86_400)
    hours, left = divmod(left, 3_600)
    minutes, left = divmod(left, 60)
    clock = f"{hours}:{minutes:02}:{left:02}" if hours or days else f"{minutes}:{left:02}"
    return f"{days} d {clock}" if days else clock


def offset(seconds: float) -> str:
    """Say how far into an execution something is: `2:00:05.169`."""
    milliseconds = max(round(seconds * 1000), 0)
    days, milliseconds = divmod(milliseconds, 86_400_000)
    hours, milliseconds = divmod(milliseconds, 3_600_000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    clock = f"{hours}:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
    return f"{days}d {clock}" if days else clock


def counted(number: int, noun: str) -> str:
    """`1 operation`, `2 operations`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def recorded_earlier(resumed: Resumed) -> str:
    """Say how much was done before an execution was taken up again."""
    return f"{counted(resumed.operations, 'operation')} recorded earlier"


def one_line(text: str) -> str:
    """Return a text with whatever would break or colour a line made visible."""
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def compact(text: str | None) -> str:
    """Return JSON text without white space; another text as it is, in one line; nothing for none."""
    if text is None:
        return ""
    try:
        return one_line(orjson.dumps(orjson.loads(text)).decode())
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):  # too deeply nested to be written, if not to be read
        return one_line(text)


def recorded(text: str | None) -> str:
    """Return an operation's result as `compact` does, without the tags that it is recorded with."""
    try:
        return "" if text is None else one_line(orjson.dumps(decode(text), default=str).decode())
    except (SerdesError, orjson.JSONEncodeError):
        return compact(text)


def received(row: Row) -> str:
    """Return an operation's result in its shortest form; what came from outside has no tags to be taken off."""
    return compact(row.result) if row.kind in FROM_OUTSIDE else recorded(row.result)


def recorded_value(text: str | None) -> object:
    """Return what an operation's recorded result stands for; one in a form of its own stands for itself."""
    try:
        return None if text is None else decode(text)
    except SerdesError:
        return value(text)


def value(text: str | None) -> object:
    """Return what JSON text stands for; a text that is not JSON stands for itself."""
    try:
        return None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def headline(error: Mapping[str, object] | ErrorObject | None) -> str:
    """Return what there is of an error's type and the first line of its message."""
    kind, message = (str((error or {}).get(field) or "") for field in ("ErrorType", "ErrorMessage"))
    first = message.strip().partition("\n")[0]
    return one_line(": ".join(part for part in (kind, first) if part) or "Unknown error")


def details(error: ErrorObject | None) -> list[str]:
    """Return what an error says beyond its headline: the rest of its message, then its stack, line by line."""
    if not error:
        return []
    rest = str(error.get("ErrorMessage") or "").strip().splitlines()[1:]
    stack = [line for entry in error.get("StackTrace") or [] for line in str(entry).splitlines()]
    return [one_line(line) for line in [*rest, *stack]]


def attempts(row: Row) -> str:
    """Say which attempt it took, where it was not the first."""
    return f"attempt {row.attempt}" if row.attempt > 1 else ""


def within(row: Row) -> str:
    """Return what goes before the name of an operation in a branch: branches happen at the same time."""
    return f"{one_line(row.branch)} / " if row.branch else ""


def counts(tally: Tally, *, is_over: bool) -> str:
    """Say how far a map or a parallel has come."""
    if is_over:
        parts = [(tally.succeeded, "succeeded"), (tally.failed, "failed"), (tally.under_way, "unfinished")]
    else:
        parts = [(tally.done, "done"), (tally.failed, "of them failed"), (tally.under_way, "under way")]
    return ", ".join(f"{number} {what}" for number, what in parts if number) or "nothing begun"


def callback_command(row: Row, options: str, verb: str = "succeed") -> str:
    """Return what to type to answer a callback; `options` say where the service is."""
    return f"perdure callback {verb} {shlex.quote(row.id[:_SHORT_ID])}{options}"


def way_out(row: Row) -> str:
    """Say what to do about a failure, where that is known."""
    is_missing = (row.error or {}).get("ErrorType") == "ResourceNotFoundException"
    if row.kind is Kind.CHAINED_INVOKE and is_missing:
        name = re.sub(r"^arn:.*:function:", "", row.function or "NAME").partition(":")[0]
        return f"to have it here, give: --function {one_line(name)}=MODULE.FUNCTION"
    return ""


def _escaped(character: str) -> str:
    return " " if character in "\t\n" else character.encode("unicode_escape").decode()
