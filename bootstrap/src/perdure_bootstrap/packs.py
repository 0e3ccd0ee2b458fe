"""Loads in one go what every start needs: many modules of ours, from one file with the byte code of all of them.

Python looks for each module, opens, reads and books it by itself, which takes longer than running what most of ours
hold. In a pack they stand in the order in which they are to run: when one imports another, that is there already.

Packs are made by `perdure_bootstrap.packing`, when a layer or an image is built. Where there is none, or a module's
part of it is not that of the source at hand, modules are imported one by one.
"""

from __future__ import annotations

import sys
from _imp import _fix_co_filename, acquire_lock, release_lock  # type: ignore[attr-defined]
from _thread import _count as other_threads
from _weakref import ref
from importlib.machinery import ModuleSpec, SourceFileLoader
from marshal import loads
from os import environ
from os.path import dirname

from perdure_bootstrap.submodules import DATED, MAGIC, cached_of, head_of, is_kept_beside, read_whole

TYPE_CHECKING = False  # the one of `typing` is spelled alike to type checkers
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

__all__ = ["AHEAD", "ASYNC", "ENGINE", "PLAIN", "START", "pack_of", "unpack"]

START = "start"
"""What serves any handler."""
AHEAD = "ahead"
"""What opens the connection to the service, where there is a sign of a durable function."""
ENGINE = "engine"
"""What durable functions need besides."""
PLAIN, ASYNC = "plain", "async"
"""What those with `def`, and those with `async def` need besides that."""
MOST = 1 << 20
"""Bytes that are read at once: more than there are in a pack."""
FOLDER = dirname(__file__)  # noqa: PTH120  pathlib is dear
INSTALLED = dirname(FOLDER)  # noqa: PTH120
"""Where the packages are that a pack was made of, if it goes for any source."""
Module = type(sys)


def pack_of(name: str) -> str:
    """The file of a pack."""
    return f"{FOLDER}/__pycache__/{name}.{sys.implementation.cache_tag}.pack"


def unpack(name: str) -> None:
    """Load the modules of a pack that nobody has loaded; raises nothing, since all can be imported as well."""
    if not is_kept_beside():
        return
    if "importtime" in sys._xoptions or environ.get("PYTHONPROFILEIMPORTTIME"):  # noqa: SLF001  to see each import
        return
    try:
        content = read_whole(pack_of(name), MOST)
        if content.startswith(MAGIC):
            _load_all(loads(memoryview(content)[len(MAGIC) :]))  # noqa: S302  as every import does
    except Exception:  # noqa: BLE001, S110  what it was is told by the import of the module
        pass


def _load_all(modules: list[tuple[str, bool, bytes, CodeType]]) -> None:
    """Of each its name, whether it is a package, what its byte code begins with, and its code."""
    if not other_threads():
        for packed in modules:
            _load(*packed)
        return
    # Another thread may import the same: who comes second waits, as for any import.
    from importlib._bootstrap import _module_locks, _ModuleLock, _ModuleLockManager  # type: ignore[attr-defined]

    names = [packed[0] for packed in modules]
    lock = _ModuleLock(__name__)  # one for all: making and taking one each takes as long as what many modules do

    def forget(entry: object) -> None:
        acquire_lock()
        for name in names:
            if _module_locks.get(name) is entry:
                del _module_locks[name]
        release_lock()

    shared = ref(lock, forget)  # as each lock is known: until no thread holds it, or waits for it
    lock.acquire()
    acquire_lock()
    if is_first := _module_locks.keys().isdisjoint(names):
        _module_locks.update(dict.fromkeys(names, shared))
    release_lock()
    try:
        for packed in modules:
            if is_first:
                _load(*packed)
            else:  # a thread is at one of them; it must not wait for us while we wait for it
                with _ModuleLockManager(packed[0]):
                    _load(*packed)
    finally:
        lock.release()


def _load(name: str, is_package: bool, head: bytes, code: CodeType) -> None:  # noqa: FBT001  as it is packed
    """What `import` does, once it has found the code."""
    modules = sys.modules
    if name in modules:
        return
    home, _, own = name.rpartition(".")
    if home not in modules:
        __import__(home)
    package = modules[home]
    folder = package.__path__[0]
    if is_package:
        folder, own_file = f"{folder}/{own}", "__init__.py"
    else:
        own_file = f"{own}.py"
    source = f"{folder}/{own_file}"
    if head.startswith(DATED):
        if head != head_of(source):
            return
    elif not source.startswith(f"{INSTALLED}/"):  # another installation's package
        return
    _fix_co_filename(code, source)  # packed elsewhere, perhaps; then tracebacks would not tell ours from the user's
    spec: Any = ModuleSpec(name, SourceFileLoader(name, source), origin=source, is_package=is_package)
    spec.has_location = True
    spec.cached = cached_of(source)
    module = Module(name)
    facts = module.__dict__
    facts["__spec__"], facts["__loader__"], facts["__package__"] = spec, spec.loader, spec.parent
    facts["__file__"], facts["__cached__"] = source, spec.cached
    if is_package:
        spec.submodule_search_locations.append(folder)
        facts["__path__"] = spec.submodule_search_locations
    spec._initializing = True  # noqa: SLF001  the import system's own sign
    modules[name] = module
    try:
        exec(code, facts)  # noqa: S102  as every import does
    except BaseException:
        modules.pop(name, None)
        raise
    spec._initializing = False  # noqa: SLF001
    setattr(package, own, module)
