"""How a layer's packages are found without standing in the way of the function's own.

The engine lives in a private folder that is never on `sys.path`: nothing of it leaks into user code, and no copy that a
bundle carries can take its place. This finder stands first on `sys.meta_path` and answers for few names:

- the engine's own packages always come from the private folder;
- a library that user code may have too comes from the function's bundle where that copy is recent enough to have been
  tested with, and from a private folder otherwise, with one warning that names both. Either way the process has one
  copy, which for greenlet is a matter of life and death. One that is only good with the same release of another comes
  from where that one does;
- about anything else, and about all submodules, it says nothing: the ordinary search goes on.

Runs on every cold start: imports nothing that the interpreter has not loaded by itself.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder

TYPE_CHECKING = False  # the one of `typing` is spelled alike to type checkers, and costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["PrivateFinder", "Shared", "load_native", "private_folder", "read_shared", "warn"]

OURS = frozenset({"perdure", "perdure_runtime", "perdure_bootstrap"})


class Shared:
    """A library that the engine uses and user code may bring."""

    __slots__ = ("distribution", "folder", "leader", "minimum", "name", "natives", "shipped")

    def __init__(
        self,
        name: str,
        minimum: str,
        shipped: str | None,
        distribution: str,
        leader: str | None,
        natives: tuple[str, ...],
        folder: str,
    ) -> None:
        self.name = name
        self.minimum = minimum
        """The oldest version that the engine is tested with."""
        self.shipped = shipped
        """The version in the private folder; None where the layer does without."""
        self.distribution = distribution
        """What its metadata is filed under."""
        self.leader = leader
        """The library that it comes along with."""
        self.natives = natives
        """Shared libraries that it counts on the system to have."""
        self.folder = folder
        """The private folder that it is shipped in."""


class PrivateFinder:
    """A meta path finder over a layer's private folder."""

    def __init__(
        self,
        private: str,
        shared: dict[str, Shared],
        bundle: Callable[[], Sequence[str]],
        warn: Callable[[str], None],
        natives: str = "",
    ) -> None:
        self._private = [private]
        self._natives = natives
        self._shared = shared
        self._bundle = bundle
        self._warn = warn
        self._warned: set[str] = set()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002  the import system's signature
    ) -> ModuleSpec | None:
        """The spec of a module that this finder answers for; None leaves it to the next finder."""
        if path is not None:
            return None
        if fullname in OURS:
            return PathFinder.find_spec(fullname, self._private)
        if (library := self._shared.get(fullname)) is not None:
            return self._shared_spec(library)
        return None

    def _shared_spec(self, library: Shared) -> ModuleSpec | None:
        for native in library.natives:
            load_native(native, self._natives)
        theirs = self._bundled(library)
        ours = PathFinder.find_spec(library.name, [library.folder]) if library.shipped else None
        if theirs is None:
            return ours
        leader = self._shared.get(library.leader) if library.leader else None
        version = self._too_old(leader or library)
        if version is None:
            return theirs
        if leader is None:
            self._warn_once(library, version, theirs.origin)
        return ours or theirs

    def _bundled(self, library: Shared) -> ModuleSpec | None:
        spec = PathFinder.find_spec(library.name, [*self._bundle(), *sys.path])
        return None if spec is None or spec.origin is None else spec  # nothing, or a folder without code

    def _too_old(self, library: Shared) -> str | None:
        """The version of the bundle's copy where that is not known to do; None where it does, or there is none."""
        spec = self._bundled(library)
        if spec is None or spec.origin is None:
            return None
        version = bundled_version(library.distribution, spec.origin)
        if version is not None and release(version) >= release(library.minimum):
            return None
        return version or "of unknown version"

    def _warn_once(self, library: Shared, version: str, origin: str | None) -> None:
        if library.name in self._warned:
            return
        self._warned.add(library.name)
        found = f"{library.name} {version} ({origin})"
        used = f"the layer's own {library.shipped} is used" if library.shipped else "it is used, as the layer has none"
        self._warn(f"{found} is not known to be {library.minimum} or newer, as Perdure needs it: {used}")


def bundled_version(name: str, origin: str) -> str | None:
    """The version of a library found at `origin`, by the metadata that pip put beside it; None where that is gone."""
    folder = os.path.dirname(origin)
    if os.path.basename(origin).startswith("__init__."):
        folder = os.path.dirname(folder)
    for entry in os.listdir(folder):
        found, _, rest = entry.partition("-")
        if found.lower() == name and rest.endswith(".dist-info"):
            return rest.removesuffix(".dist-info")
    return None


def release(version: str) -> tuple[int, ...]:
    """The numbers a version begins with: of `3.11.0rc1`, 3 and 11, which makes a pre-release older than its release."""
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def read_shared(path: str, folder: str) -> dict[str, Shared]:
    """The table of shared libraries that the build left, for those in one private folder; empty where there is none."""
    try:
        with open(path, encoding="ascii") as table:
            rows = [line.split() for line in table]
    except FileNotFoundError:
        return {}
    return {row[0]: shared(row, folder) for row in rows}


def shared(row: Sequence[str], folder: str) -> Shared:
    """What a line of the table says; `-` stands for nothing."""
    name, minimum, shipped, distribution, leader, natives = row
    return Shared(
        name,
        minimum,
        None if shipped == "-" else shipped,
        distribution,
        None if leader == "-" else leader,
        () if natives == "-" else tuple(natives.split(",")),
        folder,
    )


def load_native(name: str, folder: str) -> None:
    """Have a shared library in the process before a module needs it: the system's, else the layer's own.

    What is loaded is found by its name from then on, wherever it lies; so nothing of ours is on the library path.
    """
    from _ctypes import dlopen  # not `ctypes`, which costs ten times as much

    try:
        dlopen(name, 0)
    except OSError:
        if os.path.isfile(own := os.path.join(folder, name)):
            dlopen(own, 0)


def private_folder(home: str, version: tuple[int, ...]) -> str:
    """Where this layer keeps the engine for this Python: `lib` beside an interpreter of its own, else `pyX.Y`."""
    wanted = f"py{version[0]}.{version[1]}"
    for name in ("lib", wanted):
        if os.path.isdir(folder := os.path.join(home, name)):
            return folder
    held = ", ".join(sorted(entry for entry in os.listdir(home) if entry.startswith("py"))) or "none"
    raise SystemExit(f"Perdure's layer is not built for the function's Python: it has {held}, and needs {wanted}")


def warn(text: str) -> None:
    """Log before there is a logger: a line of JSON where Lambda is to read lines as JSON, plain text otherwise."""
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON":
        import json
        import time

        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = json.dumps({"timestamp": now, "level": "WARNING", "message": text, "logger": "perdure"})
    else:
        text = f"[WARNING] {text}"
    print(text, flush=True)
