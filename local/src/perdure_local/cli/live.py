"""A run in a terminal: what has happened scrolls by, what happens now stays at the bottom and moves.

What is printed stands for ever, so it survives a resize and can be scrolled back to. Only the few lines at the bottom
are drawn again and again; they are short and end where their text ends, so that a terminal made narrower has nothing to
fold. One thread draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.json import JSON
from rich.live import Live
from rich.text import Text

from perdure_local.cli import wording
from perdure_local.cli.marks import marks_for
from perdure_local.cli.plain import last_line
from perdure_local.cli.strokes import GUTTER, Strokes
from perdure_local.ledger import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perdure_local.cli.screens import Ending, Heading
    from perdure_local.moments import Moment, Row
    from perdure_local.notices import LogLine, Notice
    from perdure_local.timeline import Timeline

_MOST = 6
"""Operations shown at the bottom at the same time."""
_LONGEST_RESULT = 40
"""Lines of a result."""
_WORTH_A_HINT = 3.0
"""Seconds of waiting that --skip-time is worth mentioning for."""


class LiveScreen:
    """Draws on a Rich console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._marks = marks_for(ascii_only=console.options.ascii_only)
        self._strokes = Strokes(self._marks, console)
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False)
        self._timeline: Timeline | None = None
        self._skips_time = False
        self._frame = 0
        self._since = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.update("", refresh=True)
        self._live.stop()

    def begin(self, heading: Heading, timeline: Timeline) -> None:
        """Show what is about to run, and on what."""
        self._timeline, self._skips_time = timeline, heading.skips_time
        title = Text.assemble(("perdure run ", "dim"), (heading.handler, "bold"))
        if heading.skips_time:
            title.append("  skipping time", "dim")
        self._print(Text(), title, Text().append("input    ", "dim").append(wording.compact(heading.payload)))
        self._print(Text().append("journal  ", "dim").append(wording.one_line(heading.journal)), Text())

    def show(self, notice: Notice | LogLine, moments: Sequence[Moment]) -> None:  # noqa: ARG002 - a Screen's
        """Print the moments, above a bottom that knows of them already."""
        self._draw(refresh=False)
        for moment in moments:
            for line in self._strokes.draw(moment, skips_time=self._skips_time):
                self._print(line)

    def refresh(self, since: float) -> None:
        """Draw the bottom anew."""
        self._frame += 1
        self._since = since
        self._draw(refresh=True)

    def end(self, ending: Ending) -> None:
        """Print how it ended, in full, and then in a line."""
        self._timeline = None
        self._live.update("", refresh=True)
        summary, line = ending.summary, last_line(ending)
        has_succeeded = summary.status is ExecutionStatus.SUCCEEDED
        self._print(Text())
        if has_succeeded and summary.result is not None and len(line) > self._console.width:
            self._print_result(summary.result)
        for text in wording.details(summary.error):
            self._console.print(Text(f"  {text}", "dim" if text.startswith(" ") else ""))
        self._print(_sums(ending))
        status = Text().append(summary.status.value, "bold green" if has_succeeded else "bold red")
        status.append(line.removeprefix(summary.status.value))
        if has_succeeded:
            self._print(status)
        else:
            self._console.print(status)

    def _draw(self, *, refresh: bool) -> None:
        if self._timeline is not None:
            self._live.update(Group(*self._bottom(self._timeline, self._since)), refresh=refresh)

    def _print_result(self, result: str) -> None:
        """Print it over several lines, but not over several screens."""
        lines = JSON(result, ensure_ascii=False).text.split("\n")
        for line in lines[:_LONGEST_RESULT]:
            self._console.print(line)
        if len(lines) > _LONGEST_RESULT:
            self._print(Text(f"and {len(lines) - _LONGEST_RESULT} lines more; --quiet writes all of it", "dim"))

    def _print(self, *lines: Text) -> None:
        for line in lines:
            self._console.print(line, no_wrap=True, overflow="ellipsis" if not self._marks.is_ascii else "crop")

    def _bottom(self, timeline: Timeline, since: float) -> Iterator[Text]:
        if timeline.over is not None:
            return
        now = timeline.now + since
        running, pending = timeline.running, timeline.pending
        if timeline.invocation is not None:
            yield from (self._running(row, now) for row in running[:_MOST])
            if not running:
                yield self._line(self._marks.rail, "cyan").append(self._spinner(), "cyan")
        elif pending:
            yield from (self._pending(row, now) for row in pending[:_MOST])
            if not self._skips_time and (pending[0].until or now) - now > _WORTH_A_HINT:
                yield Text(f"{GUTTER}--skip-time skips waits, Ctrl-C stops", "dim")
        else:
            yield Text(GUTTER).append(self._spinner(), "dim")
        if len(running) > _MOST or (timeline.invocation is None and len(pending) > _MOST):
            yield Text(f"{GUTTER}and {len(running or pending) - _MOST} more", "dim")

    def _running(self, row: Row, now: float) -> Text:
        line = self._line(self._marks.rail, "cyan")
        line.append(self._spinner(), "cyan").append(f" {self._strokes.label(row)} ")
        line.append(wording.duration(int((now - row.started_at) * 10) / 10).rjust(9), "dim")
        return line.append(f"  {wording.attempts(row)}", "dim")

    def _pending(self, row: Row, now: float) -> Text:
        left = wording.countdown((row.until or now) - now)
        line = Text(GUTTER).append(self._marks.wait, "yellow").append(f" {self._strokes.label(row)} ")
        return line.append(left.rjust(9), "bold yellow").append(" left", "dim")

    def _line(self, rail: str, style: str) -> Text:
        return Text().append(rail, style).append("  ")

    def _spinner(self) -> str:
        return self._marks.spinner[self._frame % len(self._marks.spinner)]


def _sums(ending: Ending) -> Text:
    if not ending.is_new:
        return Text(f"execution {ending.summary.name} was over before; nothing ran", "dim")
    parts = (
        f"{wording.duration(ending.elapsed)} in {wording.duration(ending.seconds)} of real time",
        wording.counted(ending.summary.invocations, "invocation"),
        wording.counted(ending.operations, "operation"),
    )
    return Text(", ".join(parts), "dim")
