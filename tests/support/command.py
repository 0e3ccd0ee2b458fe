"""The command line as a user starts it: a process of its own, in a folder of workflows that leave their process ids."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PERDURE = (sys.executable, "-m", "perdure_local")
PATIENCE = 60.0
"""Seconds a command may take, on a machine that has other things to do."""
INHERITED = ("PATH", "HOME", "TMPDIR", "VIRTUAL_ENV")

_LEAVE_PID = """
import os as _os, pathlib as _pathlib
with _pathlib.Path(__file__).with_name("pids").open("a") as _pids:
    _pids.write(f"{_os.getpid()}\\n")
"""


class Done(NamedTuple):
    """What a command came to."""

    status: int
    stdout: str
    stderr: str

    @property
    def last_line(self) -> str:
        """The last line of standard output."""
        return self.stdout.splitlines()[-1]


def environment(**more: str) -> dict[str, str]:
    """What a command is started with: none of what tests set for themselves."""
    own = {"PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | own | more


def write_module(folder: Path, name: str, source: str) -> None:
    """Write a user's module; each process that imports it is noted."""
    (folder / f"{name}.py").write_text(source + _LEAVE_PID, "utf-8")


def perdure(folder: Path, *arguments: str, stdin: str = "", environ: Mapping[str, str] | None = None) -> Done:
    """Run the command in a folder; no process of the user's code may be left when it is over."""
    done = subprocess.run(
        [*PERDURE, *arguments],
        cwd=folder,
        env=environment(**(environ or {})),
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert left(folder) == []
    return Done(done.returncode, done.stdout, done.stderr)


def pids(folder: Path) -> list[int]:
    """The processes that imported a module of the folder, so far."""
    noted = folder / "pids"
    return [int(line) for line in noted.read_text("utf-8").splitlines()] if noted.exists() else []


def left(folder: Path) -> list[int]:
    """Those of them that are alive."""
    return list(_alive(pids(folder)))


def _alive(found: Iterable[int]) -> Iterable[int]:
    for pid in found:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        yield pid
