"""Unions: by the type of what is there, where that tells; by a field that names its type, or by the type's own name.

    int | None                  5, null                                        JSON tells them apart
    Card | Cash                 {"kind": "card", …}                            where both have a `kind: Literal[…]`
    datetime | str              {"type": "datetime", "value": "2026-01-02…"}   where nothing else does

A name says more than a guess: of two classes with the same fields, none is ever tried on the other's data.
"""

from __future__ import annotations

from typing import Any

from perdure_runtime.tuples import NamedTuple
from perdure_runtime.values.constants import Constants
from perdure_runtime.values.paths import Unfit
from perdure_runtime.values.shapes import Inline, Kinds, Number, Shape, is_open, wrong
from perdure_runtime.values.tags import shown

__all__ = ["NAME", "Arm", "Choice", "Selected"]

NAME, CONTENT = "type", "value"


class Arm(NamedTuple):
    """A member of a union."""

    name: str
    shape: Shape


class Selected(Shape):
    """Objects that a field of constant value tells apart."""

    kinds = frozenset({dict})

    def __init__(self, key: str, shapes: dict[tuple[type, object], Shape]) -> None:
        self._key = key
        self._shapes = shapes
        self.title = f"an object whose {key!r} is one of {', '.join(repr(value) for _, value in shapes)}"

    def read(self, data: Any) -> object:  # noqa: ANN401
        found = data.get(self._key) if type(data) is dict else None
        try:
            shape = self._shapes.get((type(found), found))
        except TypeError:  # not hashable
            shape = None
        if shape is None:
            raise Unfit(f"expected {self.title}, found {shown(found)}")
        return shape.read(data)


class Choice(Shape):
    """A union of members none of which is left to the codec."""

    def __init__(self, arms: list[Arm]) -> None:
        # Numbers last: where a member reads int as int, float leaves it alone.
        self._arms = sorted(arms, key=lambda arm: isinstance(arm.shape, Number))
        self.parts = tuple(arm.shape for arm in arms)
        self.title = " or ".join(shape.title for shape in self.parts)
        self.kinds: Kinds = frozenset[type]().union(*(shape.kinds for shape in self.parts))
        self.made: Kinds = frozenset[type]().union(*(shape.made for shape in self.parts))
        self.hashable = all(shape.hashable for shape in self.parts)
        if any(len(arms) > 1 for arms in self._by_kind().values()):
            self.kinds |= {dict}
        self._table: _Table | None = None

    def payload(self, value: object) -> object:
        return self._written(value, plain=False)

    def json(self, value: object) -> object:
        return self._written(value, plain=True)

    def read(self, data: object) -> object:
        table = self._table or self._settled()
        shape = table.by_kind.get(type(data))
        if shape is not None:
            return shape.read(data)
        if not table.by_name:
            raise wrong(self.title, data)
        name, content = (data.get(NAME), data.get(CONTENT)) if type(data) is dict else (None, None)
        shape = table.by_name.get(name) if type(name) is str else None
        if shape is None or type(data) is not dict or data.keys() != {NAME, CONTENT}:
            names = ", ".join(table.by_name)
            form = f'{{"{NAME}": …, "{CONTENT}": …}} with one of the types {names}'
            raise wrong(" or ".join([*table.told, form]), data)
        try:
            return shape.read(content)
        except Unfit as unfit:
            raise unfit.at(CONTENT) from unfit.__cause__

    def inline(self) -> Inline | None:
        found = [arm.shape.inline() or arm.shape.called() for arm in self._arms]
        forms = [inline for inline in found if inline is not None and inline.written == inline.value == "{x}"]
        if len(forms) == len(found):  # all of them are themselves in JSON
            write = " or ".join(form.write_test for form in forms)
            return Inline(write, "{x}", " or ".join(form.read_test for form in forms), "{x}", {})
        other = next((inline for inline in found if inline is not None and inline not in forms), None)
        if len(found) != 2 or len(forms) != 1 or other is None or forms[0].write_test != "{x} is None":  # noqa: PLR2004
            return None
        return Inline(
            f"{{x}} is None or {other.write_test}",
            f"None if {{x}} is None else {other.written}",
            f"{{x}} is None or {other.read_test}",
            f"None if {{x}} is None else {other.value}",
            other.names,
        )

    def _written(self, value: object, *, plain: bool) -> object:
        ways = (self._table or self._settled()).by_made.get(type(value), ())
        for way in ways:
            try:
                data = way.shape.json(value) if plain or way.plain else way.shape.payload(value)
            except Unfit:
                if len(ways) == 1:
                    raise
            else:
                return data if way.name is None else {NAME: way.name, CONTENT: data}
        raise wrong(self.title, value)

    def _by_kind(self) -> dict[type, list[Arm]]:
        """The members that read each kind of JSON data."""
        found: dict[type, list[Arm]] = {}
        for arm in self._arms:
            for kind in arm.shape.kinds:
                found.setdefault(kind, []).append(arm)
        if isinstance(self._arms[-1].shape, Number) and len(found[int]) > 1:
            found[int].pop()
        return found

    def _settled(self) -> _Table:
        """What tells the members apart; known only now, since they may contain this union."""
        by_kind = self._by_kind()
        unclear = {kind for kind, arms in by_kind.items() if len(arms) > 1}
        selected = _selected([arm.shape for arm in by_kind[dict]]) if dict in unclear else None
        if selected is not None:
            unclear.discard(dict)
        by_name = {arm.name: arm.shape for kind in unclear for arm in by_kind[kind]}
        if by_name and dict in by_kind:  # what stands beside a name must not look like one
            by_name |= {arm.name: arm.shape for arm in by_kind[dict]}
            selected = None
        told = [arm.shape.title for arm in self._arms if arm.name not in by_name]
        clear: dict[type, Shape] = {
            kind: arms[0].shape for kind, arms in by_kind.items() if arms[0].name not in by_name
        }
        if selected is not None:
            clear[dict] = selected
        by_made: dict[type, list[_Way]] = {}
        for name, shape in self._arms:
            named = name in by_name
            way = _Way(shape, name if named else None, named and not is_open(shape))
            for kind in shape.made:
                by_made.setdefault(kind, []).append(way)
        self._table = _Table(by_made, clear, by_name, told)
        return self._table


class _Way(NamedTuple):
    """How one member is written."""

    shape: Shape
    name: str | None
    plain: bool


class _Table(NamedTuple):
    by_made: dict[type, list[_Way]]
    by_kind: dict[type, Shape]
    by_name: dict[str, Shape]
    told: list[str]
    """Titles of the members that need no name."""


def _selected(shapes: list[Shape]) -> Selected | None:
    """What tells objects apart by a field that each of them has, with constants of its own."""
    keys = [getattr(shape, "constants", dict[str, Constants]()) for shape in shapes]
    for key in keys[0]:
        if all(key in found for found in keys):
            pairs = [((type(v), v), shape) for shape, found in zip(shapes, keys, strict=True) for v in found[key].data]
            if len(dict(pairs)) == len(pairs):
                return Selected(key, dict(pairs))
    return None
