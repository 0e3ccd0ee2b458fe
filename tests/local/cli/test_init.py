"""`perdure init`, and what becomes of the project it makes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint_file
from click.testing import CliRunner, Result

from perdure_local.cli.entry import commands
from support.command import PATIENCE, environment, perdure


def call(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["init", *arguments])


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_project_has_source_test_and_template(tmp_path: Path) -> None:
    done = call(str(tmp_path / "shop"))
    assert done.exit_code == 0
    assert {"src/order.py", "tests/test_order.py", "template.yaml", "README.md", ".gitignore"} <= files(
        tmp_path / "shop"
    )
    assert (tmp_path / "shop" / "README.md").read_text("utf-8").startswith("# shop\n")


def test_three_commands_deploy_it(tmp_path: Path) -> None:
    told = call(str(tmp_path / "shop")).output.partition("To deploy it, from the same folder:\n\n")[2]
    assert re.findall(r"^  (.+)$", told, re.MULTILINE) == ["perdure layer build", "sam build", "sam deploy"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["wrapper", "layer", "image"])
def test_its_tests_pass_and_its_template_is_what_its_readme_says(tmp_path: Path, form: str) -> None:
    made = perdure(tmp_path, "init", "shop", "--form", form, "--python", "3.14", "--architecture", "arm64")
    assert (made.status, made.stderr) == (0, "")
    shop = tmp_path / "shop"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error"],
        cwd=shop,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "2 passed" in tested.stdout
    assert lint_file(shop / "template.yaml", config=ManualArgs(regions=["eu-west-1"])) == []
    (again,) = re.findall(r"^perdure (template .*)$", (shop / "README.md").read_text("utf-8"), re.MULTILINE)
    before = (shop / "template.yaml").read_bytes()
    written = perdure(shop, *shlex.split(again))
    assert (written.status, written.stdout, written.stderr) == (0, "", "")
    assert (shop / "template.yaml").read_bytes() == before


@pytest.mark.slow
def test_it_runs_as_its_readme_says(tmp_path: Path) -> None:
    assert call(str(tmp_path / "shop")).exit_code == 0
    readme = (tmp_path / "shop" / "README.md").read_text("utf-8")
    (line,) = re.findall(r"^perdure (run .*)$", readme, re.MULTILINE)
    done = perdure(tmp_path / "shop", *shlex.split(line), "--quiet")
    assert (done.status, done.stderr) == (0, "")
    assert "label for shelf:teapot,cup" in done.stdout
    assert "src/.perdure/journal.db" in files(tmp_path / "shop")


@pytest.mark.slow
def test_it_is_formatted_and_clean(tmp_path: Path) -> None:
    assert call(str(tmp_path / "shop")).exit_code == 0
    for command in (["check"], ["format", "--check"]):
        ruff = [str(Path(sys.executable).with_name("ruff")), *command, "--no-cache", "--isolated", "."]
        done = subprocess.run(ruff, cwd=tmp_path / "shop", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    assert call(str(tmp_path / "shop")).exit_code == 0


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "notes").write_text("mine", "utf-8")
    (tmp_path / "file").write_text("mine", "utf-8")
    for name in ("shop", "file"):
        done = call(str(tmp_path / name))
        assert done.exit_code == 2
        assert "is there already, and not an empty folder. Choose another name." in done.output
    assert files(tmp_path) == {"shop/notes", "file"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["2shops"], "a stack's name begins with a letter, and '2shops' does not. Choose another name."),
        (["shop", "--python", "3"], "--python is a version, for example 3.13, not 3."),
        (["shop", "--python", "3.12"], "durable functions on its own Python 3.13 and 3.14, not 3.12. For another one:"),
    ],
)
def test_a_project_that_could_not_be_deployed_is_not_made(tmp_path: Path, arguments: list[str], text: str) -> None:
    name, *options = arguments
    done = call(str(tmp_path / name), *options)
    assert done.exit_code == 2
    assert text in done.output
    assert files(tmp_path) == set()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    done = call(str(tmp_path / "file" / "shop"))
    assert done.exit_code == 1
    assert "file" in done.output
    assert done.output.endswith("Not a directory.\n")
