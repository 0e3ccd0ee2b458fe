"""The scripts behind make: what they say when a machine lacks something, and what they leave alone."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
setup = importlib.import_module("tools.setup")
check = importlib.import_module("tools.check")


def run(*command, **environ):
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_python_without_the_pieces_of_venv_is_answered_with_the_line_to_type(tmp_path):
    (tmp_path / "ensurepip.py").write_text("raise ModuleNotFoundError('No module named ensurepip', name='ensurepip')")
    done = run(sys.executable, "tools/setup.py", "run", tmp_path / "venv", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "Type: apt install python3" in line
    assert not (tmp_path / "venv").exists()


def test_environment_that_is_set_up_costs_nothing_more(tmp_path):
    (tmp_path / "perdure-setup").write_text(setup.fingerprint("run", tmp_path))
    assert setup.main(["run", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["perdure-setup"]


def test_demo_leaves_an_environment_for_development_alone(tmp_path):
    (tmp_path / "perdure-setup").write_text(setup.fingerprint("dev", tmp_path))
    assert setup.main(["run", str(tmp_path)]) == 0


def test_environment_depends_on_where_it_is_and_on_what_it_holds(tmp_path):
    there = setup.fingerprint("run", tmp_path / "there")
    assert there != setup.fingerprint("run", tmp_path / "elsewhere")
    assert there != setup.fingerprint("dev", tmp_path / "there")


def test_first_python_that_is_new_enough_is_found(tmp_path):
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run("tools/find-python", tmp_path / "absent", old, sys.executable)
    assert Path(done.stdout.strip()).samefile(sys.executable)


def test_no_python_that_is_new_enough_is_said_in_one_line(tmp_path):
    done = run("tools/find-python", tmp_path / "python2")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "needs Python 3.11 or newer" in line


def test_last_line_is_held_back(capfd):
    shell = shutil.which("sh") or "sh"
    assert check.all_but_last((shell, "-c", "echo one; echo two; exit 3")) == (3, "two\n")
    assert capfd.readouterr().out == "one\n"


@pytest.mark.parametrize("requirements", setup.SETS)
def test_each_set_of_requirements_holds_the_one_before(requirements):
    def pins(name):
        lines = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line}

    smaller = setup.SETS[max(setup.SETS.index(requirements) - 1, 0)]
    assert pins(smaller) <= pins(requirements)
