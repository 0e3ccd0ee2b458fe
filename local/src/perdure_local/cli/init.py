"""`perdure init`: a new project."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from perdure_local.cli.forms import chosen_python, deployed_as
from perdure_local.cli.problems import FAILURE, Problem
from perdure_local.deploy import Form, commands, deployment, note, project, stack_name

TRIAL = ("python -m pytest", "perdure run order.checkout --root src --input @event.json --skip-time")
"""What to type in a new project first."""


@click.command("init")
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
@deployed_as
def command(*, folder: Path, form: str, python: str | None, architecture: str) -> None:
    """Make a new project: a durable function, its test, and what deploys it.

    NAME is the folder to make. One that is there already has to be empty.
    """
    name = folder.absolute().name
    try:
        stack_name(name)
    except ValueError as error:
        raise Problem(f"{name}: {error}. Choose another name.") from None
    described = deployment(Form(form), chosen_python(Form(form), python), architecture)
    try:
        _write(folder, project(name, described))
    except OSError as error:
        raise Problem(f"{error.filename or folder}: {error.strerror}.", FAILURE) from None
    click.echo(f"Made {folder}. To try it here:\n")
    for line in (f"cd {shlex.quote(str(folder))}", *TRIAL):
        click.echo(f"  {line}")
    click.echo("\nTo deploy it, from the same folder:\n")
    for line in commands(Form(form)):
        click.echo(f"  {line}")
    click.echo(f"\n{note(described)}")


def _write(folder: Path, files: dict[str, str]) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Problem(f"{folder} is there already, and not an empty folder. Choose another name.")
    for place, text in files.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
