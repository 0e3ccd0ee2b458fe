"""asyncio, once somebody uses it.

structlog imports asyncio for the awaitable variants of its methods, which a sync workflow does not call; that is a good
part of what its import costs. Two of its modules do so, and those are run with an `import` of their own: where they ask
for asyncio they get a module that imports the real one at the first attribute anybody asks it for.

A stand-in in `sys.modules` would be shorter, but any thread could meet it there, and importing `asyncio.queues` past it
gives two copies of that module. This way `sys.modules` holds what it always holds.
"""

from __future__ import annotations

import builtins
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from perdure_runtime.logs.arrivals import intercept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perdure_runtime.logs.arrivals import Run

_ASYNCIO = "asyncio"
IMPORTERS = ("structlog._native", "structlog.stdlib")


def spare_asyncio() -> None:
    """Keep structlog, when it is imported, from importing asyncio."""
    for name in IMPORTERS:
        intercept(name, run_without_asyncio)


def run_without_asyncio(run: Run, module: ModuleType) -> None:
    """Run a module whose `import asyncio` costs nothing yet."""
    if _ASYNCIO not in sys.modules:
        # An `import` statement calls the __import__ that its module's globals name.
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import}
    run(module)


class _Eventually(ModuleType):
    def __getattr__(self, name: str) -> object:
        import asyncio

        return getattr(asyncio, name)


def _import(
    name: str,
    globals: Mapping[str, object] | None = None,  # noqa: A002  the names are those of the function it stands for
    locals: Mapping[str, object] | None = None,  # noqa: A002
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    if name == _ASYNCIO and not fromlist:
        return _Eventually(_ASYNCIO)
    return builtins.__import__(name, globals, locals, fromlist, level)
