"""What goes into the private folder: our wheels, and the libraries that the engine needs.

The libraries are copied from the environment the build runs in, which holds what `requirements/` pins, checked by hash
when it was set up; so a build needs no network, and takes nothing that has not been tested.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any
from zipfile import ZipFile

__all__ = ["SHIPPED", "build_wheels", "copy_libraries", "shared_table", "unpack_wheels", "version"]

ROOT = Path(__file__).resolve().parent.parent
DISTRIBUTIONS = {"perdure": "sdk", "perdure_runtime": "runtime", "perdure_bootstrap": "bootstrap"}
"""Distributions that a layer holds, by the name their wheels begin with, and their folders."""
WHEELS_ONLY = ("local",)
SHIPPED = ("greenlet", "orjson", "simplejson", "structlog")
"""Libraries that a layer holds; boto3 is left to the runtime, or to a layer of its own."""
UNWANTED = ("*.pyc", "*.pyi", "*.c", "*.cpp", "*.h", "*.hpp", "INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
"""Files of a distribution that nothing reads at run time, or that differ from one installation to the next."""


def project(folder: str) -> dict[str, Any]:
    """The `[project]` table of one of our distributions."""
    text = (ROOT / folder / "pyproject.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


def version() -> str:
    """The version that all of our distributions have."""
    return str(project("sdk")["version"])


def build_wheels(destination: Path) -> None:
    """Build the wheels of all our distributions."""
    folders = (*DISTRIBUTIONS.values(), *WHEELS_ONLY)
    options = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation")
    sources = [ROOT / folder for folder in folders]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", destination, *sources], check=True)


def unpack_wheels(wheels: Path, private: Path) -> None:
    """Unpack those of our wheels that a layer holds."""
    for name in DISTRIBUTIONS:
        with ZipFile(wheels / f"{name}-{version()}-py3-none-any.whl") as wheel:
            wheel.extractall(private)
    for record in private.glob("perdure*.dist-info/RECORD"):
        record.unlink()


def copy_libraries(private: Path) -> None:
    """Copy the libraries from this environment. Raises SystemExit where it does not hold what is pinned."""
    pins = (ROOT / "requirements" / "run.txt").read_text("utf-8")
    for name in SHIPPED:
        library = metadata.distribution(name)
        if f"\n{name}=={library.version} " not in f"\n{pins}":
            raise SystemExit(
                f"{sys.executable} has {name} {library.version}, which is not the one pinned: run make setup"
            )
        if needs := [need for need in library.requires or () if ";" not in need]:
            raise SystemExit(f"{name} {library.version} needs {', '.join(needs)}, which no layer holds yet")
        for entry in library.files or ():
            if ".." in entry.parts or "tests" in entry.parts or any(entry.match(pattern) for pattern in UNWANTED):
                continue
            target = private / entry
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(entry.locate(), target)


def shared_table() -> str:
    """The libraries that user code may bring too, for the finder: name, least version tested with, version shipped."""
    shipped = {name: metadata.version(name) for name in SHIPPED}
    runtime, bootstrap = project("runtime"), project("bootstrap")
    needs = [*runtime["dependencies"], *runtime["optional-dependencies"]["boto"], *bootstrap["dependencies"]]
    floors = dict(shipped)  # where no distribution of ours names a floor, nothing older is known to do
    for need in needs:
        if found := re.match(r"(boto3|" + "|".join(SHIPPED) + r")>=([0-9.]+)", need):
            floors[found[1]] = found[2]
    return "".join(f"{name} {floor} {shipped.get(name, '-')}\n" for name, floor in sorted(floors.items()))
