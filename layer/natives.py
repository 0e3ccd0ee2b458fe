"""The C++ and GCC runtime libraries, shipped where a wheel needs them.

Wheels for Linux may count on them being on the system. Lambda's OS-only sandbox is not documented to have them, so a
layer for it brings them along, in a folder of its own: the finder loads them before the first library that needs them,
where the system has none. The ones to ship are those of Amazon Linux itself (layer/README.md says how to get them);
for tests, this machine's do.
"""

from __future__ import annotations

import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from layer.binaries import C_LIBRARY, binaries_below

__all__ = ["WELCOME", "natives_needed", "ship_given", "ship_of_this_system"]

WELCOME = ("libgcc_s.so.1", "libstdc++.so.6")
"""What wheels may count on besides the C library (the manylinux policies), and have been seen to."""
LICENCES = ("COPYING*", "*.LICENSE", "copyright*", "LICENSE*")


def natives_needed(private: Path) -> dict[str, str]:
    """For each distribution in a private folder that needs some, the native libraries, joined by commas."""
    bundled = {path.name for path, _ in binaries_below(private)}
    found = {}
    for distribution in metadata.distributions(path=[str(private)]):
        tops = {name.split("/")[0] for name in owned(distribution, private)}
        needed = {name for top in tops for name in natives_of(private / top)} - bundled
        if stray := needed - set(WELCOME):
            raise SystemExit(f"{distribution.name} needs {', '.join(sorted(stray))}, which no layer has")
        if needed:
            found[distribution.name] = ",".join(sorted(needed))
    return found


def owned(distribution: metadata.Distribution, private: Path) -> list[str]:
    """The files of `private` that are a distribution's: its record has been left out, so they are told by name."""
    named = (distribution.read_text("top_level.txt") or distribution.name.replace("-", "_")).split()
    return [path.name for path in private.iterdir() if path.name.split(".")[0] in named]


def natives_of(path: Path) -> set[str]:
    """The shared libraries that the binaries of a package, or a single module, need besides the C library's."""
    folder = path if path.is_dir() else path.parent
    binaries = ((at, binary) for at, binary in binaries_below(folder) if path.is_dir() or at == path)
    return {name for _, binary in binaries for name in binary.needed if not C_LIBRARY.fullmatch(name)}


def ship_given(names: set[str], given: Path | None, home: Path) -> None:
    """Copy libraries, and the licences beside them, from a folder."""
    if not names:
        return
    if given is None or (missing := sorted(name for name in names if not (given / name).is_file())):
        lacking = ", ".join(sorted(names) if given is None else missing)
        raise SystemExit(
            f"the layer needs {lacking}: give a folder with Amazon Linux's as --libraries (layer/README.md)"
        )
    home.mkdir(parents=True)
    for name in sorted(names):
        shutil.copyfile(given / name, home / name)
    licences = sorted({path for pattern in LICENCES for path in given.glob(pattern)})
    if not licences:
        raise SystemExit(f"{given} has no licence of {', '.join(sorted(names))} beside them")
    for path in licences:
        shutil.copyfile(path, home / path.name)


def ship_of_this_system(names: set[str], home: Path) -> None:
    """Copy libraries of the machine that builds: for tests."""
    home.mkdir(parents=True)
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines() if " => " in line]
    places = {row[0]: row[-1] for row in reversed(rows) if "x86-64" in row[1] or "AArch64" in row[1]}
    for name in sorted(names):
        shutil.copyfile(places[name], home / name)
    (home / "COPYING").write_text("See the licences of the system that this test-only layer was built on.\n", "utf-8")
