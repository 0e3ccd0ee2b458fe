"""Run all checks and tests; the one command behind `make test`.

First what reads the code, all at once, then the tests on a newer Python where this machine has one, then the tests that
count, with coverage. The first failure ends it. Coverage can only be judged when the tests are over, and pytest's
summary is to be the last line: it is held back until the gate has been passed.
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
    *("layer", "tools", "benchmarks", "examples/order", "examples/fulfilment"),
    *("tests/typing", "tests/conformance/handlers"),
)
FOLDERS = ("examples/order", "examples/fulfilment", "layer/boot", "tests/conformance/handlers", "benchmarks/peer")
"""Where modules are that find one another because Python is started in, or on, their folder."""
READINGS = (
    ("format", ("ruff", "format", "--quiet", "--check", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy", "--no-error-summary", *TYPED)),
    ("types as pyright sees them", ("pyright",)),
    ("import contracts", ("lint-imports", "--no-logo", "--no-cache")),
)
"""What reads the code: a name, and a command of the environment."""

# What takes long, and one Python is enough for: the one that is named here. A long run leaves nothing out.
ON_THE_FLOOR = ("tests/conformance/test_conformance.py", "tests/migration")
ON_THE_NEWER = ("tests/layer/test_scenarios.py", "tests/layer/test_image.py")
"""They deploy, and Lambda has the newer one."""
FULLY_COVERED = ("sdk/src/perdure/*", "runtime/src/perdure_runtime/core/*")
"""Where every branch is to be tested."""


def main(arguments: list[str] | None = None) -> int:
    """Run everything; the exit status of the first failure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--long", action="store_true", help="also the tests that take long")
    chosen = parser.parse_args(arguments)
    os.chdir(ROOT)
    # The tests start hundreds of processes, and each would compile all it imports, every time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # tests/conftest.py puts the files in order, the longest first.
    workers = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")
    options = ("-q", *workers, *(("--long",) if chosen.long else ()))
    newer = newer_python(version(NEWER)) if sys.version_info < NEWER else None
    return (
        readings() or newer_tests(newer, options) or covered_tests(options, leaving_out=ON_THE_NEWER if newer else ())
    )


def readings() -> int:
    """Run the readings all at once; each is silent when it finds nothing."""
    environ = os.environ | {"MYPYPATH": ":".join(FOLDERS)}
    began = time.monotonic()
    running = [started((tool(program), *rest), environ) for _, (program, *rest) in READINGS]
    try:
        for (name, command), reading in zip(READINGS, running, strict=True):
            said, _ = reading.communicate()
            say(f"{'ok' if reading.returncode == 0 else 'FAILED':7} {name} ({time.monotonic() - began:.1f} s)")
            if reading.returncode:
                say(f"{said}$ {' '.join(command)}")
                return reading.returncode
    finally:
        for reading in running:
            with reading:
                reading.kill()  # what a failure has left running
    return 0


def started(command: tuple[str | Path, ...], environ: dict[str, str]) -> subprocess.Popen[str]:
    """A program that runs, and what it says in one pipe."""
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def newer_tests(python: Path | None, options: tuple[str, ...]) -> int:
    """Run the tests on a newer Python too, where there is one."""
    if python is None:
        if sys.version_info < NEWER:
            say(f"skipped tests on Python {version(NEWER)}: no python{version(NEWER)} here")
        return 0
    venv = ROOT / f".venv-{version(NEWER)}"
    setting_up = subprocess.run([python, ROOT / "tools/setup.py", "dev", venv], check=False)
    if setting_up.returncode:
        return setting_up.returncode
    say(f"        tests on Python {version(NEWER)}")
    tests = ("pytest", *options, *without(ON_THE_FLOOR, options))
    return subprocess.run([venv / "bin/python", "-m", *tests], check=False).returncode


def without(paths: tuple[str, ...], options: tuple[str, ...]) -> tuple[str, ...]:
    """The options that leave these tests out; none for a long run."""
    return () if "--long" in options else tuple(f"--ignore={path}" for path in paths)


def version(numbers: tuple[int, int]) -> str:
    """A Python's version as its program's name has it."""
    return ".".join(map(str, numbers))


def newer_python(named: str) -> Path | None:
    """A Python of this version that runs: from the path, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    installed = sorted((pyenv / "versions").glob(f"{named}.*/bin/python{named}"), reverse=True)
    # The one on the path first; it may be a shim that stands for a version nobody chose, and not run.
    on_path = shutil.which(f"python{named}")
    for candidate in ([Path(on_path)] if on_path else []) + installed:
        if subprocess.run([candidate, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def covered_tests(options: tuple[str, ...], leaving_out: tuple[str, ...]) -> int:
    """Run the tests with coverage, judge it, and only then let pytest's last line out."""
    say(f"        tests on Python {version(sys.version_info[:2])}")
    coverage(("erase",))
    colour = "yes" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else "no"
    tests = ("pytest", f"--color={colour}", *options, *without(leaving_out, options))
    status, summary = all_but_last((tool("coverage"), "run", "-m", *tests))
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
