"""Recorded JSON to values: a tag says what its value is, and data without one is itself, with all below it."""

from __future__ import annotations

from collections.abc import Callable

from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.tags import BATCH, DICT, LIST, TAG, TUPLE, VALUE, Structure, rich_types, shown
from perdure_runtime.values.writing import holds_dict

__all__ = ["Reader"]

PLAIN: dict[object, type] = {LIST: list, DICT: dict}
"""What is itself where nothing below it has a tag."""


class Reader:
    """Reads all that the codec stores, and the `structures` as what they are; without them, as their dicts."""

    __slots__ = ("_by_tag", "_structures")

    def __init__(self, structures: Callable[[], tuple[Structure, ...]]) -> None:
        self._structures = structures
        self._by_tag: dict[str, Callable[[object], object]] = {}

    def root(self, data: object, *, shallow: bool = False) -> object:
        """The value that recorded JSON data stands for; raises `Unfit`. Data that is `shallow` has no tag below."""
        if type(data) is dict:
            if TAG in data and VALUE in data:
                if shallow and type(data[VALUE]) is PLAIN.get(data[TAG]):
                    return data[VALUE]
                return self._tagged(data)
        elif type(data) is not list or not holds_dict(data):
            return data
        raise Unfit('is not a recorded value: "t" or "v" is missing at its root')

    def members(self, tag: str, data: object) -> dict[str, object]:
        """The members of a structure that is recorded under `tag`; raises `Unfit`."""
        if type(data) is not dict or data.get(TAG) != tag or VALUE not in data:
            raise Unfit(f'is not recorded under the type tag "{tag}"')
        return self._dict(data[VALUE])

    def _tagged(self, data: dict[str, object]) -> object:
        tag = data[TAG]
        by_tag = self._by_tag or self._filled()
        reader = by_tag.get(tag) if type(tag) is str else None
        if reader is None:
            raise Unfit(f"has the unknown type tag {shown(tag)}")
        return reader(data[VALUE])

    def _filled(self) -> dict[str, Callable[[object], object]]:
        """The readers by tag, made when the first tag is met: most executions meet none."""
        self._by_tag = {
            "n": _scalar(type(None)),
            "s": _scalar(str),
            "i": _scalar(int),
            "b": _scalar(bool),
            "f": _float,
            LIST: self._list,
            DICT: self._dict,
            TUPLE: lambda data: tuple(self._list(data)),
            BATCH: self._dict,
            **{rich.tag: rich.read for rich in rich_types().values()},
            **{structure.tag: self._of(structure) for structure in self._structures()},
        }
        return self._by_tag

    def _of(self, structure: Structure) -> Callable[[object], object]:
        return lambda data: structure.from_members(self._dict(data))

    def _inner(self, data: object) -> object:
        """An inner value: what its tag says, or itself."""
        if type(data) is dict and TAG in data and VALUE in data:
            return self._tagged(data)
        return data

    def _list(self, data: object) -> list[object]:
        if type(data) is not list:
            raise Unfit(f"expected a list, found {shown(data)}")
        items: list[object] = []
        try:
            for item in data:
                items.append(self._inner(item))  # noqa: PERF401  the length tells where it failed
        except Unfit as unfit:
            raise unfit.at(len(items)) from unfit.__cause__
        return items

    def _dict(self, data: object) -> dict[str, object]:
        if type(data) is not dict:
            raise Unfit(f"expected a dict, found {shown(data)}")
        items: dict[str, object] = {}
        for key, item in data.items():
            try:
                items[key] = self._inner(item)
            except Unfit as unfit:
                raise unfit.at(key) from unfit.__cause__
        return items


def _scalar(kind: type) -> Callable[[object], object]:
    def read(data: object) -> object:
        if type(data) is not kind:
            raise Unfit(f"expected {kind.__name__}, found {shown(data)}")
        return data

    return read


def _float(data: object) -> object:
    if type(data) is int:
        try:
            return float(data)
        except OverflowError:
            raise Unfit("is an integer too large for a float") from None
    return _scalar(float)(data)
