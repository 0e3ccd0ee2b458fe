"""One record as one line, in the two formats Lambda knows.

JSON is a single object: timestamp, level, message and logger, then the origin, then the user's fields, then the error.
Values that JSON has no form for are written by `str`; NaN and the infinities too, since a bare NaN makes the whole line
unreadable to CloudWatch.

Text has the shape of the stock runtime, tabs included, with the fields as `key=value` after the message. Lambda splits
plain output at every line feed, so within one record a carriage return stands for it, and no-break spaces for the
indentation that would otherwise be stripped: CloudWatch then keeps a traceback in one event.
"""

from __future__ import annotations

import time
from _json import encode_basestring, make_encoder
from typing import TYPE_CHECKING

from perdure.errors import RecordedError, failure
from perdure_runtime.logs.fields import NAMES
from perdure_runtime.logs.settings import SETTINGS
from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVEL_NAMES = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
_HEAD = ("timestamp", "level", "message", "logger")
_ERROR = ("errorType", "errorMessage", "stackTrace")
_DEEPEST = 50
_LARGEST = 2**64
_NO_BREAK_SPACE = "\u00a0"


class Entry(NamedTuple):
    """A record before it is rendered; `fields` holds its origin and the user's own."""

    seconds: float
    level: int
    message: object
    logger: str | None
    fields: Mapping[str, object]
    error: BaseException | None = None


def rank(level: int) -> int:
    """The level a number belongs to, from DEBUG to CRITICAL."""
    return min(50, max(10, level)) // 10 * 10


def rendered(entry: Entry, *, one_line: bool = True) -> str:
    """The line for `entry`, with its final line feed; `one_line` says whether a line feed would end the record."""
    if SETTINGS.as_json:
        return _json(entry) + "\n"
    line = _text(entry)
    return (_joined(line) if one_line else line) + "\n"


def text(value: object) -> str:
    """`str(value)`, also for a value that refuses."""
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  the value's own code runs here; a log line survives it
        return f"<{type(value).__name__} whose text raised {type(error).__name__}>"


def stack(error: BaseException) -> list[str]:
    """The frames of an error, or its whole traceback where another error or a group belongs to it."""
    try:
        related = error.__cause__ is not None or (error.__context__ is not None and not error.__suppress_context__)
        if related or isinstance(error, BaseExceptionGroup):
            return [*_whole(error), *_recorded(error)]
        return [*_frames(error), *_recorded(error)]
    except Exception:  # noqa: BLE001  the error's own code runs here; a log line survives it
        return _frames(error)


def _whole(error: BaseException) -> list[str]:
    import traceback  # for an error only: its import takes longer than a line

    return traceback.format_exception(error)


def _frames(error: BaseException) -> list[str]:
    import traceback

    return traceback.format_tb(BaseException.__getattribute__(error, "__traceback__"))


def _told(error: BaseException) -> str:
    """An error as the end of a line of text."""
    try:
        return "".join([*_whole(error), *_recorded(error)])
    except Exception:  # noqa: BLE001  the error's own code runs here; a log line survives it
        return "".join([*_frames(error), f"{type(error).__name__}: {text(error)}"])


def _recorded(error: BaseException) -> list[str]:
    """The frames of the operation that raised the error, where they ran in another invocation or thread."""
    facts = failure(error)
    if facts is None or isinstance(error.__cause__, RecordedError):  # which shows them itself
        return []
    from perdure_runtime.values.traces import frames_in, note_of

    note = note_of(frames_in(facts.stack))
    return [] if note is None else [f"{line}\n" for line in note.splitlines()]


def _timestamp(seconds: float) -> str:
    whole, thousandths = divmod(int(seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{thousandths:03d}Z"


def _json(entry: Entry) -> str:
    line: dict[str, object] = {
        "timestamp": _timestamp(entry.seconds),
        "level": _LEVEL_NAMES[rank(entry.level)],
        "message": entry.message,
    }
    if entry.logger is not None:
        line["logger"] = entry.logger
    for name in NAMES:
        if name in entry.fields:
            line[name] = entry.fields[name]
    taken = _HEAD if entry.error is None else _HEAD + _ERROR
    for name, value in entry.fields.items():
        if name not in NAMES:
            line[f"{name}_" if name in taken else name] = value
    if entry.error is not None:
        line["errorType"] = type(entry.error).__name__
        line["errorMessage"] = text(entry.error)
        line["stackTrace"] = stack(entry.error)
    return _encoded(line)


# Spaces after commas and colons; no indent, no sorted keys, no skipped ones, no NaN. A cycle meets the recursion limit.
_CHUNKS = make_encoder(None, text, encode_basestring, None, ": ", ", ", *(False, False, False))


def _encoded(line: dict[str, object]) -> str:
    try:
        return "".join(_CHUNKS(line, 0))
    except (TypeError, ValueError, RecursionError):
        # A key that is no string, a NaN, a cycle, an endless number: rare, so only now are the values copied.
        return "".join(_CHUNKS(_plain(line, ()), 0))


def _plain(value: object, around: tuple[int, ...]) -> object:
    """A copy of `value` that JSON can say; `around` are the containers it lies in."""
    if isinstance(value, float):
        return value if value - value == 0.0 else str(value)  # infinity less itself is no number
    if isinstance(value, int):
        return value if abs(value) < _LARGEST else text(value)
    if value is None or isinstance(value, str):
        return value
    if id(value) in around or len(around) == _DEEPEST:
        return f"<{type(value).__name__} not shown: a cycle, or nested too deep>"
    around = (*around, id(value))
    if isinstance(value, dict):
        return {text(key): _plain(item, around) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, around) for item in value]
    return text(value)


def _text(entry: Entry) -> str:
    level = _LEVEL_NAMES[rank(entry.level)]
    request = entry.fields.get("requestId", "")
    own = [f" {name}={_shown(value)}" for name, value in entry.fields.items() if name not in NAMES]
    where = [f" {name}={_shown(entry.fields[name])}" for name in NAMES[1:] if name in entry.fields]
    line = f"[{level}]\t{_timestamp(entry.seconds)}\t{request}\t{text(entry.message)}{''.join(own + where)}"
    if entry.error is None:
        return line
    return f"{line}\n{_told(entry.error).rstrip()}"


def _shown(value: object) -> str:
    shown = text(value)
    # Quoted where a reader could not tell where the value ends.
    if shown and shown.isprintable() and not any(mark in shown for mark in ' "='):
        return shown
    return encode_basestring(shown)


def _joined(line: str) -> str:
    first, *rest = line.replace("\r\n", "\n").split("\n")
    return "\r".join([first, *(_indented(each) for each in rest)])


def _indented(line: str) -> str:
    bare = line.lstrip(" ")
    return _NO_BREAK_SPACE * (len(line) - len(bare)) + bare
