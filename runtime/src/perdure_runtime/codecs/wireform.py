"""The form of a text that went through codecs, which says itself how it is read (docs/payloads.md).

    {"perdure":1,"codec":[{"by":"zlib","size":9120},{"by":"aes-256-gcm","size":1544,…}],"data":"…base64…"}

`codec` tells what was done, in that order, each with the number of bytes before; `data` is what came out. Reading goes
by this list alone, so it does not matter which codecs a function has by then, or in which order.

A text is of this form exactly when it begins as `OPENING` says. What no codec changed is recorded as it is; a text that
happens to begin so is wrapped with an empty list, so that nothing is ever mistaken for what it is not.
"""

from __future__ import annotations

import binascii
import re
from typing import Final, TypeAlias

import orjson

from perdure_runtime.codecs.faults import Unreadable
from perdure_runtime.tuples import NamedTuple

__all__ = [
    "BY",
    "SIZE",
    "Entry",
    "Wrapped",
    "canonical",
    "described",
    "entries_of",
    "is_wrapped",
    "read",
    "text_size",
    "write",
]

Entry: TypeAlias = dict[str, str | int]

VERSION: Final = 1
OPENING: Final = re.compile(r'\{"perdure":[0-9]{1,4},"codec":\[')
MOST_CODECS: Final = 16
BY: Final = "by"
SIZE: Final = "size"
DATA: Final = '],"data":"'
FRAME: Final = len('{"perdure":1,"codec":[],"data":""}')


class Wrapped(NamedTuple):
    """What a text of this form holds."""

    entries: list[Entry]
    data: bytes


def is_wrapped(text: str) -> bool:
    """Whether a text is of this form, or was before it was damaged."""
    return OPENING.match(text) is not None


def write(wrapped: Wrapped) -> str:
    """The text."""
    entries = b",".join(orjson.dumps(entry) for entry in wrapped.entries).decode()
    data = binascii.b2a_base64(wrapped.data, newline=False).decode("ascii")
    return f'{{"perdure":{VERSION},"codec":[{entries}],"data":"{data}"}}'


def text_size(entries: list[Entry], size: int) -> int:
    """The bytes of the text that `write` would make of `size` bytes."""
    return FRAME + sum(len(orjson.dumps(entry)) + 1 for entry in entries) + (size + 2) // 3 * 4


def read(text: str) -> Wrapped:
    """What a text of this form holds; raises `Unreadable`."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Unreadable("is cut off or damaged: its text is not whole") from None
    version, entries, data = (found.get(member) for member in ("perdure", "codec", "data"))
    if version != VERSION:
        raise Unreadable(f"has form {version}, which a newer version of Perdure wrote; this one reads form {VERSION}")
    if not isinstance(entries, list) or len(entries) > MOST_CODECS or not all(map(_is_entry, entries)):
        raise Unreadable("is damaged: its list of codecs makes no sense")
    try:
        return Wrapped(entries, binascii.a2b_base64(data, strict_mode=True))
    except (binascii.Error, TypeError, ValueError):
        raise Unreadable("is damaged: its data is not base64") from None


def entries_of(text: str) -> list[Entry]:
    """The list of codecs of a text of this form, at little cost and unproved: empty for one that is damaged."""
    end = text.find(DATA)
    try:
        entries = orjson.loads(f"{text[:end]}]}}")["codec"] if end >= 0 else []
    except orjson.JSONDecodeError:
        return []
    return entries if isinstance(entries, list) and all(map(_is_entry, entries)) else []


def canonical(value: object) -> bytes:
    """JSON that is the same bytes for the same value, before it was written and after it was read."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def described(text: str) -> str | None:
    """What a text of this form is, for people, without a look inside; None for any other text."""
    if not is_wrapped(text):
        return None
    try:
        entries, data = read(text)
    except Unreadable as damaged:
        return damaged.reason
    steps = [f"{entry[BY]} {entry['at']}" if "at" in entry else str(entry[BY]) for entry in entries]
    size = entries[0][SIZE] if entries else len(data)
    return f"{', '.join(steps) or 'as it is'} ({size:,} bytes)"


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get(BY), str):
        return False
    if not all(isinstance(fact, str | int) for fact in entry.values()):
        return False  # nor could it be written again, if it is nested deeply
    size = entry.get(SIZE)
    return isinstance(size, int) and not isinstance(size, bool) and size >= 0
