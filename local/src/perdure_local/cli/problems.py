"""What is wrong with a call of `perdure`, told in a line or two: the fact, then the way out."""

from __future__ import annotations

from typing import IO, Any

import click

USAGE = 2
"""The command line names something that is not there, or cannot be read."""
FAILURE = 1
"""What it names is there, and does not work."""


class Problem(click.ClickException):
    """Ends the command with a message and a status, never with a traceback."""

    def __init__(self, message: str, status: int = USAGE) -> None:
        super().__init__(message)
        self.status = status

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message; it may be of several lines."""
        click.echo(f"perdure: {self.message}", file=file, err=file is None)

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it only; a class attribute there
        """The command's exit status."""
        return self.status
