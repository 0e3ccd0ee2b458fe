"""Layers as `make layer` builds them, with the Python at hand, and a place that stands for /opt.

PERDURE_TEST_DIST names a folder with layers that are built already, around a standalone Python: before a release, those
are what is tried.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from layer.build import ARCHITECTURE, PYTHON
from layer.packages import version

__all__ = [
    "GIVEN", "MANAGED", "OS_ONLY", "ROOT", "WITH_BOTO3", "build", "built", "copy_sources", "sources", "unpack",
]  # fmt: skip

ROOT = Path(__file__).parents[2]
MANAGED = f"perdure-layer-{version()}-managed-{PYTHON}-{ARCHITECTURE}.zip"
GIVEN = os.environ.get("PERDURE_TEST_DIST")
OS_ONLY = f"perdure-layer-{version()}-{PYTHON}-{ARCHITECTURE}{'' if GIVEN else '-test-only'}.zip"
WITH_BOTO3 = f"perdure-layer-{version()}-boto3-{PYTHON}.zip"


def build(dist: Path, *options: str | Path, sources: Path = ROOT, **environ: str) -> Path:
    """Build layers into `dist`."""
    command = [sys.executable, "-m", "layer.build", "--dist", dist, *options]
    subprocess.run(command, cwd=sources, env=os.environ | environ, check=True, capture_output=True, text=True)
    return dist


def built(factory: pytest.TempPathFactory) -> Path:
    """All layers: those that are given, or else those of now, built once for all tests."""
    if GIVEN:
        return ROOT / GIVEN
    base = shared(factory)
    dist = base / "layers"
    with dist.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = dist / "done"
        if not done.exists():
            copy_sources(ROOT, base / "sources")
            build(dist, "--test-only-python", "--boto3", sources=base / "sources")
            done.touch()
    return dist


def shared(factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run have in common."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def sources(factory: pytest.TempPathFactory) -> Path:
    """The sources that `built` has built from, as they were at that moment."""
    return shared(factory) / "sources"


def copy_sources(root: Path, copied: Path) -> None:
    """Copy all that a build takes."""
    for name in ("sdk", "runtime", "bootstrap", "local", "layer", "requirements"):
        shutil.copytree(root / name, copied / name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache", "build"))
    shutil.copyfile(root / "LICENSE", copied / "LICENSE")


def unpack(archive: Path, folder: Path) -> None:
    """Put a layer where Lambda would, beside those that are there."""
    with ZipFile(archive) as layer:
        for entry in layer.infolist():
            Path(layer.extract(entry, folder)).chmod(entry.external_attr >> 16)
