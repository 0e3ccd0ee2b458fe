"""Whether a value came back as it was: where two payloads of it differ, and whether two models are the same.

Python's `==` is no answer to either: it takes 1 for True and for 1.0, and NaN for another than itself.
"""

from __future__ import annotations

from typing import Any

from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.tags import shown

__all__ = ["are_alike", "difference"]

MISSING: Any = object()


def difference(stored: Any, again: Any) -> None:  # noqa: ANN401  any data
    """Raise `Unfit` at the first place where they are not the same."""
    if stored is again:
        return
    if type(stored) is dict and type(again) is dict:
        for key in dict.fromkeys([*stored, *again]):
            try:
                difference(stored.get(key, MISSING), again.get(key, MISSING))
            except Unfit as unfit:
                raise unfit.at(key) from None
        return
    if type(stored) in {list, tuple} and type(stored) is type(again) and len(stored) == len(again):
        for index, (one, other) in enumerate(zip(stored, again, strict=True)):
            try:
                difference(one, other)
            except Unfit as unfit:
                raise unfit.at(index) from None
        return
    if type(stored) is type(again) and (stored == again or repr(stored) == repr(again)):  # NaN is unequal to itself
        return
    was, became = ("nothing" if found is MISSING else shown(found) for found in (stored, again))
    raise Unfit(
        f"does not come back as it was: {was} becomes {became} when its class is made from its fields again;"
        " let the constructor leave them alone, or give the step a serdes="
    )


def are_alike(one: Any, other: Any) -> bool:  # noqa: ANN401  any values, of a model's fields
    """Whether they are the same in type and value, and so is all that is in them."""
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in {list, tuple}:
        return len(one) == len(other) and all(map(are_alike, one, other))
    if kind is dict:
        return are_alike(list(one.items()), list(other.items()))
    if kind in {set, frozenset}:
        return one == other and sorted(map(_name, one)) == sorted(map(_name, other))
    parts = _parts(one)
    if parts is not None:
        return are_alike(parts, _parts(other))
    return bool(one == other) or _are_nan(one, other)


def _name(value: object) -> str:
    return type(value).__qualname__


def _parts(value: Any) -> list[object] | None:  # noqa: ANN401
    """What a model or a dataclass holds; None for a value of another kind."""
    kind = type(value)
    if hasattr(kind, "__pydantic_private__"):
        fields = [vars(value).get(name, MISSING) for name in kind.model_fields]
        return [fields, value.__pydantic_extra__, value.__pydantic_private__]
    if hasattr(kind, "__dataclass_fields__"):
        return [getattr(value, name, MISSING) for name in kind.__dataclass_fields__]
    return None


def _are_nan(one: Any, other: Any) -> bool:  # noqa: ANN401
    return bool(one != one and other != other) and repr(one) == repr(other)  # noqa: PLR0124  so is NaN, and nothing else
