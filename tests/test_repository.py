"""What holds for the repository as a whole, whoever edits which part of it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import perdure

ROOT = Path(__file__).parents[1]
PACKAGES = ("sdk", "runtime", "bootstrap", "local")


def tracked():
    """All files that are part of the repository, or are about to be."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def texts():
    for path in tracked():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def project(folder):
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))["project"]


def settings():
    return (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("folder", PACKAGES)
def test_all_packages_have_the_version_of_the_sdk(folder):
    assert project(folder)["version"] == perdure.__version__


@pytest.mark.parametrize("folder", PACKAGES)
def test_packages_pin_one_another_to_the_same_version(folder):
    described = project(folder)
    extras = described.get("optional-dependencies", {}).values()
    ours = [need for group in (described["dependencies"], *extras) for need in group if need.startswith("perdure")]
    assert all(need.endswith(f"=={perdure.__version__}") for need in ours), ours


def test_changelog_has_a_section_for_this_version():
    assert f"## [{perdure.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


# Put together from parts, so that this file passes its own test.
REGISTRIES = [
    re.compile(r"\b" + host)
    for host in (
        r"pypi\." + "org",
        r"python" + r"hosted\.org",
        r"npm" + r"js\.(org|com)",
        r"registry" + r"\.(yarn|docker|hub)",
        r"crates" + r"\.io",
    )
]
MACHINES = re.compile("/(root|work|home/[a-z]+|Users/[A-Za-z]+)/")


def test_no_file_names_a_package_registry():
    found = [name for name, text in texts() if any(registry.search(text) for registry in REGISTRIES)]
    assert found == []


def test_no_file_names_a_path_of_somebodys_machine():
    found = [name for name, text in texts() if MACHINES.search(text)]
    assert found == []


def test_requirements_are_pinned_with_hashes_and_name_no_address():
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text("utf-8")
        assert "http" not in text
        pins = re.findall(r"^[a-z0-9][^\n]*\\\n(?: {4}--hash=\S+(?: \\)?\n)+", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)), path.name


def test_every_module_is_one_room():
    long = {name: text.count("\n") for name, text in texts() if name.endswith(".py") and text.count("\n") > 400}
    assert long == {}


def test_no_module_has_a_name_that_the_stock_runtime_cuts_from_tracebacks():
    assert [name for name, _ in texts() if name.endswith("/bootstrap.py")] == []


BANISHED = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}


def test_no_module_is_named_for_nothing():
    assert [name for name, _ in texts() if name.endswith(".py") and Path(name).stem in BANISHED] == []


def test_every_ruff_rule_that_is_off_has_its_reason_beside_it():
    lists = re.findall(r"^(?:ignore|\"[^\"]+\") = \[\n(.*?)^\]", settings(), re.MULTILINE | re.DOTALL)
    rules = [line for block in lists for line in block.splitlines() if re.match(r'\s+"[A-Z]+[0-9]*",', line)]
    assert len(rules) > 10
    assert [line.strip() for line in rules if not re.search(r",\s+# \S", line)] == []


def test_sdk_imports_the_standard_library_only():
    for path in sorted((ROOT / "sdk/src/perdure").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                allowed = name.split(".")[0] in sys.stdlib_module_names | {"perdure"}
                seam = (path.name, name) == ("handlers.py", "perdure_runtime.plain")
                assert allowed or seam, f"{path.name} imports {name}"


def test_make_alone_lists_every_target():
    make = shutil.which("make")
    assert make is not None
    # What an outer make (`make test`, which may be what runs this) hands down is not ours to pass on.
    clean = {"PATH": str(Path(make).parent) + ":/usr/bin:/bin"}
    listed = subprocess.run([make], cwd=ROOT, env=clean, check=True, capture_output=True, text=True).stdout
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert [line.split()[1] for line in listed.splitlines()] == targets


def test_the_build_machine_runs_the_command_that_the_documents_name():
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    assert lines[-1] == "make test"
    for document in ("README.md", "CONTRIBUTING.md"):
        assert "make test" in (ROOT / document).read_text("utf-8"), document
    assert "run: make test\n" in (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
