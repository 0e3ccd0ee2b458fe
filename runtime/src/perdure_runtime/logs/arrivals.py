"""Step in when a module is imported, without importing it.

Logs must cover `logging` from the first record on, also when a function imports it in the middle of a replay, yet must
not pay for it when nobody does. A finder in front of `sys.meta_path` sees the import coming, lets the other finders do
their work, and stands round the run of the module. It answers for no module but those it was told of, once each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

Run = Callable[[ModuleType], None]
Around = Callable[[Run, ModuleType], None]


def expect(name: str, arrived: Callable[[], None]) -> None:
    """Call `arrived` once the module `name` is imported; at once when it is already."""

    def run_and_tell(run: Run, module: ModuleType) -> None:
        run(module)
        arrived()

    if name in sys.modules:
        arrived()
    else:
        intercept(name, run_and_tell)


def intercept(name: str, around: Around) -> None:
    """Have `around` run the module `name` when it is imported for the first time."""
    if name in sys.modules:
        return
    _WATCHER.awaited[name] = around
    if _WATCHER not in sys.meta_path:
        sys.meta_path.insert(0, _WATCHER)


def forget() -> None:
    """Await nothing any more."""
    _WATCHER.awaited.clear()
    if _WATCHER in sys.meta_path:
        sys.meta_path.remove(_WATCHER)


class _Watcher:
    def __init__(self) -> None:
        self.awaited: dict[str, Around] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        around = self.awaited.get(name)
        if around is None:
            return None
        spec = _found_by_others(self, name, path, target)
        # A loader that is a class is shared by all modules of its kind; there is none to mark.
        if spec is None or spec.loader is None or isinstance(spec.loader, type):
            return None
        del self.awaited[name]
        _surround(spec.loader, name, around)
        return spec


def _found_by_others(
    watcher: _Watcher, name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is not watcher and hasattr(finder, "find_spec"):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
    return None


def _surround(loader: Loader, name: str, around: Around) -> None:
    """Have `loader` run the module `name` by way of `around`, and be as it was before."""
    run = loader.exec_module

    def run_around(module: ModuleType) -> None:
        # One zip file has one loader for all its modules, and another thread may be importing from it.
        if module.__name__ != name:
            run(module)
            return
        del loader.exec_module
        around(run, module)

    loader.exec_module = run_around  # type: ignore[method-assign]


_WATCHER = _Watcher()
