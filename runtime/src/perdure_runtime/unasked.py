"""What an import brings along and does not use.

orjson imports `dataclasses`, to know a field of one when it sees it. `dataclasses` imports `inspect`, which it needs
when it makes a class, and `copy`, for `asdict`; `inspect` imports Python's parser and disassembler, `copy` imports
`weakref`. That is more than all the rest. So while orjson is imported, modules stand in for the two that ask the real
ones when they are asked for anything. Whoever imports them later gets the real ones.

`importlib.util.LazyLoader` is meant for this, but with Python 3.13.0 the import statement itself wakes what it made.
"""

from __future__ import annotations

import sys
from types import ModuleType

__all__ = ["without"]


class _StandIn(ModuleType):
    """A module, for who has not asked it for anything yet."""

    def __getattr__(self, name: str) -> object:
        _make_way(self)
        return getattr(__import__(self.__name__), name)


class without:  # noqa: N801  a context manager; contextlib is one of the modules that are not to be imported
    """What is imported inside gets none of these modules before it uses it; nothing changes where one is loaded."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __enter__(self) -> None:
        for name in self._names:
            sys.modules.setdefault(name, _StandIn(name))

    def __exit__(self, *_: object) -> None:
        for name in self._names:
            _make_way(sys.modules.get(name))


def _make_way(found: ModuleType | None) -> None:
    """Have the next import of the module find the real one."""
    if isinstance(found, _StandIn) and sys.modules.get(found.__name__) is found:
        del sys.modules[found.__name__]
