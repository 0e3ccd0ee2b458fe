"""Layers as `make layer` builds them, with the Python at hand, and a place that stands for /opt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from layer.build import ARCHITECTURE, PYTHON
from layer.packages import version

__all__ = ["MANAGED", "OS_ONLY", "ROOT", "WITH_BOTO3", "build", "unpack"]

ROOT = Path(__file__).parents[2]
MANAGED = f"perdure-layer-{version()}-managed-{PYTHON}-{ARCHITECTURE}.zip"
OS_ONLY = f"perdure-layer-{version()}-{PYTHON}-{ARCHITECTURE}-test-only.zip"
WITH_BOTO3 = f"perdure-layer-{version()}-boto3-{PYTHON}.zip"


def build(dist: Path, *options: str | Path, **environ: str) -> Path:
    """Build layers into `dist`."""
    command = [sys.executable, "-m", "layer.build", "--dist", dist, *options]
    subprocess.run(command, cwd=ROOT, env=os.environ | environ, check=True, capture_output=True, text=True)
    return dist


def unpack(archive: Path, folder: Path) -> None:
    """Put a layer where Lambda would, beside those that are there."""
    with ZipFile(archive) as layer:
        for entry in layer.infolist():
            Path(layer.extract(entry, folder)).chmod(entry.external_attr >> 16)
