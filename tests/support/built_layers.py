"""Layers as `make layer` builds them, with the Python at hand, and a place that stands for /opt.

PERDURE_TEST_DIST names a folder with layers that are built already, around a standalone Python: before a release, those
are what is tried.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from layer.build import ARCHITECTURE, PYTHON
from layer.packages import version

__all__ = ["GIVEN", "MANAGED", "OS_ONLY", "ROOT", "WITH_BOTO3", "build", "built", "unpack"]

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
    base = factory.getbasetemp()
    dist = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "layers"
    with dist.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = dist / "done"
        if not done.exists():
            build(dist, "--test-only-python", "--boto3")
            done.touch()
    return dist


def unpack(archive: Path, folder: Path) -> None:
    """Put a layer where Lambda would, beside those that are there."""
    with ZipFile(archive) as layer:
        for entry in layer.infolist():
            Path(layer.extract(entry, folder)).chmod(entry.external_attr >> 16)
