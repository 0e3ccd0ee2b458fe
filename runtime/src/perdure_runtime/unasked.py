"""What an import brings along and does not use.

orjson imports `dataclasses`, to know a field of one when it sees it. `dataclasses` imports `inspect`, which it needs
when it makes a class, and `inspect` imports Python's parser and disassembler: that is four fifths of the whole. So
while orjson is imported, a module stands in for `inspect` that asks the real one when it is asked for anything. Whoever
imports `inspect` later gets the real one.

`importlib.util.LazyLoader` is meant for this, but with Python 3.13.0 the import statement itself wakes what it made.
"""

from __future__ import annotations

import sys
from types import ModuleType

__all__ = ["without_inspect"]

NAME = "inspect"


class _Inspect(ModuleType):
    """The module, for who has not asked it for anything yet."""

    def __getattr__(self, name: str) -> object:
        _make_way(self)
        import inspect

        return getattr(inspect, name)


class without_inspect:  # noqa: N801  a context manager; contextlib is one of the modules that are not to be imported
    """What is imported inside gets no `inspect` before it uses it; nothing changes where that is loaded already."""

    def __enter__(self) -> None:
        sys.modules.setdefault(NAME, _Inspect(NAME))

    def __exit__(self, *_: object) -> None:
        _make_way(sys.modules.get(NAME))


def _make_way(found: ModuleType | None) -> None:
    """Have the next import of the module find the real one."""
    if isinstance(found, _Inspect) and sys.modules.get(NAME) is found:
        del sys.modules[NAME]
