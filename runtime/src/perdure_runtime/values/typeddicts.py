"""The shape of a TypedDict: a dict with declared keys, some of which may be missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, get_args, get_origin

from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.constants import Constants
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.resolution import annotations_of
from perdure_runtime.values.shapes import Shape, own_form, wrong
from perdure_runtime.values.tags import shown

__all__ = ["Entry", "TypedDictShape", "is_required", "own_keys"]


class Entry(NamedTuple):
    """One declared key."""

    shape: Shape
    required: bool


class TypedDictShape(Shape):
    """A TypedDict; its entries are filled in after it is made, since it may contain itself."""

    kinds = frozenset({dict})
    made = frozenset({dict})
    hashable = False
    sealed = True

    def __init__(self, title: str) -> None:
        self.title = title
        self.entries: dict[str, Entry] = {}

    def fill(self, entries: dict[str, Entry]) -> None:
        """Give it its keys."""
        self.entries = entries
        self.parts = tuple(entry.shape for entry in entries.values())

    @property
    def constants(self) -> dict[str, Constants]:
        """The entries of constant value, by which a union may tell it from others."""
        return {
            key: entry.shape
            for key, entry in self.entries.items()
            if entry.required and isinstance(entry.shape, Constants)
        }

    def payload(self, value: Any) -> dict[str, Any]:  # noqa: ANN401  a dict
        return self._written(value, self._own)

    def json(self, value: Any) -> dict[str, Any]:  # noqa: ANN401
        return self._written(value, {key: entry.shape.json for key, entry in self.entries.items()})

    def read(self, data: Any) -> object:  # noqa: ANN401
        if type(data) is not dict:
            raise wrong(f"an object with the keys of {self.title}", data)
        self._check(data)
        turns: dict[str, Callable[[Any], Any]] = {key: entry.shape.read for key, entry in self.entries.items()}
        return self._turned({key: item for key, item in data.items() if key in turns}, turns)

    @cached_property
    def _own(self) -> dict[str, Callable[[Any], Any]]:
        return {key: own_form(entry.shape) for key, entry in self.entries.items()}

    def _written(self, value: Any, turns: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:  # noqa: ANN401
        if type(value) is not dict:
            raise wrong(self.title, value)
        self._check(value)
        undeclared = next((key for key in value if type(key) is not str or key not in turns), None)
        if undeclared is not None:
            raise Unfit(f"has the key {shown(undeclared)}, which {self.title} does not declare")
        return self._turned(value, turns)

    def _check(self, found: dict[str, Any]) -> None:
        for key, entry in self.entries.items():
            if entry.required and key not in found:
                raise Unfit(f"{key!r} is missing, which {self.title} needs")

    def _turned(self, items: dict[str, Any], turns: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
        at = ""
        turned: dict[str, Any] = {}
        try:
            for at, item in items.items():
                turned[at] = turns[at](item)
        except Unfit as unfit:
            raise unfit.at(at) from unfit.__cause__
        return turned


def own_keys(kind: type) -> dict[str, object]:
    """The keys that a TypedDict declares itself, with their annotations as they stand."""
    inherited = [annotations_of(get_origin(parent) or parent) for parent in vars(kind).get("__orig_bases__", ())]
    return {
        key: found
        for key, found in annotations_of(kind).items()
        if not any(key in keys and keys[key] == found for keys in inherited)
    }


def is_required(annotation: object, kind: Any, key: str) -> bool:  # noqa: ANN401  a TypedDict
    """Whether a dict must have `key`; what the class says of it is wrong where its annotations were text."""
    while True:
        origin = get_origin(annotation)
        name = getattr(origin, "_name", None)
        if name in {"Required", "NotRequired"}:
            return bool(name == "Required")
        if name != "ReadOnly" and origin is not Annotated:
            return key in kind.__required_keys__
        annotation = get_args(annotation)[0]
