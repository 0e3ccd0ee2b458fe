"""A run in a terminal: what has happened scrolls by, what happens now stays at the bottom and moves.

What is printed stands for ever, so it survives a resize and can be scrolled back to. Only the few lines at the bottom
are drawn again and again; they are short and end where their text ends, so that a terminal made narrower has nothing to
fold. One thread draws.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.json import JSON
from rich.live import Live
from rich.text import Text

from perdure_local.cli import wording
from perdure_local.cli.marks import marks_for
from perdure_local.cli.plain import last_line
from perdure_local.cli.strokes import GUTTER, Strokes
from perdure_local.ledger import ExecutionStatus, Kind
from perdure_local.moments import Tally

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
        self._strokes.callback_options = heading.callback_options
        title = Text.assemble(("perdure run ", "dim"), (heading.handler, "bold"))
        if heading.skips_time:
            title.append("  skipping time", "dim")
        self._print(Text(), title, Text().append("input    ", "dim").append(wording.compact(heading.payload)))
        self._print(Text().append("journal  ", "dim").append(wording.one_line(heading.journal)), Text())

    def show(self, notice: Notice | LogLine, moments: Sequence[Moment]) -> None:  # noqa: ARG002 - a Screen's
        """Print the moments, above a bottom that knows of them already."""
        if moments:  # many notices of a large map make none, and no picture
            self._draw()
        for moment in moments:
            for line in self._strokes.draw(moment, skips_time=self._skips_time):
                self._print(line)

    def refresh(self, since: float) -> None:
        """Draw the bottom anew."""
        self._frame += 1
        self._since = since
        self._draw()

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

    def _draw(self) -> None:
        if self._timeline is not None:
            self._live.update(Group(*self._bottom(self._timeline, self._since)), refresh=True)

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
        running, counted = timeline.running, timeline.counted
        is_open = timeline.invocation is not None
        margin = functools.partial(self._strokes.margin, is_open=is_open)
        if is_open or running:
            yield from (self._counted(row, margin()) for row in counted)
            yield from (self._running(row, now, margin()) for row in running[:_MOST])
            if not running and not counted:
                yield margin().append(self._spinner(), "cyan")
            yield from _more(running)
        elif timeline.pending or counted:
            yield from self._suspended(timeline, now)
        else:
            yield Text(GUTTER).append(self._spinner(), "dim")

    def _suspended(self, timeline: Timeline, now: float) -> Iterator[Text]:
        pending, folded = timeline.pending, timeline.next_folded
        yield from (self._counted(row, Text(GUTTER)) for row in timeline.counted)
        yield from (self._pending(row, now) for row in pending[:_MOST])
        if folded is not None and folded.until is not None:
            yield Text(f"{GUTTER}the next of the others in {wording.countdown(folded.until - now)}", "dim")
        yield from _more(pending)
        callbacks = [row for row in (*pending, *filter(None, [folded])) if row.kind is Kind.CALLBACK]
        if callbacks:
            yield Text(f"{GUTTER}in another terminal: {self._answer(callbacks)}", "dim")
            if self._skips_time:
                yield Text(f"{GUTTER}time is not skipped while a callback is waited for", "dim")
        elif not self._skips_time and any((row.until or now) - now > _WORTH_A_HINT for row in pending[:1]):
            yield Text(f"{GUTTER}--skip-time skips waits, Ctrl-C stops", "dim")

    def _answer(self, callbacks: Sequence[Row]) -> str:
        if len(callbacks) == 1:
            return f"{wording.callback_command(callbacks[0], self._strokes.callback_options)} [PAYLOAD]"
        return f"perdure callback list{self._strokes.callback_options}"

    def _counted(self, row: Row, line: Text) -> Text:
        line.append(self._spinner(), "cyan").append(f" {self._strokes.label(row)} {'':9}  ")
        return line.append(wording.counts(row.tally or Tally(), is_over=False), "dim")

    def _running(self, row: Row, now: float, line: Text) -> Text:
        line.append(self._spinner(), "cyan").append(f" {self._strokes.label(row)} ")
        line.append(wording.duration(int((now - row.started_at) * 10) / 10).rjust(9), "dim")
        return line.append(f"  {wording.attempts(row)}", "dim")

    def _pending(self, row: Row, now: float) -> Text:
        line = Text(GUTTER).append(*self._strokes.mark(row)).append(f" {self._strokes.label(row)} ")
        if row.until is None:
            return line.append(self._spinner().rjust(9), "yellow")
        return line.append(wording.countdown(row.until - now).rjust(9), "bold yellow").append(" left", "dim")

    def _spinner(self) -> str:
        return self._marks.spinner[self._frame % len(self._marks.spinner)]


def _more(rows: Sequence[Row]) -> Iterator[Text]:
    if len(rows) > _MOST:
        yield Text(f"{GUTTER}and {len(rows) - _MOST} more", "dim")


def _sums(ending: Ending) -> Text:
    if not ending.is_new:
        return Text(f"execution {ending.summary.name} was over before; nothing ran", "dim")
    parts = (
        f"{wording.duration(ending.elapsed)} in {wording.duration(ending.seconds)} of real time",
        wording.counted(ending.summary.invocations, "invocation"),
        wording.counted(ending.operations, "operation"),
    )
    return Text(", ".join(parts), "dim")
