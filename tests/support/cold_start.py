"""What a cold process has imported when its first invocation is over: measured from outside, and as it is recorded.

The process is `perdure_bootstrap` as Lambda starts it, but for `site`: what that imports would hide what we import. The
Runtime API and the service are the benchmark's. What was imported is told by a second invocation.

Of Perdure's modules every one is recorded, in a file; of all others those that we import, since what these bring along
is another on every Python. Run as a program, this records anew what Perdure's are:

    PYTHONPATH=.:tests .venv/bin/python -m support.cold_start
"""

from __future__ import annotations

import compileall
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.rig import Contender, Rig
from benchmarks.workloads import Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["STARTS", "Start", "bootstrap", "brought", "imported", "interpreter", "ours", "packed_copy", "recorded"]

ROOT = Path(__file__).parents[2]
STACK = ROOT / "tests" / "stack"
CERTS = ROOT / "tests" / "runtime" / "service" / "certs"
RECORD = STACK / "cold_modules.txt"
RESULT = 3
"""What all of them come to."""
LIBRARY = (
    *("__future__", "_blake2", "_contextvars", "_json", "_socket", "collections.abc", "contextvars", "enum"),
    *("functools", "gc", "importlib", "importlib.machinery", "operator", "os", "select", "typing"),
    "_sha256" if sys.version_info < (3, 12) else "_sha2",
)
"""What plain code and one step need besides ours."""


class Start(NamedTuple):
    """One way to begin."""

    module: str
    does: str
    besides: tuple[str, ...] = ()
    """What is imported that is not ours, besides `LIBRARY`."""
    by_tls: bool = False
    """Whether the service is spoken to by TLS."""


EVERY, PLAIN = "every start", "a step"
THREADS = () if sys.version_info >= (3, 13) else ("threading",)
"""What threads bring along that nobody else has imported."""
STARTS = {
    PLAIN: Start("cold_sync", "step"),
    "a step, by TLS": Start("cold_sync", "step", ("_ssl",), by_tls=True),
    "a logged line and a step": Start("cold_sync", "log", ("contextlib", "threading")),
    "a map": Start("cold_sync", "map", ("greenlet", *THREADS)),
    "a step, async": Start("cold_async", "step", ("asyncio", "contextlib", "threading")),
    "a logged line and a step, async": Start("cold_async", "log", ("asyncio", "contextlib", "threading")),
    "a map, async": Start("cold_async", "map", ("asyncio", "contextlib", "threading")),
}


def imported(start: Start, paths: Sequence[str] = ()) -> set[str]:
    """The modules that a process has imported by the end of its first invocation; `paths` come first on its path."""
    environ = {"AWS_CA_BUNDLE": str(CERTS / "authority.pem")}
    contender = Contender(start.module, bootstrap(paths), STACK, f"{start.module}.handler", environ)
    identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity.load_cert_chain(CERTS / "server.pem")
    rig = Rig(tls=identity if start.by_tls else None)
    try:
        rig.run(contender, [Workload(start.does, {"do": start.does}, RESULT), Workload("look", {"do": "look"}, 0)])
    finally:
        rig.close()
    return set(rig.output.splitlines()[-1].split()) - {start.module}


def brought(*modules: str) -> set[str]:
    """All that is imported where these are, on this Python."""
    command = interpreter(f"import {', '.join(modules)}; print(*sys.modules)")
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def ours(modules: set[str]) -> set[str]:
    """Those of them that are Perdure's."""
    return {module for module in modules if module.startswith("perdure")}


def recorded() -> dict[str, set[str]]:
    """Perdure's modules by start, as the record has them: those of every start, and what else comes with each."""
    found: dict[str, set[str]] = {}
    title = ""
    for line in RECORD.read_text("utf-8").splitlines():
        if line.startswith("# "):
            title = line.removeprefix("# ")
            found[title] = set()
        elif line:
            found[title].add(line)
    common = found.pop(EVERY)
    return {title: modules | common for title, modules in found.items()}


def record() -> None:
    """Write down what is imported now."""
    seen = {title: ours(imported(start)) for title, start in STARTS.items()}
    common = set.intersection(*seen.values())
    besides = {title: modules - common for title, modules in seen.items()}
    parts = ("\n".join([f"# {title}", *sorted(modules)]) for title, modules in ({EVERY: common} | besides).items())
    RECORD.write_text("\n\n".join(parts) + "\n", "utf-8")


def interpreter(code: str, paths: Sequence[str] = ()) -> tuple[str, ...]:
    """Python without site, with this process's path, behind `paths`."""
    behind = [path for path in sys.path if path]
    return (sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {[*paths, *behind]!r}; {code}")


def bootstrap(paths: Sequence[str] = ()) -> tuple[str, ...]:
    """The bootstrap, as `interpreter` runs it."""
    return interpreter("from perdure_bootstrap.__main__ import main; main()", paths)


def packed_copy(folder: Path) -> str:
    """Where a copy of our packages is, with byte code and packs, as in a layer."""
    for package in ("sdk/src/perdure", "runtime/src/perdure_runtime", "bootstrap/src/perdure_bootstrap"):
        source = ROOT / package
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder, quiet=1)
    command = interpreter("from perdure_bootstrap.packing import main; main()", [str(folder)])
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return str(folder)


if __name__ == "__main__":
    record()
