"""The command line: `perdure`."""

from perdure_local.cli.entry import main

__all__ = ["main"]
