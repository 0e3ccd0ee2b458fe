"""Which shape a union has, by its members."""

from __future__ import annotations

from perdure_runtime.values.choices import Arm, Choice
from perdure_runtime.values.constants import Constants, merged
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import Scalar, Shape

__all__ = ["Arm", "union_of"]


def union_of(arms: list[Arm]) -> Shape:
    """The shape of a union none of whose members is left to the codec; raises `Unfit` where that cannot be served."""
    arms = _without_repeats(arms)
    if len({arm.name for arm in arms}) < len(arms):
        raise Unfit("two of its members have the same name")
    return arms[0].shape if len(arms) == 1 else Choice(arms)


def _without_repeats(arms: list[Arm]) -> list[Arm]:
    """The members of a union with its Literals as one, and without what another member reads anyway."""
    scalars = {arm.shape.kind: arm for arm in reversed(arms) if isinstance(arm.shape, Scalar)}
    literals = [arm.shape for arm in arms if isinstance(arm.shape, Constants)]
    literals = [found for found in literals if not (found.made == found.kinds and found.made <= scalars.keys())]
    kept: list[Arm] = []
    for arm in arms:
        if isinstance(arm.shape, Scalar):
            if scalars[arm.shape.kind] is arm:
                kept.append(arm)
        elif not isinstance(arm.shape, Constants):
            kept.append(arm)
        elif arm.shape in literals[:1]:
            one = merged(literals)
            if one.ambiguous:
                raise Unfit("two of its constants are the same in JSON")
            kept.append(Arm(one.title, one))
    return kept
