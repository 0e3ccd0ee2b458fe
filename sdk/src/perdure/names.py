"""Names of operations: 1 to 256 printable ASCII characters.

A name you give is taken as it is, or refused where you gave it. A name derived from a function is made to fit.
"""

from __future__ import annotations

from functools import partial
from typing import cast

__all__ = ["LONGEST_NAME", "checked_name", "default_name"]

LONGEST_NAME = 256


def checked_name(name: str) -> str:
    """`name`, or ValueError where the service would refuse it."""
    if not isinstance(name, str):
        raise TypeError(f"a name is a string, not {type(name).__name__}")
    if name.isascii() and name.isprintable() and 0 < len(name) <= LONGEST_NAME:
        return name
    raise ValueError(f"a name is 1 to {LONGEST_NAME} printable ASCII characters, not {name!r}")


def default_name(function: object) -> str | None:
    """The name of a callable, made to fit; None for a lambda and for what has no name."""
    name: object = getattr(function, "__name__", None)
    while name is None and isinstance(function, partial):
        function = cast("partial[object]", function).func
        name = getattr(function, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        return None
    fitting = "".join(char if char.isascii() and char.isprintable() else "_" for char in name)
    return fitting[:LONGEST_NAME] or None
