"""Wheels made on the spot, and what would be pinned of them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from zipfile import ZipFile

from layer.packages import Pin

__all__ = ["wheel"]


def wheel(
    folder: Path, name: str, version: str, tag: str = "py3-none-any", files: Mapping[str, bytes] = MappingProxyType({})
) -> Pin:
    """Write a wheel with the files given, and a bit of metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-{tag}.whl"
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n")
        for file, content in files.items():
            archive.writestr(file, content)
    return Pin(version, frozenset({sha256(path.read_bytes()).hexdigest()}))
