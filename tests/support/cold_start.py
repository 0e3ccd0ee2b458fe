"""What a cold process has imported when its first invocation is over: measured from outside, and as it is recorded.

The process is `perdure_bootstrap` as Lambda starts it, but for `site`: what that imports would hide what we import. The
Runtime API and the service are the benchmark's. What was imported is told by a second invocation.

Of Perdure's modules every one is recorded, in a file; of all others those that we import, since what these bring along
is another on every Python. Run as a program, this records anew what Perdure's are:

    PYTHONPATH=.:tests .venv/bin/python -m support.cold_start
"""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks.rig import Contender, Rig
from benchmarks.workloads import Workload

__all__ = ["BOOTSTRAP", "STARTS", "Start", "brought", "imported", "interpreter", "ours", "recorded"]

STACK = Path(__file__).parent.parent / "stack"
CERTS = Path(__file__).parent.parent / "runtime" / "service" / "certs"
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


PLAIN = "a step"
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


def imported(start: Start) -> set[str]:
    """The modules that a process has imported by the end of its first invocation."""
    environ = {"AWS_CA_BUNDLE": str(CERTS / "authority.pem")}
    contender = Contender(start.module, BOOTSTRAP, STACK, f"{start.module}.handler", environ)
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
    """Perdure's modules by start, as the record has them: all for the plain one, what comes besides for the others."""
    found: dict[str, set[str]] = {}
    title = ""
    for line in RECORD.read_text("utf-8").splitlines():
        if line.startswith("# "):
            title = line.removeprefix("# ")
            found[title] = set()
        elif line:
            found[title].add(line)
    return {title: modules | found[PLAIN] for title, modules in found.items()}


def record() -> None:
    """Write down what is imported now."""
    seen = {title: ours(imported(start)) for title, start in STARTS.items()}
    besides = {title: modules - seen[PLAIN] if title != PLAIN else modules for title, modules in seen.items()}
    parts = ("\n".join([f"# {title}", *sorted(modules)]) for title, modules in besides.items())
    RECORD.write_text("\n\n".join(parts) + "\n", "utf-8")


def interpreter(code: str) -> tuple[str, ...]:
    """Python without site, with this process's path."""
    paths = [path for path in sys.path if path]
    return (sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {paths!r}; {code}")


BOOTSTRAP = interpreter("from perdure_bootstrap.__main__ import main; main()")

if __name__ == "__main__":
    record()
