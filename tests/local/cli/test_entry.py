from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import click
import pytest

from perdure_local.cli.entry import COMMANDS, Commands, commands


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_of_the_table_is_where_it_says(name: str) -> None:
    command = commands.get_command(click.Context(commands), name)
    assert isinstance(command, click.Command)
    assert command.help is not None
    assert command.help.startswith(COMMANDS[name].help.removesuffix("."))


def test_an_unknown_command_is_none() -> None:
    assert isinstance(commands, Commands)
    assert commands.get_command(click.Context(commands), "walk") is None


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_help_names_the_commands_and_imports_none() -> None:
    program = (
        "import sys\nfrom perdure_local.cli import main\nsys.argv = ['perdure', '--help']\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'rich', 'uvicorn', 'starlette', 'perdure_local.cli.run', 'perdure_local.cli.callback'}\n"
        "    print(heavy & set(sys.modules))\n"
    )
    done = call("-c", program)
    assert done.returncode == 0
    assert "run       Run a durable function on this machine, to its end." in done.stdout
    assert "callback  Complete a callback of a run that waits for it." in done.stdout
    assert done.stdout.endswith("set()\n")


@pytest.mark.slow
def test_the_package_runs_as_a_module() -> None:
    done = call("-m", "perdure_local", "--version")
    assert done.stdout == f"perdure {importlib.metadata.version('perdure-local')}\n"
    assert call("-m", "perdure_local").returncode == 2
