"""Screens: where a run is shown. Each is told the same things; which one it is, the options and the terminal decide."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from perdure_local.moments import Moment
    from perdure_local.notices import LogLine, Notice
    from perdure_local.service import Summary
    from perdure_local.timeline import Timeline


class Heading(NamedTuple):
    """What a run is of."""

    handler: str
    payload: str
    journal: str
    skips_time: bool
    callback_options: str = ""
    """What `perdure callback` has to be told to find this run's service."""


class Ending(NamedTuple):
    """How a run ended."""

    summary: Summary
    operations: int
    seconds: float
    """Of real time, all in all."""
    is_new: bool
    """False for an execution that was over before."""

    @property
    def elapsed(self) -> float:
        """Seconds of the execution's own time."""
        return (self.summary.ended_at or self.summary.started_at) - self.summary.started_at


class Screen(Protocol):
    """A place to show a run; used as a context manager, by one thread."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def begin(self, heading: Heading, timeline: Timeline) -> None:
        """Show what is about to run."""
        ...

    def show(self, notice: Notice | LogLine, moments: Sequence[Moment]) -> None:
        """Show what came of a notice."""
        ...

    def refresh(self, since: float) -> None:
        """Let time pass; `since` real seconds have gone by since the last notice."""
        ...

    def end(self, ending: Ending) -> None:
        """Show how it ended."""
        ...


def choose_screen(*, as_json: bool, is_quiet: bool, environ: Mapping[str, str]) -> Screen:
    """Return the screen for what was asked, and for what standard output is."""
    if as_json:
        from perdure_local.cli.json_lines import JsonScreen

        return JsonScreen(sys.stdout)
    if is_quiet:
        from perdure_local.cli.plain import QuietScreen

        return QuietScreen(sys.stdout, sys.stderr)
    if not sys.stdout.isatty() or environ.get("TERM") in {"dumb", "unknown"}:
        from perdure_local.cli.plain import PlainScreen

        return PlainScreen(sys.stdout)
    from rich.console import Console

    from perdure_local.cli.live import LiveScreen

    return LiveScreen(Console(highlight=False, markup=False, emoji=False))
