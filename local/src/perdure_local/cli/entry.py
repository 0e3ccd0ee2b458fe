"""The way in: a table of commands, each imported when it is called, so that `perdure --help` answers at once."""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


class Entry(NamedTuple):
    """A command before it is imported."""

    place: str
    """`module:attribute`."""
    help: str


COMMANDS: Mapping[str, Entry] = {
    "run": Entry("perdure_local.cli.run:run", "Run a durable function on this machine, to its end."),
    "callback": Entry("perdure_local.cli.callback:callback", "Complete a callback of a run that waits for it."),
    "init": Entry(
        "perdure_local.cli.init:command", "Make a new project: a durable function, its test, and what deploys it."
    ),
    "template": Entry("perdure_local.cli.template:command", "Write the SAM template of a durable function."),
    "layer": Entry("perdure_local.cli.layer:layer", "Build the Lambda layers, and publish them."),
}


class Commands(click.Group):
    """The commands of a table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name them, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.place} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Say what each does, without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


def _print_version(context: click.Context, _parameter: click.Parameter, is_wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if is_wanted:
        click.echo(f"perdure {importlib.metadata.version('perdure-local')}")
        context.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def commands() -> None:
    """Durable workflows in Python, on your own machine."""


def main() -> None:
    """Run the command line and exit with its status."""
    commands(prog_name="perdure")
