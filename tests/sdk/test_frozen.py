"""Plain frozen values."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys
from typing import ClassVar

import pytest

from perdure.frozen import changed, frozen


@frozen
class Point:
    """A place."""

    x: int
    y: int = 0
    UNIT: ClassVar[str] = "m"

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is not negative")


@frozen
class Named(Point):
    name: str = "here"

    def __repr__(self) -> str:
        return f"<{self.name}>"


def test_fields_come_by_place_by_name_or_by_default() -> None:
    assert (Point(1), Point(1, 2).y, Point(y=2, x=1)) == (Point(1, 0), 2, Point(1, 2))
    assert Named(1, 2, "there").name == "there"
    assert Point.__match_args__ == ("x", "y")


@pytest.mark.parametrize(
    ("args", "keywords", "said"),
    [
        ((), {}, "misses the argument 'x'"),
        ((), {"y": 2}, "misses the argument 'x'"),
        ((1, 2, 3), {}, "takes 2 arguments, and was given 3"),
        ((1,), {"x": 1}, "unexpected or repeated argument 'x'"),
        ((1,), {"z": 1}, "unexpected or repeated argument 'z'"),
        ((), {"z": 1}, "unexpected or repeated argument 'z'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(args: tuple[int, ...], keywords: dict[str, int], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        Point(*args, **keywords)


def test_values_are_compared_hashed_and_shown_by_their_fields() -> None:
    assert Point(1) == Point(1, 0)
    assert Point(1) != Point(2)
    assert Point(1) != Named(1)
    assert {Point(1), Point(1, 0)} == {Point(1)}
    assert repr(Point(1)) == "Point(x=1, y=0)"
    assert repr(Named(1)) == "<here>"


def test_nothing_can_be_changed() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot change the field 'x' of a Point"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x


def test_a_copy_with_changes_is_checked_like_any_other() -> None:
    assert changed(Point(1, 2), x=3) == Point(3, 2)
    with pytest.raises(ValueError, match="not negative"):
        changed(Point(1), x=-1)
    if sys.version_info >= (3, 13):
        assert copy.replace(Point(1, 2), x=3) == Point(3, 2)


def test_it_is_a_dataclass_for_whoever_asks() -> None:
    assert dataclasses.is_dataclass(Named)
    assert [field.name for field in dataclasses.fields(Named)] == ["x", "y", "name"]
    assert dataclasses.asdict(Named(1)) == {"x": 1, "y": 0, "name": "here"}
    assert dataclasses.replace(Named(1), y=5) == Named(1, 5)


def test_it_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(Named(1, 2, "there"))) == Named(1, 2, "there")
