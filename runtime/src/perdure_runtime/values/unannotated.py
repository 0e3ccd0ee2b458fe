"""JSON for a value that no annotation describes and nobody here will read again: the result of a handler.

What it is at run time decides: plain data by what is in them, other classes as an annotation would have them. That goes
one way only: whoever invoked the function reads JSON, not Python.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from perdure_runtime.values import jsontext
from perdure_runtime.values.jsontext import Different
from perdure_runtime.values.paths import ROOT, Unfit, named, reported
from perdure_runtime.values.tags import DEEPEST, MOMENT, TOO_DEEP, rich_types, shown

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["json_data", "json_of"]

# What makes the very builtin of a value that is derived from it, past whatever the derived class redefines.
PLAIN: dict[type, Callable[[Any], object]] = {str: str.__str__, int: int.__pos__, float: float.__pos__}


def json_of(value: object, *, root: str = ROOT) -> object:
    """`value` as plain JSON data: dataclasses as objects, Enums by value, times and the like as text."""
    with reported(root):
        return json_data(value)


def json_data(value: object) -> object:
    """As `json_of`; raises `Unfit`."""
    return value if not isinstance(jsontext.exact(value), Different) else _walked(value, DEEPEST)


def _walked(value: object, room: int) -> object:
    if not room:
        raise Unfit(TOO_DEEP)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _walked(value.value, room - 1)
    for plain, exactly in PLAIN.items():
        if isinstance(value, plain):
            return exactly(value)
    if isinstance(value, list | tuple):
        return _items(value, room)
    if isinstance(value, dict):
        return _members(cast("dict[object, object]", value), room)
    parts = _parts(value)
    return _by_its_type(value) if parts is None else _members(parts, room)


def _parts(value: object) -> dict[Any, object] | None:
    """What a batch, its item or a dataclass is made of; whoever made one has imported what it takes."""
    if "perdure.batches" in sys.modules:
        from perdure.batches import Batch, BatchItem
        from perdure_runtime.values.batchform import batch_members, item_members

        if isinstance(value, Batch):
            return batch_members(value)
        if isinstance(value, BatchItem):
            return item_members(value)
    if not hasattr(type(value), "__dataclass_fields__"):
        return None
    from dataclasses import fields

    return {field.name: getattr(value, field.name) for field in fields(cast("Any", value))}


def _by_its_type(value: object) -> object:
    for kind, rich in rich_types().items():
        if isinstance(value, kind):
            # That the name of a zone is lost matters to nobody here.
            return cast("datetime", value).isoformat() if rich.tag == MOMENT else rich.to_text(value)
    from perdure_runtime.values.advice import advice, own_shape

    shape = own_shape(value)
    if shape is None:
        raise Unfit(f"a value of type {named(value)} has no form in JSON; {advice(value)}")
    data: object = shape.json(value)
    return data


def _items(value: list[Any] | tuple[Any, ...], room: int) -> list[object]:
    items: list[object] = []
    try:
        for item in value:
            items.append(_walked(item, room - 1))  # noqa: PERF401  the length tells where it failed
    except Unfit as unfit:
        raise unfit.at(len(items)) from unfit.__cause__
    return items


def _members(value: dict[Any, object], room: int) -> dict[str, object]:
    members: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise Unfit(f"has the key {shown(key)}; the keys of a JSON object are strings: make it text")
        try:
            members[str.__str__(key)] = _walked(item, room - 1)
        except Unfit as unfit:
            raise unfit.at(str.__str__(key)) from unfit.__cause__
    return members
