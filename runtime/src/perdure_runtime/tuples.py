"""Named tuples, made in a tenth of the time that `typing.NamedTuple` takes.

That one compiles each annotation which is text, to see that it is an expression, and a function for each class; with
some forty classes, this is the largest single part of a cold start. Here annotations stay the text that they are, and
the functions are written once, for each number of fields; a class gets one with the names of its own. Type checkers see
the original, and a class made here behaves like one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NamedTuple, Self
else:
    from collections import _tuplegetter
    from types import FunctionType

    class _Fields(tuple):
        """What named tuples have in common."""

        __slots__ = ()

        @classmethod
        def _make(cls, values: Iterable[object]) -> Self:
            return cls(*values)

        def _replace(self, **changes: object) -> Self:
            return type(self)(**{**self._asdict(), **changes})

        __replace__ = _replace

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

        def __repr__(self) -> str:
            shown = ", ".join([f"{name}={value!r}" for name, value in self._asdict().items()])
            return f"{type(self).__name__}({shown})"

        def __class_getitem__(cls, _item: object) -> type:
            return cls  # what a generic one is of is for type checkers

    class _Maker(type):
        """Makes a named tuple of a class body."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in fields if field in body}
            body.update({field: _tuplegetter(place, None) for place, field in enumerate(fields)})
            body.update(_fields=fields, _field_defaults=defaults, __match_args__=fields, __slots__=())
            body.pop("__orig_bases__", None)
            body["__new__"] = _builder(name, fields, tuple(defaults.values()))
            return type(name, (_Fields,), body)

    class NamedTuple(metaclass=_Maker):
        """As in `typing`."""

    def _builder(name: str, fields: tuple[str, ...], defaults: tuple[Any, ...]) -> FunctionType:
        """How values of a class are built: arguments have its names."""
        names = {"co_name": "__new__", "co_qualname": f"{name}.__new__", "co_varnames": ("_cls", *fields)}
        return FunctionType(_BUILDERS[len(fields)].__code__.replace(**names), globals(), "__new__", defaults)

    _new = tuple.__new__
    _BUILDERS = (
        lambda _cls: _new(_cls, ()),
        lambda _cls, a: _new(_cls, (a,)),
        lambda _cls, a, b: _new(_cls, (a, b)),
        lambda _cls, a, b, c: _new(_cls, (a, b, c)),
        lambda _cls, a, b, c, d: _new(_cls, (a, b, c, d)),
        lambda _cls, a, b, c, d, e: _new(_cls, (a, b, c, d, e)),
        lambda _cls, a, b, c, d, e, f: _new(_cls, (a, b, c, d, e, f)),
        lambda _cls, a, b, c, d, e, f, g: _new(_cls, (a, b, c, d, e, f, g)),
        lambda _cls, a, b, c, d, e, f, g, h: _new(_cls, (a, b, c, d, e, f, g, h)),
        lambda _cls, a, b, c, d, e, f, g, h, i: _new(_cls, (a, b, c, d, e, f, g, h, i)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j: _new(_cls, (a, b, c, d, e, f, g, h, i, j)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j, k: _new(_cls, (a, b, c, d, e, f, g, h, i, j, k)),
        lambda _cls, a, b, c, d, e, f, g, h, i, j, k, m: _new(_cls, (a, b, c, d, e, f, g, h, i, j, k, m)),
    )
    """By the number of fields."""


__all__ = ["NamedTuple"]
