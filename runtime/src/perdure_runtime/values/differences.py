"""Where two payloads of one value differ."""

from __future__ import annotations

from typing import Any

from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.tags import shown

__all__ = ["difference"]

MISSING: Any = object()


def difference(stored: Any, again: Any) -> None:  # noqa: ANN401  any data
    """Raise `Unfit` at the first place where they are not the same."""
    if stored is again or (type(stored) is type(again) and stored == again):
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
    if type(stored) is type(again) and repr(stored) == repr(again):  # NaN is unequal to itself
        return
    was, became = ("nothing" if found is MISSING else shown(found) for found in (stored, again))
    raise Unfit(
        f"does not come back as it was: {was} becomes {became} when its class is made from its fields again;"
        " let the constructor leave them alone, or give the step a serdes="
    )
