"""A named tuple of ours is what `typing` makes of the same class body."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
import typing

import pytest

from perdure_runtime.tuples import NamedTuple


class Point(NamedTuple):
    """Two numbers and a name."""

    x: int
    y: int = 2
    name: str = ""

    @property
    def sum(self) -> int:
        """Of the numbers."""
        return self.x + self.y


class Typed(typing.NamedTuple):
    """Two numbers and a name."""

    x: int
    y: int = 2
    name: str = ""

    @property
    def sum(self) -> int:
        """Of the numbers."""
        return self.x + self.y


MEMBERS = ("_fields", "_field_defaults", "__match_args__", "__doc__")


def test_class_says_the_same_of_itself() -> None:
    for member in MEMBERS:
        assert getattr(Point, member) == getattr(Typed, member)
    assert (Point.__module__, Point.__qualname__) == (__name__, "Point")
    ours, theirs = inspect.signature(Point), inspect.signature(Typed)
    assert [(it.name, it.default) for it in ours.parameters.values()] == [
        (it.name, it.default) for it in theirs.parameters.values()
    ]


@pytest.mark.parametrize("kind", [Point, Typed])
def test_values_behave_the_same(kind: type[Point]) -> None:
    point = kind(1, name="p")
    assert point == (1, 2, "p") == kind(x=1, y=2, name="p")
    assert hash(point) == hash((1, 2, "p"))
    assert repr(point) == f"{kind.__name__}(x=1, y=2, name='p')"
    assert (point.x, point[1], point.sum) == (1, 2, 3)
    assert point._replace(y=5) == (1, 5, "p")
    if sys.version_info >= (3, 13):
        assert copy.replace(point, y=5) == (1, 5, "p")
    assert point._asdict() == {"x": 1, "y": 2, "name": "p"}
    assert kind._make([3, 4, ""]) == kind(3, 4)
    match point:
        case kind(1, y, name="p"):
            assert y == 2
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize("kind", [Point, Typed])
def test_values_travel(kind: type[Point]) -> None:
    for made in (pickle.loads(pickle.dumps(kind(1))), copy.deepcopy(kind(1))):
        assert made == kind(1)
        assert type(made) is kind


@pytest.mark.parametrize("kind", [Point, Typed])
def test_arguments_that_do_not_fit_are_refused_by_their_names(kind: type[Point]) -> None:
    with pytest.raises(TypeError, match="'x'"):
        kind()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"__new__\(\) .*'z'"):
        kind(1, z=1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        kind(1).x = 2  # type: ignore[misc]
