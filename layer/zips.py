"""From a staged folder to a zip: byte code, a list of hashes, modes, and an archive that is the same at any time.

The layer's folder is read-only on Lambda, so byte code that is missing, or taken for stale, would be made anew on every
cold start. What Python compares for that is the source's time of change, which archives lose; the byte code here is of
the kind that is never compared.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

__all__ = ["compile_all", "pack_all", "set_modes", "write_hashes", "write_zip"]

EPOCH = 315_532_800
"""1980-01-01, the first day a zip can name."""
UNIX = 3
PROGRAMS = ("bootstrap", "perdure/wrapper", "perdure/python/bin/*")


def compile_all(stage: Path) -> None:
    """Compile every module below `stage` to byte code that knows itself at home in /opt."""
    command = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", stage, "-p", "/opt", stage)
    # A set's order in byte code follows the hash seed. Some of the standard library's files are made to be refused.
    environ = os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run([sys.executable, *command], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"not all of {stage} compiles:\n{done.stdout}{done.stderr}")


def pack_all(stage: Path) -> None:
    """Have what every start needs lie together, in each folder with our packages; their byte code is there by now."""
    for package in stage.rglob("perdure_bootstrap/"):
        # By these packages, and not by those that this Python has: neither its own folders nor where this runs.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environ |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(package.parent.resolve())}
        command = (sys.executable, "-s", "-S", "-P", "-m", "perdure_bootstrap.packing", "--unchecked")
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"not all of {package.parent} can be packed:\n{done.stdout}{done.stderr}")


def set_modes(stage: Path) -> None:
    """Let everyone read everything, whatever the umask: the sandbox has a user of its own."""
    for path in (stage, *stage.rglob("*")):
        path.chmod(0o755 if path.is_dir() or is_program(path.relative_to(stage)) else 0o644)


def is_program(name: Path) -> bool:
    """Whether a file of a layer is to be run."""
    return any(name.match(pattern) for pattern in PROGRAMS)


def write_hashes(stage: Path, target: Path) -> None:
    """List the hash of every file below `stage` but the list's own, as `sha256sum --check` reads it in /opt."""
    files = sorted(path for path in stage.rglob("*") if path.is_file() and path != target)
    rows = (f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(stage).as_posix()}\n" for path in files)
    target.write_text("".join(rows), "utf-8")


def write_zip(stage: Path, target: Path, *, moment: float = EPOCH) -> None:
    """Write the files below `stage`, in order, all of the same moment."""
    with ZipFile(target, "w") as archive:
        for path in sorted(path for path in stage.rglob("*") if path.is_file()):
            info = ZipInfo(path.relative_to(stage).as_posix(), time.gmtime(max(moment, EPOCH))[:6])
            info.create_system = UNIX
            info.external_attr = (stat.S_IFREG | stat.S_IMODE(path.stat().st_mode)) << 16
            archive.writestr(info, path.read_bytes(), ZIP_DEFLATED, compresslevel=9)
