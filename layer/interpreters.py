"""The interpreter of a layer for OS-only runtimes: from a standalone build, or, for tests, the one at hand.

A standalone build is relocatable, has its libraries linked in, and asks for no newer C library than Lambda has. The one
at hand promises none of that: its shared libraries are copied along, and what comes of it is marked test-only.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from layer.binaries import C_LIBRARY, read_binary
from layer.components import Component, native_components

__all__ = ["copy_at_hand", "unpack_standalone"]

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
LICENCE = "PSF-2.0"

UNWANTED = (
    *("test", "idlelib", "turtledemo", "tkinter", "ensurepip", "venv", "lib2to3", "pydoc_data", "site-packages"),
    *("dist-packages", "__pycache__", "config-*", "_tkinter*.so", "_test*.so", "_xxtest*.so", "*.a", "*.pyi"),
)
"""What a function has no use for. Tracebacks quote sources, and zoneinfo asks `_sysconfigdata*`, so those stay."""

AT_HAND = f"""#!/bin/sh
# Test-only: this interpreter was built for another place, and finds the libraries copied along by this variable.
here=${{0%/*}}
export LD_LIBRARY_PATH="$here/../lib${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
exec "$here/{PYTHON}" "$@"
"""


def unpack_standalone(archive: Path, sha256: str, home: Path) -> list[Component]:
    """Put the interpreter of an `install_only` archive into `home`. Raises SystemExit for any other archive."""
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != sha256.lower():
        raise SystemExit(f"{archive} has the SHA-256 {found}, not {sha256 or '(none given)'}")
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="tar")
        unpacked = Path(scratch, "python")
        program = unpacked / "bin" / PYTHON
        if not program.is_file():
            raise SystemExit(f"{archive} does not hold python/bin/{PYTHON}: build with the version it is of")
        copy_library(unpacked / "lib" / PYTHON, home)
        (home / "bin").mkdir()
        shutil.copyfile(program, home / "bin" / "python3")
        binary = read_binary(program.read_bytes())
        for name in binary.needed if binary else ():
            if name.startswith("libpython"):  # some builds are made with a shared one
                shutil.copyfile(unpacked / "lib" / name, home / "lib" / name)
        version = full_version(unpacked / "include" / PYTHON / "patchlevel.h")
    return [Component("cpython", version, LICENCE, f"pkg:generic/cpython@{version}", found)]


def full_version(patchlevel: Path) -> str:
    """The version of an interpreter that may be of another architecture, by its headers; X.Y where they are absent."""
    text = patchlevel.read_text("utf-8") if patchlevel.is_file() else ""
    named = re.search(r'^#define\s+PY_VERSION\s+"([^"]+)"', text, re.MULTILINE)
    return named[1] if named else PYTHON.removeprefix("python")


def copy_at_hand(home: Path) -> list[Component]:
    """Put the interpreter that runs this into `home`, with the shared libraries that it needs."""
    stdlib = Path(os.__file__).parent
    copy_library(stdlib, home)
    (home / "bin").mkdir()
    program = home / "bin" / PYTHON
    shutil.copyfile(Path(sys.executable).resolve(), program)
    (home / "bin" / "python3").write_text(AT_HAND, "utf-8")
    extensions = sorted((home / "lib" / PYTHON / "lib-dynload").glob("*.so"))
    for library in needed_libraries(Path(sys.executable).resolve(), *extensions):
        shutil.copyfile(library, home / "lib" / library.name)
    if strip := shutil.which("strip"):  # a build for developers has more symbols for debuggers than code
        for binary in (program, *extensions, *sorted((home / "lib").glob("*.so*"))):
            subprocess.run([strip, "--strip-debug", binary], check=True)
    version = platform.python_version()
    own = Component("cpython", version, LICENCE, f"pkg:generic/cpython@{version}")
    return [own, *native_components(home / "lib", licence=None)]


def copy_library(stdlib: Path, home: Path) -> None:
    """Copy the standard library without what no function uses."""
    shutil.copytree(stdlib, home / "lib" / PYTHON, ignore=shutil.ignore_patterns(*UNWANTED))


def needed_libraries(*binaries: Path) -> list[Path]:
    """The shared libraries that `binaries` load, but for those of the system itself."""
    listed = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=True).stdout  # noqa: S607
    found = {Path(path) for path in re.findall(r"=> (/\S+)", listed)}
    return sorted(path for path in found if not C_LIBRARY.fullmatch(path.name))
