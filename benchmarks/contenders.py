"""Who is compared, and the environments they run in.

Perdure and AWS's SDK have a virtual environment each, under build/, as small as may be: how much there is to search is
part of what is measured. The floor runs in Perdure's. tools/setup.py makes them, with the Python that `make test` takes
as the newer one.
"""

from __future__ import annotations

import json
import string
import subprocess
import sys
from pathlib import Path

from benchmarks.rig import Contender
from tools.check import NEWER, newer_python

__all__ = ["FLOOR", "OFFICIAL", "OURS", "PEER", "RESULTS", "ROOT", "contenders"]

ROOT = Path(__file__).resolve().parent.parent
PEER = ROOT / "benchmarks/peer"
RESULTS = ROOT / "build/bench/results.json"
"""Where figures are kept, unless another file is named."""
OURS = ("perdure-sync", "perdure-async")
OFFICIAL, FLOOR = "official", "floor"


def contenders() -> dict[str, Contender]:
    """All of them, by name, in environments that are made where they are not there yet."""
    version = ".".join(map(str, NEWER))
    python = Path(sys.executable) if sys.version_info >= NEWER else newer_python(version) or Path(sys.executable)
    ours, theirs = environment(python, "run"), environment(python, "bench")
    # As a layer's build does.
    subprocess.run([ours, "-m", "perdure_bootstrap.packing"], check=True, stdout=subprocess.DEVNULL)
    execution_environment = {"AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}"}
    found = {
        FLOOR: Contender(FLOOR, (str(ours), "floor.py"), PEER, ""),
        OFFICIAL: Contender(
            OFFICIAL, (str(theirs), "-m", "awslambdaric", "official.handler"), PEER, "official.handler",
            execution_environment,
        ),
    }  # fmt: skip
    peer = json.loads((PEER / "peer.json").read_text("utf-8"))
    for name, variant in peer["variants"].items():
        described = peer | variant
        command = [string.Template(word).substitute(PERDURE_PYTHON=ours) for word in described["command"]]
        environ = peer.get("env", {}) | variant.get("env", {})
        found[name] = Contender(name, tuple(command), PEER, described.get("handler", "handlers.handler"), environ)
    return found


def environment(python: Path, requirements: str) -> Path:
    """The interpreter of an environment with these requirements."""
    venv = ROOT / "build/bench" / requirements
    subprocess.run([python, ROOT / "tools/setup.py", requirements, venv], check=True)
    return venv / "bin/python"
