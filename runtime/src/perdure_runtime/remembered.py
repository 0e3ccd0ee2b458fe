"""What has been found out about functions, so that it is found out once.

A function is known by its id for as long as it lives, so nothing that is remembered of one may keep it alive.
"""

from __future__ import annotations

from _weakref import ref  # what `weakref` adds to it is not used here
from typing import Any, Generic, TypeVar

__all__ = ["Remembered"]

T = TypeVar("T")


class Remembered(Generic[T]):
    """Something for each function."""

    __slots__ = ("_alive", "_known")

    def __init__(self) -> None:
        self._known: dict[int, T] = {}
        self._alive: dict[int, ref[Any]] = {}

    def of(self, function: object) -> T | None:
        """What is remembered of a function."""
        return self._known.get(id(function))

    def keep(self, function: object, found: T) -> None:
        """Remember this of a function, if it can be noticed when that is gone."""
        number, known, alive = id(function), self._known, self._alive

        def forget(_: object) -> None:
            known.pop(number, None)
            alive.pop(number, None)

        try:
            alive[number] = ref(function, forget)
        except TypeError:  # a callable that cannot be referred to weakly, such as a builtin
            return
        known[number] = found

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        self._alive.clear()

    def __repr__(self) -> str:
        return f"<Remembered: {len(self._known)} functions>"
