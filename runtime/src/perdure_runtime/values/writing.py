"""Values to recorded JSON: tags where they are needed, and on the way down to there, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from perdure_runtime.values import jsontext
from perdure_runtime.values.jsontext import Different, NotFinite
from perdure_runtime.values.paths import Unfit, named
from perdure_runtime.values.tags import DEEPEST, DICT, LIST, TAG, TOO_DEEP, TUPLE, VALUE, Structure, rich_types, shown

__all__ = ["Writer", "holds_dict"]

KEYS = "the keys of a stored dict are strings: annotate the return type, as dict[int, …] does, or make them text"
Written: TypeAlias = tuple[object, bool]
"""JSON data, and whether there is a tag in it, which all above it then need too."""


class Writer:
    """Writes all that the codec stores, and the `structures` besides."""

    __slots__ = ("_by_kind", "_structures", "_writers")

    def __init__(self, structures: Callable[[], tuple[Structure, ...]]) -> None:
        self._structures = structures
        self._by_kind: dict[type, Structure] | None = None
        self._writers: dict[type, Callable[[Any, int], Written]] = {
            type(None): _plain,
            bool: _plain,
            float: _plain,
            NotFinite: lambda value, _room: (float(value), False),
            str: _plain,
            int: _integer,
            list: self._list,
            tuple: self._tuple,
            dict: self._dict,
        }

    def at_once(self, value: object) -> tuple[str, object] | None:
        """Text and value read back where nothing below the root needs a tag; None where something might."""
        found = _untagged(value)
        if found is None:
            return None
        text, decoded = found
        return _rooted(value, text), decoded

    def settled(self, data: object) -> str | None:
        """The text of data that needs no tag below the root; None where something might."""
        text = jsontext.known(data)
        return None if text is None or _could_be_tag(text) else _rooted(data, text)

    def text(self, value: object) -> str:
        """The text of `value`, whatever it needs; raises `Unfit`."""
        data, tagged = self._written(value, DEEPEST)
        if not tagged and (type(value) is dict or holds_dict(value)):
            data = {TAG: DICT if type(value) is dict else LIST, VALUE: data}
        return jsontext.write(data)

    def writes(self, kind: type) -> bool:
        """Whether values of this type can be written, as far as what is in them can."""
        return kind in self._writers or kind in rich_types() or self._structure(kind) is not None

    def members_at_once(self, tag: str, members: dict[str, object]) -> tuple[str, dict[str, object]] | None:
        """As `at_once`, for a structure's members under their tag."""
        found = _untagged(members)
        if found is None:
            return None
        return f'{{"t":"{tag}","v":{found[0]}}}', cast("dict[str, object]", found[1])

    def members_text(self, tag: str, members: dict[str, object]) -> str:
        """As `text`, for a structure's members under their tag."""
        return jsontext.write({TAG: tag, VALUE: self._members(members, DEEPEST)[0]})

    def _structure(self, kind: type) -> Structure | None:
        """How values of this type are stored as a structure; which there are is asked when the first may be one."""
        if self._by_kind is None:
            self._by_kind = {structure.kind: structure for structure in self._structures()}
        return self._by_kind.get(kind)

    def _written(self, value: object, room: int) -> Written:
        if not room:
            raise Unfit(TOO_DEEP)
        kind = type(value)
        writer = self._writers.get(kind)
        if writer is not None:
            return writer(value, room)
        rich = rich_types().get(kind)
        if rich is not None:
            return {TAG: rich.tag, VALUE: rich.to_text(value)}, True
        structure = self._structure(kind)
        if structure is None:
            from perdure_runtime.values.advice import advice

            raise Unfit(f"a value of type {named(value)} cannot be stored as it is; {advice(value)}")
        return {TAG: structure.tag, VALUE: self._members(structure.to_members(value), room)[0]}, True

    def _list(self, value: list[object], room: int) -> Written:
        data, tagged = self._items(value, room)
        return ({TAG: LIST, VALUE: data}, True) if tagged else (data, False)

    def _tuple(self, value: tuple[object, ...], room: int) -> Written:
        return {TAG: TUPLE, VALUE: self._items(value, room)[0]}, True

    def _dict(self, value: dict[object, object], room: int) -> Written:
        data, tagged = self._members(value, room)
        return ({TAG: DICT, VALUE: data}, True) if tagged or (TAG in value and VALUE in value) else (data, False)

    def _items(self, value: list[object] | tuple[object, ...], room: int) -> tuple[list[object], bool]:
        data: list[object] = []
        tagged = False
        try:
            for item in value:
                written, needs = self._written(item, room - 1)
                data.append(written)
                tagged = tagged or needs
        except Unfit as unfit:
            raise unfit.at(len(data)) from unfit.__cause__
        return data, tagged

    def _members(self, value: dict[Any, object], room: int) -> tuple[dict[str, object], bool]:
        data: dict[str, object] = {}
        tagged = False
        for key, item in value.items():
            if type(key) is not str:
                raise Unfit(f"has the key {shown(key)}; {KEYS}")
            try:
                data[key], needs = self._written(item, room - 1)
            except Unfit as unfit:
                raise unfit.at(key) from unfit.__cause__
            tagged = tagged or needs
        return data, tagged


def holds_dict(value: object) -> bool:
    """Whether a list has a dict in it, at any depth through lists."""
    if type(value) is not list:
        return False
    items = cast("list[object]", value)
    return any(type(item) is dict or (type(item) is list and holds_dict(item)) for item in items)


def _untagged(value: object) -> tuple[str, object] | None:
    """`value` as plain JSON, if that is the same and no dict in it could be taken for a tag."""
    found = jsontext.exact(value)
    return None if isinstance(found, Different) or _could_be_tag(found[0]) else found


def _could_be_tag(text: str) -> bool:
    """Whether some dict in it may have both keys of a tag."""
    return '"t":' in text and '"v":' in text


def _rooted(value: object, text: str) -> str:
    """The `text` of a value without tags, with the one at its root where that needs one."""
    if "{" not in text or (type(value) is not dict and not holds_dict(value)):
        return text
    return f'{{"t":"{DICT if type(value) is dict else LIST}","v":{text}}}'


def _plain(value: object, _room: int) -> Written:
    return value, False


def _integer(value: int, _room: int) -> Written:
    try:
        str(value)
    except ValueError:  # Python's own limit on decimal digits, which would hit whoever reads it
        raise Unfit("is an integer of more digits than Python reads") from None
    return value, False
