"""What a layer must hold to before it leaves the build: sizes, and what its binaries ask of the system.

Lambda takes a zip of 50 MB at most, and 250 MB unpacked for a function and all its layers; we leave users the most of
it. A binary that was not made for the layer's architecture, or needs a newer C library than Amazon Linux 2023 has,
would fail on Lambda only.
"""

from __future__ import annotations

from pathlib import Path

from layer.binaries import C_LIBRARY, GLIBC_CEILING, binaries_below, newest_glibc

__all__ = ["MEGABYTE", "UNPACKED", "ZIPPED", "hold_to_sizes", "hold_to_system"]

MEGABYTE = 1_000_000
ZIPPED = {"os-only": 25, "managed": 6, "boto3": 25, "test-only": 50}
"""MB that a layer of a kind may have as a zip."""
UNPACKED = 150
"""MB that a layer may have unpacked; the rest of Lambda's 250 is the function's."""


def hold_to_sizes(kind: str, stage: Path, packed: Path) -> None:
    """Raise SystemExit for a layer that has grown too large."""
    unpacked = sum(path.stat().st_size for path in stage.rglob("*") if path.is_file())
    for what, size, limit in (("zip", packed.stat().st_size, ZIPPED[kind]), ("content", unpacked, UNPACKED)):
        if size > limit * MEGABYTE:
            raise SystemExit(f"the {what} of {packed.name} has {size / MEGABYTE:.1f} MB; {limit} MB is the limit")


def hold_to_system(
    stage: Path, architecture: str, *, system: tuple[str, ...] = (), excepted: tuple[str, ...] = ()
) -> None:
    """Raise SystemExit for binaries that would not run on Lambda; those below `excepted` are not looked at.

    `system` are libraries that the sandbox has, besides the C library's.
    """
    found = [(path.relative_to(stage), binary) for path, binary in binaries_below(stage)]
    there = {*system, *(name.name for name, _ in found)}
    for name, binary in found:
        if any(name.is_relative_to(folder) for folder in excepted):
            continue
        if absent := [need for need in binary.needed if need not in there and not C_LIBRARY.fullmatch(need)]:
            raise SystemExit(f"{name} needs {', '.join(absent)}, which neither the layer nor Lambda has")
        if binary.machine != architecture:
            raise SystemExit(f"{name} is made for {binary.machine}, and the layer for {architecture}")
        if (newest := newest_glibc(binary)) > GLIBC_CEILING:
            needs, has = (".".join(map(str, version)) for version in (newest, GLIBC_CEILING))
            raise SystemExit(f"{name} needs glibc {needs}; Lambda has {has}")
