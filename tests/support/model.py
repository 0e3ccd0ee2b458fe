"""AWS's own model of the Lambda API, as botocore has it: an oracle for the shape of what the service says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from support.botocore_requests import session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "timestamp": (int, float),
}


def misfits(name: str, value: Any) -> list[str]:
    """Everything in which a value is not of the model's shape of this name."""
    shape = session().get_service_model("lambda").shape_for(name)
    return list(_misfits(shape, value, name))


def _misfits(shape: Shape, value: Any, where: str) -> Iterator[str]:
    kind = shape.type_name
    if not isinstance(value, _TYPES[kind]) or (kind in {"integer", "long"} and isinstance(value, bool)):
        yield f"{where} is {value!r}, no {kind}"
    elif kind == "structure":
        yield from _misfits_of_members(shape, value, where)
    elif kind == "list":
        for index, item in enumerate(value):
            yield from _misfits(shape.member, item, f"{where}[{index}]")
    else:
        yield from _broken_limits(shape, value, where)


def _misfits_of_members(shape: Any, value: dict[str, Any], where: str) -> Iterator[str]:
    yield from (f"{where}.{member} is missing" for member in shape.required_members if member not in value)
    for member, part in value.items():
        if member in shape.members:
            yield from _misfits(shape.members[member], part, f"{where}.{member}")
        else:
            yield f"{where}.{member} is unknown"


def _broken_limits(shape: Any, value: Any, where: str) -> Iterator[str]:
    limits = shape.metadata
    measure = len(value) if isinstance(value, str) else value
    if not limits.get("min", measure) <= measure <= limits.get("max", measure):
        yield f"{where} is {value!r}, out of range"
    if "pattern" in limits and re.fullmatch(limits["pattern"], value) is None:
        yield f"{where} is {value!r}, not like {limits['pattern']}"
    if shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{where} is {value!r}, none of {shape.enum}"
