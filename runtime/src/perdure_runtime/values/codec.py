"""The default form of recorded values: text that the official Python SDK reads, and reader of all that it writes.

    simple value          None, bool, int, float, str, and lists of these: plain JSON
    anything else         {"t": <tag>, "v": <value>}

An inner value without both keys `t` and `v` is taken as it stands, with all that is below it. That makes the compact
form possible: only what needs a tag has one, and the containers on the way down to it; every other subtree is plain
JSON. What needs a tag is in `RICH` and `TAG_OF_TUPLE`, and a dict that itself holds both keys and would be mistaken.

What is read back is what was written, in type as in value. A value that cannot promise that (a set, an Enum, a class of
the user's, a subclass of a builtin) is refused with its path; an annotation, or a serdes, says how to store it. Of a
datetime, ISO text keeps the moment and the offset, neither the zone's name nor the fold.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast

from perdure_runtime.values import jsontext
from perdure_runtime.values.jsontext import Different
from perdure_runtime.values.paths import ROOT, Unfit, named, reported

__all__ = ["Rich", "decode", "encode", "rich_types", "stored", "unwrapped"]

TAG, VALUE = "t", "v"
LIST, DICT, TUPLE, BATCH = "l", "m", "t", "br"
DEEPEST = 100
"""Levels of nesting that a value with tags may have; more would meet Python's recursion limit, sooner or later as the
caller's stack is deep. Plain JSON may have orjson's 254."""
SHOWN = 40
"""Characters of a found value that an error message shows."""
ADVICE = "annotate the return type of the function, or give it a serdes= of your own"


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
        Rich("dt", datetime, datetime.isoformat, datetime.fromisoformat),
        Rich("D", date, date.isoformat, date.fromisoformat),
    )
    return {row.kind: row for row in rows}


def encode(value: object, *, root: str = ROOT) -> str:
    """The text to record for `value`; raises `SerdesError` for what would not come back as it is."""
    with reported(root):
        found = _at_once(value)
        return found[0] if found is not None else _tagged_text(value)


def stored(value: object, *, root: str = ROOT) -> tuple[str, object]:
    """The text to record for `value`, and the value a replay will read from it: never the same object."""
    with reported(root):
        found = _at_once(value)
        if found is not None:
            return found
        text = _tagged_text(value)
        return text, unwrapped(jsontext.parse(text))


def decode(text: str, *, root: str = ROOT) -> object:
    """The value that a recorded `text` stands for; raises `SerdesError` for text that neither SDK wrote."""
    with reported(root):
        return unwrapped(jsontext.parse(text))


def unwrapped(data: object) -> object:
    """The value that recorded JSON data stands for; raises `Unfit`."""
    if type(data) is dict:
        if TAG in data and VALUE in data:
            return _read_tagged(data)
    elif type(data) is not list or not _holds_dict(data):
        return data
    raise Unfit('is not a recorded value: "t" or "v" is missing at its root')


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


# Writing


def _at_once(value: object) -> tuple[str, object] | None:
    """Text and value read back where nothing below the root needs a tag; None where something might."""
    found = jsontext.exact(value)
    if isinstance(found, Different):
        return None
    text, decoded = found
    if "{" not in text or (type(value) is not dict and not _holds_dict(value)):
        return found
    if '"t":' in text and '"v":' in text:
        return None  # a dict may hold both, and then has to be tagged
    tag = DICT if type(value) is dict else LIST
    return f'{{"t":"{tag}","v":{text}}}', decoded


def _tagged_text(value: object) -> str:
    data, tagged = _written(value, DEEPEST)
    if not tagged and (type(value) is dict or _holds_dict(value)):
        data = {TAG: DICT if type(value) is dict else LIST, VALUE: data}
    return jsontext.write(data)


def _written(value: object, room: int) -> tuple[object, bool]:
    """`value` as JSON data, and whether that has a tag, which all above it then need too."""
    if not room:
        raise Unfit(f"is nested more than {DEEPEST} levels deep")
    kind = type(value)
    writer = _WRITERS.get(kind)
    if writer is not None:
        return writer(value, room)
    rich = rich_types().get(kind)
    if rich is None:
        raise Unfit(f"a value of type {named(value)} cannot be stored as it is; {ADVICE}")
    return {TAG: rich.tag, VALUE: rich.to_text(value)}, True


def _write_plain(value: object, _room: int) -> tuple[object, bool]:
    return value, False


def _write_int(value: int, _room: int) -> tuple[object, bool]:
    try:
        str(value)
    except ValueError:  # Python's own limit on decimal digits, which would hit whoever reads it
        raise Unfit("is an integer of more digits than Python reads") from None
    return value, False


def _write_list(value: list[object], room: int) -> tuple[object, bool]:
    data, tagged = _write_items(value, room)
    return ({TAG: LIST, VALUE: data}, True) if tagged else (data, False)


def _write_tuple(value: tuple[object, ...], room: int) -> tuple[object, bool]:
    return {TAG: TUPLE, VALUE: _write_items(value, room)[0]}, True


def _write_items(value: list[object] | tuple[object, ...], room: int) -> tuple[list[object], bool]:
    data: list[object] = []
    tagged = False
    try:
        for item in value:
            written, needs = _written(item, room - 1)
            data.append(written)
            tagged = tagged or needs
    except Unfit as unfit:
        raise unfit.at(len(data)) from unfit.__cause__
    return data, tagged


def _write_dict(value: dict[object, object], room: int) -> tuple[object, bool]:
    data: dict[str, object] = {}
    tagged = TAG in value and VALUE in value
    for key, item in value.items():
        if type(key) is not str:
            raise Unfit(f"has the key {shown(key)}; the keys of a stored dict are strings")
        try:
            data[key], needs = _written(item, room - 1)
        except Unfit as unfit:
            raise unfit.at(key) from unfit.__cause__
        tagged = tagged or needs
    return ({TAG: DICT, VALUE: data}, True) if tagged else (data, False)


_WRITERS: dict[type, Callable[[Any, int], tuple[object, bool]]] = {
    type(None): _write_plain,
    bool: _write_plain,
    float: _write_plain,
    str: _write_plain,
    int: _write_int,
    list: _write_list,
    tuple: _write_tuple,
    dict: _write_dict,
}


def _holds_dict(value: object) -> bool:
    """Whether a list has a dict in it, at any depth through lists."""
    if type(value) is not list:
        return False
    return any(type(item) is dict or (type(item) is list and _holds_dict(item)) for item in value)


# Reading


def _read_tagged(data: dict[str, object]) -> object:
    tag = data[TAG]
    reader = _readers().get(tag) if type(tag) is str else None
    if reader is None:
        raise Unfit(f"has the unknown type tag {shown(tag)}")
    return reader(data[VALUE])


def _read(data: object) -> object:
    """An inner value: what its tag says, or itself."""
    if type(data) is dict and TAG in data and VALUE in data:
        return _read_tagged(data)
    return data


def _read_list(data: object) -> list[object]:
    if type(data) is not list:
        raise Unfit(f"expected a list, found {shown(data)}")
    items: list[object] = []
    try:
        for item in data:
            items.append(_read(item))  # noqa: PERF401  the length tells where it failed
    except Unfit as unfit:
        raise unfit.at(len(items)) from unfit.__cause__
    return items


def _read_dict(data: object) -> dict[str, object]:
    if type(data) is not dict:
        raise Unfit(f"expected a dict, found {shown(data)}")
    items: dict[str, object] = {}
    for key, item in data.items():
        try:
            items[key] = _read(item)
        except Unfit as unfit:
            raise unfit.at(key) from unfit.__cause__
    return items


def _read_tuple(data: object) -> tuple[object, ...]:
    return tuple(_read_list(data))


def _scalar_reader(kind: type) -> Callable[[object], object]:
    def read(data: object) -> object:
        if type(data) is not kind:
            raise Unfit(f"expected {kind.__name__}, found {shown(data)}")
        return data

    return read


def _read_float(data: object) -> object:
    if type(data) is int:
        try:
            return float(data)
        except OverflowError:
            raise Unfit("is an integer too large for a float") from None
    return _scalar_reader(float)(data)


@cache
def _readers() -> dict[str, Callable[[object], object]]:
    return {
        "n": _scalar_reader(type(None)),
        "s": _scalar_reader(str),
        "i": _scalar_reader(int),
        "b": _scalar_reader(bool),
        "f": _read_float,
        LIST: _read_list,
        DICT: _read_dict,
        TUPLE: _read_tuple,
        BATCH: _read_dict,  # the result of a batch is its plain dict for now
        **{rich.tag: rich.read for rich in rich_types().values()},
    }
