"""Build the layers into `dist/`: `python -m layer.build`, run by the Python that is to run in them.

Two layouts, one private folder (boot/perdure_finder.py has its rules):

    managed Python runtimes             OS-only runtimes

    perdure/wrapper                     bootstrap
    perdure/boot/                       perdure/boot/
    perdure/pyX.Y/                      perdure/lib/
                                        perdure/python/

A layer for OS-only runtimes needs an interpreter: a standalone build given with its checksum, or, for tests, the one at
hand. What is staged for it stays in `dist/layer/`, for the container image.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import sys
from pathlib import Path

from layer.interpreters import copy_at_hand, unpack_standalone
from layer.packages import build_wheels, copy_libraries, shared_table, unpack_wheels, version
from layer.zips import EPOCH, compile_all, set_modes, write_zip

HERE = Path(__file__).resolve().parent
PYTHON = f"py{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
TEST_ONLY = "Built around a Python that is not made for Lambda: for tests only, not to be published.\n"


def main(arguments: list[str] | None = None) -> int:
    """Build what is asked for, and name it."""
    parser = argparse.ArgumentParser(description="Build the Lambda layers.")
    parser.add_argument("--dist", type=Path, default=Path("dist"))
    parser.add_argument("--archive", type=Path, help="a standalone build of this Python, install_only_stripped")
    parser.add_argument("--sha256", default="", help="the archive's checksum")
    parser.add_argument("--test-only-python", action="store_true", help="in its place, the Python that runs this")
    chosen = parser.parse_args(arguments)
    dist: Path = chosen.dist
    build_wheels(dist / "wheels")
    announce(managed_layer(dist))
    if chosen.archive:
        announce(os_only_layer(dist, chosen.archive, chosen.sha256))
    elif chosen.test_only_python:
        announce(os_only_layer(dist))
    return 0


def managed_layer(dist: Path) -> Path:
    """The layer for managed Python runtimes, which bring the interpreter."""
    stage = emptied(dist / "layer-managed")
    fill(stage, dist / "wheels", PYTHON)
    shutil.copyfile(HERE / "wrapper", stage / "perdure" / "wrapper")
    return packed(stage, dist / f"perdure-layer-{version()}-managed-{PYTHON}-{ARCHITECTURE}.zip")


def os_only_layer(dist: Path, archive: Path | None = None, sha256: str = "") -> Path:
    """The layer for OS-only runtimes, around the interpreter in `archive`, or else, for tests, the one at hand."""
    stage = emptied(dist / "layer")
    fill(stage, dist / "wheels", "lib")
    shutil.copyfile(HERE / "bootstrap", stage / "bootstrap")
    name = f"perdure-layer-{version()}-{PYTHON}-{ARCHITECTURE}"
    if archive:
        unpack_standalone(archive, sha256, stage / "perdure" / "python")
    else:
        copy_at_hand(stage / "perdure" / "python")
        (stage / "perdure" / "TEST-ONLY").write_text(TEST_ONLY, "utf-8")
        name += "-test-only"
    return packed(stage, dist / f"{name}.zip")


def fill(stage: Path, wheels: Path, private: str) -> None:
    """Put in what both layouts have."""
    home = stage / "perdure"
    unpack_wheels(wheels, home / private)
    copy_libraries(home / private)
    (home / "boot").mkdir()
    for source in sorted((HERE / "boot").glob("*.py")):
        shutil.copyfile(source, home / "boot" / source.name)
    (home / "boot" / "shared.txt").write_text(shared_table(), "ascii")
    shutil.copyfile(HERE.parent / "LICENSE", home / "LICENSE")


def packed(stage: Path, target: Path) -> Path:
    """Compile and zip what is staged."""
    compile_all(stage)
    set_modes(stage)
    write_zip(stage, target, moment=float(os.environ.get("SOURCE_DATE_EPOCH", EPOCH)))
    return target


def emptied(folder: Path) -> Path:
    """`folder`, new."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def announce(built: Path) -> None:
    """Say what was built, how large it is, and by what it can be known again."""
    content = built.read_bytes()
    print(f"{built}  {len(content) / 1e6:.1f} MB  sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    sys.exit(main())
