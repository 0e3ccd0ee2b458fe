"""Make a virtual environment that holds a set of pinned requirements and the four packages, editable.

Run it again at any time: a stamp in the environment names all that it was made from, and equal inputs cost nothing. A
smaller set never replaces a larger one that is already there, so `make demo` leaves a developer's environment alone.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sdk", "runtime", "bootstrap", "local")
SETS = ("run", "dev")
"""Sets of requirements, each holding all of the one before it."""
APART = ("bench",)
"""Sets for environments without the four packages: somebody else's, to compare with."""
ALONE = {"dev": ("conformance",)}
"""Requirements that go with a set but without what they ask for themselves; their files say why."""


def main(arguments: list[str] | None = None) -> int:
    """Set the environment up, unless it is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("requirements", choices=SETS + APART)
    parser.add_argument("venv", type=Path)
    chosen = parser.parse_args(arguments)
    venv = chosen.venv.absolute()
    stamp = venv / "perdure-setup"
    done = stamp.read_text("utf-8") if stamp.is_file() else ""
    name = chosen.requirements
    enough = SETS[SETS.index(name) :] if name in SETS else (name,)
    if done in {fingerprint(larger, venv) for larger in enough}:
        return 0
    if lacking := missing_pieces():
        print(lacking, file=sys.stderr)
        return 1
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Setting up {chosen.venv} with Python {version} and requirements/{name}.txt", flush=True)
    try:
        build(venv, name, stamp)
    except subprocess.CalledProcessError as error:
        print(f"Setting up {chosen.venv} failed at: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    return 0


def fingerprint(requirements: str, venv: Path) -> str:
    """What an environment depends on: its place, its interpreter, the requirements, the packages' metadata."""
    digest = hashlib.sha256(f"{venv}\n{sys.version}\n{os.path.realpath(sys.executable)}\n".encode())
    pins = (f"requirements/{name}.txt" for name in (requirements, *ALONE.get(requirements, ())))
    for path in (*pins, *(f"{name}/pyproject.toml" for name in PACKAGES)):
        digest.update((ROOT / path).read_bytes())
    return f"{requirements} {digest.hexdigest()}\n"


def missing_pieces() -> str | None:
    """The line to type where this Python cannot make environments, as Debian's own cannot without a package more."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        # Debian names the package after the version, except for that of its own `python3`.
        own = Path(sys.executable).resolve() == Path("/usr/bin/python3").resolve()
        package = "python3-venv" if own else f"python3.{sys.version_info.minor}-venv"
        return f"{sys.executable} cannot make virtual environments. Type: apt install {package}"
    return None


def build(venv: Path, requirements: str, stamp: Path) -> None:
    """Make the environment, or bring the one that is there up to date."""
    stamp.unlink(missing_ok=True)  # what is interrupted from here on is not taken for done
    python = venv / "bin" / "python"
    if not same_interpreter(python):
        run(sys.executable, "-m", "venv", "--clear", venv)
    pip = (python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements" / f"{requirements}.txt")
    for name in ALONE.get(requirements, ()):
        alone = ("--require-hashes", "--no-deps", "--ignore-requires-python")
        run(*pip, *alone, "-r", ROOT / "requirements" / f"{name}.txt")
    if requirements in SETS:
        install_packages(pip)
    stamp.write_text(fingerprint(requirements, venv), "utf-8")


def install_packages(pip: tuple[str | Path, ...]) -> None:
    """Install the four packages, so that they are what the sources are."""
    editable = [part for name in PACKAGES for part in ("-e", ROOT / name)]
    run(*pip, "--no-deps", "--no-build-isolation", *editable)


def same_interpreter(python: Path) -> bool:
    """Whether the environment runs, runs this Python, and has not been moved since it was made."""
    question = "import sys; print(sys.prefix, sys.version)"
    if not python.exists():
        return False
    answer = subprocess.run([python, "-c", question], capture_output=True, text=True, check=False)
    shebang = python.with_name("pip")
    unmoved = shebang.is_file() and str(python) in shebang.read_text("utf-8", errors="replace").partition("\n")[0]
    return unmoved and answer.stdout.strip() == f"{python.parent.parent} {sys.version}"


def run(*command: str | Path) -> None:
    """Run a command that says nothing unless it fails."""
    # Compiled files are made as modules are first imported; pip's notices about running as root do not concern a venv.
    environ = os.environ | {"PIP_ROOT_USER_ACTION": "ignore"}
    subprocess.run(command, check=True, env=environ)


if __name__ == "__main__":
    sys.exit(main())
