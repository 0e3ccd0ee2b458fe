"""Fetch the pinned wheels of the libraries in the layers, for an architecture: `python -m layer.fetch arm64 FOLDER`.

The one part of building a layer that needs the network, and only where the layer is for another machine than this one.
pip checks the hashes as it downloads, and the build checks them again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from layer.build import ARCHITECTURES
from layer.packages import BOTO3, ENGINE, TAGS, pins

__all__ = ["main", "requirements"]

GLIBC = ("2014", "_2_17", "_2_24", "_2_28", "_2_34")
"""The C libraries that a wheel may be made for, as their names have it: up to Amazon Linux 2023's."""


def main(arguments: list[str] | None = None) -> int:
    """Fetch them into a folder."""
    parser = argparse.ArgumentParser(description="Fetch the wheels that a layer is built from.")
    parser.add_argument("architecture", choices=ARCHITECTURES)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args(arguments)
    platforms = (f"manylinux{glibc}_{TAGS[chosen.architecture]}" for glibc in GLIBC)
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", str(chosen.folder)]
    options += [part for platform in platforms for part in ("--platform", platform)]
    options += ["--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
        wanted.write(requirements())
        wanted.flush()
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
        return subprocess.run([*pip, *options, "--requirement", wanted.name], check=False).returncode


def requirements() -> str:
    """What is to be fetched, with the hashes that are pinned."""
    pinned = {library.distribution: pins()[library.distribution] for library in (*ENGINE, *BOTO3)}
    rows = (
        " ".join([f"{name}=={pin.version}", *(f"--hash=sha256:{digest}" for digest in sorted(pin.sha256))])
        for name, pin in pinned.items()
    )
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
