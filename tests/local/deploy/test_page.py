"""docs/deploy.md: what it tells to type can be typed, and what it shows is what is written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from perdure_local.cli.entry import commands
from perdure_local.deploy import Form, deployment, project
from perdure_local.deploy import commands as deploying
from support.pages import ROOT, Page

PAGE = Page(ROOT / "docs" / "deploy.md")
TYPED = {line for block in PAGE.blocks if block.language == "sh" for line in block.text.splitlines()}
OURS = {line for line in (*TYPED, *(line for form in Form for line in deploying(form))) if line.startswith("perdure ")}


@pytest.mark.parametrize("line", sorted(OURS))
def test_what_is_told_to_type_is_a_command(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cpython.tar.gz", "PYTHON.tar.gz"):
        Path(name).touch()
    for name in ("al2023", "FOLDER"):
        Path(name).mkdir()
    command: click.Command = commands
    name, *words = shlex.split(line, comments=True)
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        command = found
    command.make_context(name, words)  # raises for what the command does not take


@pytest.mark.parametrize("form", list(Form))
def test_every_form_is_on_the_page(form: Form) -> None:
    assert f"| `{form}`" in PAGE.text
    assert f"--form {form}" in PAGE.text


def test_the_dockerfile_on_the_page_is_the_one_that_is_written() -> None:
    written = project("shop", deployment(Form.IMAGE, "3.13", "arm64"))["Dockerfile"]
    (shown,) = [block.text for block in PAGE.blocks if block.language == "text"]
    assert shown.strip() == re.sub(r"^#.*\n", "", written, flags=re.MULTILINE).strip()
