"""Named tuples, made in a fifth of the time that `typing.NamedTuple` takes.

That one compiles each annotation which is text, to see that it is an expression; with some two hundred fields, this is
the largest single part of a cold start. Here annotations stay the text that they are. Type checkers see the original,
and a class made here behaves like one of its own.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple
else:

    class _Maker(type):
        """Makes a named tuple of a class body."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = list(body.get("__annotations__", ()))
            defaults = [body[field] for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # noqa: PYI024
            for member, value in body.items():
                if member not in fields and member not in NOT_KEPT:
                    setattr(made, member, value)
            # What a generic one is of is for type checkers.
            made.__class_getitem__ = classmethod(_itself)
            return made

    class NamedTuple(metaclass=_Maker):
        """As in `typing`."""


__all__ = ["NamedTuple"]

NOT_KEPT = frozenset({"__module__", "__qualname__", "__slots__", "__orig_bases__"})


def _itself(cls: type, _item: object) -> type:
    return cls
