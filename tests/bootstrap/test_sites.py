"""Started without `site`: what a function may count on is there all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import perdure_bootstrap

SOURCES = str(Path(perdure_bootstrap.__file__).parent.parent)
PROGRAM = """
import sys
sys.path.insert(0, {sources!r})
from perdure_bootstrap import sites
sites.make_up({environ!r}, {packages!r})
{then}
"""


def told(
    then: str, *, packages: Path | str = "/nowhere", environ: dict[str, str] | None = None, flags: str = "-S"
) -> str:
    """What a program prints that made up for `site`."""
    environ = environ or {}
    code = PROGRAM.format(sources=SOURCES, environ=environ, packages=str(packages), then=then)
    command = [sys.executable, "-s", *([flags] if flags else []), "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


def test_packages_are_where_the_interpreter_keeps_them() -> None:
    found = told("print(sites.packages_of('/usr'))").strip()
    assert found == f"/usr/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"


def test_packages_come_last_on_the_path(tmp_path: Path) -> None:
    (tmp_path / "installed.py").write_text("print('installed')", encoding="utf-8")
    assert told("import installed", packages=tmp_path) == "installed\n"
    assert told("print(sys.path[-1])", packages=tmp_path).strip() == str(tmp_path)
    assert "site" not in told("print(*(name for name in sys.modules if name == 'site'))", packages=tmp_path)


def test_path_files_are_read_where_there_are_any(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "more.pth").write_text(f"{elsewhere}\n", encoding="utf-8")
    assert told(f"print({str(elsewhere)!r} in sys.path)", packages=packages).strip() == "True"


def test_exit_quit_and_help_are_there() -> None:
    assert told("print(callable(exit), callable(quit), callable(help)); exit(0)").strip() == "True True True"


def test_sitecustomize_is_run_where_the_path_of_the_user_leads_to_one(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('customized')", encoding="utf-8")
    environ = {"PYTHONPATH": str(tmp_path)}
    assert told("print('then')", environ=environ).split() == ["customized", "then"]


def test_a_sitecustomize_that_fails_is_told_of_and_no_more(tmp_path: Path) -> None:
    for source in ("raise ValueError('no')", "import nothing_of_that_name"):
        (tmp_path / "sitecustomize.py").write_text(source, encoding="utf-8")
        said = told("print('then')", environ={"PYTHONPATH": str(tmp_path)})
        assert "then" in said
        assert "sitecustomize failed: " in said


def test_without_a_sitecustomize_nothing_is_said(tmp_path: Path) -> None:
    assert told("print('then')", environ={"PYTHONPATH": str(tmp_path)}) == "then\n"


def test_where_site_was_loaded_nothing_is_done(tmp_path: Path) -> None:
    said = told("print(sys.path[-1])", packages=tmp_path, flags="")
    assert said.strip() != str(tmp_path)
