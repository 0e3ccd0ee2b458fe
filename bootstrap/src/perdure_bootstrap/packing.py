"""Makes the packs: `python -m perdure_bootstrap.packing`, where a layer or an image is built.

What belongs into them, and in what order, is written down nowhere: this process makes a start, with durable functions
of both colours that do nothing, and takes note of what that imports.

A pack goes for the sources it was made of, by their times and sizes, and for this version of Python. It may be made
again at any time. With `--unchecked`, a module whose byte code goes for any source is packed as such: for a folder that
is never changed but as a whole, packs and all, like a layer's. Elsewhere such a pack would outlive the sources.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from marshal import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING

from perdure_bootstrap.packs import AHEAD, ASYNC, ENGINE, PLAIN, START, pack_of
from perdure_bootstrap.submodules import HEAD, MAGIC, OURS, UNCHECKED, cached_of, head_of, read_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

__all__ = ["Recorder", "main", "write"]


class Recorder:
    """A meta path finder that takes note of modules, in the order in which they are ready."""

    def __init__(self, packages: tuple[str, ...] = OURS) -> None:
        self._packages = packages
        self._ready: list[tuple[str, str]] = []

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        """The spec of a module in one of the packages, by the ordinary search."""
        if path is None or not fullname.startswith(self._packages):
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None or spec.origin is None:
            return None
        run, noted = spec.loader.exec_module, (fullname, spec.origin)

        def run_and_note(module: ModuleType) -> None:
            run(module)
            self._ready.append(noted)

        spec.loader.exec_module = run_and_note  # type: ignore[method-assign]
        return spec

    def taken(self) -> list[tuple[str, str]]:
        """What was noted since this was last asked: names, and sources."""
        ready, self._ready = self._ready, []
        return ready


def main() -> None:
    """Make all packs, and say where they are."""
    recorder = Recorder()
    sys.meta_path.insert(0, recorder)
    packs: dict[str, list[tuple[str, str]]] = {}
    for pack, go in WAYS.items():
        go()
        packs[pack] = recorder.taken()
    del packs[HANDLER]
    for pack, modules in packs.items():
        target = Path(pack_of(pack))
        try:
            write(target, modules, unchecked="--unchecked" in sys.argv[1:])
        except OSError as error:
            raise SystemExit(f"the pack cannot be written: {error}") from error
        sys.stdout.write(f"{target}\n")


def write(target: Path, modules: Iterable[tuple[str, str]], *, unchecked: bool = False) -> None:
    """Pack modules, given by name and source, in this order."""
    packed = [
        (name, source.endswith("/__init__.py"), *_byte_code(source, unchecked=unchecked)) for name, source in modules
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(MAGIC + dumps(packed))
    unfinished.replace(target)


def _byte_code(source: str, *, unchecked: bool) -> tuple[bytes, CodeType]:
    """What byte code of a source begins with, and its code: what lies beside it, if that is up to date."""
    try:
        content = read_whole(cached_of(source))
    except OSError:
        content = b""
    head = head_of(source)
    if content.startswith((UNCHECKED, head)):
        return content[:HEAD] if unchecked else head, loads(memoryview(content)[HEAD:])  # noqa: S302  as every import does
    # As for a start without options, whatever this runs with.
    return head, compile(read_whole(source), source, "exec", dont_inherit=True, optimize=0)


def _start() -> None:
    from perdure_bootstrap import entry, socket_api  # noqa: F401  what serves any handler


def _import_handler() -> None:
    from perdure import durable  # noqa: F401  brought by the user's own code


def _connect_ahead() -> None:
    from perdure_runtime.service import ahead  # noqa: F401


def _make_engine() -> None:
    from perdure import Durable, DurableOptions
    from perdure_bootstrap.rehearsal import rehearse
    from perdure_runtime.host import FOR_CONTEXTS, Host

    Host.from_environment({})
    rehearse(Durable(_nothing, DurableOptions()))
    _import(FOR_CONTEXTS)


def _serve_plain() -> None:
    from perdure_runtime.host import FOR_PLAIN

    _import(FOR_PLAIN)


def _serve_async() -> None:
    from perdure import Durable, DurableOptions
    from perdure_bootstrap.rehearsal import rehearse
    from perdure_runtime.host import FOR_ASYNC

    _import(FOR_ASYNC)
    rehearse(Durable(_nothing_awaited, DurableOptions()))


def _import(names: Iterable[str]) -> None:
    for name in names:
        import_module(name)


def _nothing(_event: object, _ctx: object) -> object:
    """Do nothing, durably."""


async def _nothing_awaited(_event: object, _ctx: object) -> object:
    """Do nothing, durably."""


HANDLER = "handler"
"""No pack: nobody knows what the user's code is going to import."""
WAYS = {
    START: _start,
    HANDLER: _import_handler,
    AHEAD: _connect_ahead,
    ENGINE: _make_engine,
    PLAIN: _serve_plain,
    ASYNC: _serve_async,
}
"""What a start does, in turn."""


if __name__ == "__main__":
    main()
