"""Run all checks and tests; the one command behind `make test`.

First what reads the code, then the tests on a newer Python where this machine has one, then the tests that count, with
coverage. The first failure ends it. Coverage can only be judged when the tests are over, and pytest's summary is to be
the last line: it is held back until the gate has been passed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEWER = (3, 13)
"""A Python that Lambda runs, to test with besides the floor."""

TYPED = (
    *("sdk/src", "runtime/src", "bootstrap/src", "local/src"),
    *("layer", "tools", "examples/order", "examples/fulfilment", "tests/typing", "tests/conformance/handlers"),
)
READINGS = (
    ("format", ("ruff", "format", "--quiet", "--check", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy", "--no-error-summary", *TYPED)),
    ("types as pyright sees them", ("pyright",)),
    ("import contracts", ("lint-imports", "--no-logo", "--no-cache")),
)
"""What reads the code: a name, and a command of the environment."""

ONCE = ("tests/conformance/test_conformance.py", "tests/migration")
"""They take minutes, and one Python is enough for what they show; a long run leaves nothing out."""
FULLY_COVERED = ("sdk/src/perdure/*", "runtime/src/perdure_runtime/core/*")
"""Where every branch is to be tested."""


def main(arguments: list[str] | None = None) -> int:
    """Run everything; the exit status of the first failure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--long", action="store_true", help="also the tests that take long")
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)
    options = ("-q", "-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", *(("--long",) if chosen.long else ()))
    return readings() or newer_tests(options) or covered_tests(options)


def readings() -> int:
    """Run each reading, silently when it finds nothing."""
    # Where modules are that find one another because Python is started in, or on, their folder.
    environ = os.environ | {"MYPYPATH": "examples/order:examples/fulfilment:layer/boot:tests/conformance/handlers"}
    for name, (program, *rest) in READINGS:
        began = time.monotonic()
        done = subprocess.run([tool(program), *rest], env=environ, capture_output=True, text=True, check=False)
        say(f"{'ok' if done.returncode == 0 else 'FAILED':7} {name} ({time.monotonic() - began:.1f} s)")
        if done.returncode:
            say(f"{done.stdout}{done.stderr}$ {program} {' '.join(rest)}")
            return done.returncode
    return 0


def newer_tests(options: tuple[str, ...]) -> int:
    """Run the tests on a newer Python too, where there is one."""
    version = ".".join(map(str, NEWER))
    if sys.version_info >= NEWER:
        return 0
    python = newer_python(version)
    if python is None:
        say(f"skipped tests on Python {version}: no python{version} here")
        return 0
    venv = ROOT / f".venv-{version}"
    setting_up = subprocess.run([python, ROOT / "tools/setup.py", "dev", venv], check=False)
    if setting_up.returncode:
        return setting_up.returncode
    say(f"        tests on Python {version}")
    once = () if "--long" in options else tuple(f"--ignore={path}" for path in ONCE)
    return subprocess.run([venv / "bin/python", "-m", "pytest", *options, *once], check=False).returncode


def newer_python(version: str) -> Path | None:
    """A Python of this version that runs: from the path, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted((pyenv / "versions").glob(f"{version}.*/bin/python{version}"), reverse=True)
    # The one on the path first; it may be a shim that stands for a version nobody chose, and not run.
    on_path = shutil.which(f"python{version}")
    for candidate in ([Path(on_path)] if on_path else []) + installed:
        if subprocess.run([candidate, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def covered_tests(options: tuple[str, ...]) -> int:
    """Run the tests with coverage, judge it, and only then let pytest's last line out."""
    say(f"        tests on Python {'.'.join(map(str, sys.version_info[:2]))}")
    coverage(("erase",))
    colour = "yes" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else "no"
    status, summary = all_but_last((tool("coverage"), "run", "-m", "pytest", f"--color={colour}", *options))
    if status == 0 and not gate_passed():
        return 1
    print(summary, end="", flush=True)
    return status


def all_but_last(command: tuple[str | Path, ...]) -> tuple[int, str]:
    """Pass a command's lines on as they come, but for the last; its status, and that line."""
    held = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None  # noqa: S101  it was asked for
        for line in running.stdout:
            print(held, end="", flush=True)
            held = line
    return running.returncode, held


def gate_passed() -> bool:
    """Whether every branch is covered where that is asked; says what is not."""
    coverage(("combine", "--quiet"))
    total = coverage(("report", "--format=total")).stdout.strip()
    gate = coverage(("report", f"--include={','.join(FULLY_COVERED)}", "--fail-under=100"))
    if gate.returncode:
        say(
            f"{gate.stdout}{gate.stderr}FAILED  coverage: every branch of {' and '.join(FULLY_COVERED)} is to be tested"
        )
    else:
        say(f"ok      coverage: all of the sdk and the core, {total} % of everything")
    return gate.returncode == 0


def coverage(arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run a command of coverage's on what was measured."""
    return subprocess.run([tool("coverage"), *arguments], capture_output=True, text=True, check=False)


def tool(name: str) -> Path:
    """A program of the environment that this script runs in."""
    return Path(sys.executable).with_name(name)


def say(line: str) -> None:
    """Print at once, so that the order holds when output is a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
