"""How a moment is drawn: an invocation is a bracket, what happens in it hangs on the bracket's rail.

    ╭─ invocation 3
    │  ↻ label                   8 ms  attempt 1 failed, next in 2 s
    │                                  order.PrinterOffline: the label printer does not answer
    ╰─ suspended               120 ms

Columns begin at fixed places and nothing is set to the right edge: the picture does not depend on the width, only the
length of its last column does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from perdure_local.cli import wording
from perdure_local.ledger import Kind
from perdure_local.moments import Close, Closed, Invoked, Moment, Moved, Passed, Resumed, Row, Said, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from perdure_local.cli.marks import Marks

GUTTER = "   "
_NAME = 22
"""Columns for a name, its indentation included."""
_TIME = 9
_INDENT = 2
_TEXT = 3 + 2 + _NAME + 1 + _TIME + 2
"""Columns before the last one: gutter, mark, name, time, and what is between them."""
_LEAST = 20
"""Columns a text gets at least, however narrow the terminal is."""
_LEVELS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}


class _Style(NamedTuple):
    mark: Callable[[Marks], str]
    colour: str


_STATES: dict[State, _Style] = {
    State.RUNNING: _Style(lambda marks: marks.context, "cyan"),
    State.WAITING: _Style(lambda marks: marks.wait, "yellow"),
    State.RETRYING: _Style(lambda marks: marks.retry, "yellow"),
    State.SUCCEEDED: _Style(lambda marks: marks.success, "green"),
    State.FAILED: _Style(lambda marks: marks.failure, "bold red"),
    State.INTERRUPTED: _Style(lambda marks: marks.interrupted, "red"),
}

_CLOSES: dict[Close, str] = {
    Close.FINISHED: "green",
    Close.SUSPENDED: "yellow",
    Close.FAILED: "bold red",
    Close.CRASHED: "bold red",
}


class Strokes:
    """Turns moments into lines; remembers whether an invocation's bracket is open."""

    def __init__(self, marks: Marks, console: Console) -> None:
        self._marks = marks
        self._console = console
        self._is_open = False

    def draw(self, moment: Moment, *, skips_time: bool) -> Iterator[Text]:
        """Yield the lines of a moment."""
        match moment:
            case Invoked(number=number, is_cold=is_cold):
                self._is_open = True
                line = Text().append(self._marks.top, "cyan").append(f" invocation {number}", "bold")
                yield line.append("  cold start" if is_cold else "", "dim")
            case Closed():
                yield from self._closed(moment)
            case Resumed():
                yield Text(f"{self._marks.passed}  {wording.recorded_earlier(moment)}", "dim")
            case Passed(seconds=seconds):
                verb = "skipped" if skips_time else "later"
                yield Text(f"{self._marks.passed}  {wording.duration(seconds)} {verb}", "dim")
            case Moved(row=row):
                yield from self._moved(row, skips_time=skips_time)
            case Said():
                yield from self._said(moment)

    def label(self, row: Row) -> str:
        """Return an operation's name, set in its column."""
        indented = " " * (_INDENT * row.depth) + wording.one_line(row.label)
        return indented + " " * (_NAME - cell_len(indented))

    def _moved(self, row: Row, *, skips_time: bool) -> Iterator[Text]:
        # A step that runs is at the bottom of the screen; a context stands above what happens in it.
        if row.state is State.RUNNING and row.kind is not Kind.CONTEXT:
            return
        style = _STATES[row.state]
        line = self._margin().append(style.mark(self._marks), style.colour).append(f" {self.label(row)} ")
        line.append(_time(row).rjust(_TIME), "dim").append("  ")
        below = ""
        match row.state:
            case State.SUCCEEDED if row.kind is Kind.WAIT:
                line.append("skipped" if skips_time else "elapsed", "dim")
            case State.SUCCEEDED:
                line.append(wording.recorded(row.result))
                line.append(f"  {wording.attempts(row)}".rstrip(), "dim")
            case State.WAITING:
                line.append("suspends until then" if row.kind is Kind.WAIT else "", "dim")
            case State.RETRYING:
                outcome = "failed" if row.error else "done"
                line.append(f"attempt {row.attempt} {outcome}, next in {wording.duration(row.delay or 0)}", "yellow")
                below = wording.headline(row.error) if row.error else ""
            case State.FAILED:
                line.append(f"attempt {row.attempt} failed, the last one" if row.attempt else "failed", "red")
                below = wording.headline(row.error)
            case State.INTERRUPTED:
                line.append("interrupted", "red")
        yield line
        if below:
            yield from self._hanging(Text(below), _TEXT - len(GUTTER))

    def _said(self, said: Said) -> Iterator[Text]:
        level = f"{said.level} " if said.level in _LEVELS else ""
        text = Text().append(level, _LEVELS.get(said.level or "", "dim")).append(wording.one_line(said.text), "dim")
        yield from self._hanging(text, 2)

    def _closed(self, closed: Closed) -> Iterator[Text]:
        self._is_open = False
        colour = _CLOSES[closed.close]
        line = Text().append(self._marks.foot, "cyan").append(f" {closed.close.value}".ljust(_NAME + 4), colour)
        line.append(wording.duration(closed.took).rjust(_TIME), "dim")
        reason = "" if closed.error is None else _reason(closed)
        width = max(self._console.width - _TEXT, _LEAST)
        first, *others = Text(reason, "red").wrap(self._console, width) or [Text()]
        yield line.append("  ").append_text(first) if reason else line
        yield from (Text(" " * _TEXT).append_text(part) for part in others)

    def _hanging(self, text: Text, indent: int) -> Iterator[Text]:
        width = max(self._console.width - len(GUTTER) - indent, _LEAST)
        for part in text.wrap(self._console, width):
            yield self._margin().append(" " * indent).append_text(part)

    def _margin(self) -> Text:
        return Text().append(self._marks.rail, "cyan").append("  ") if self._is_open else Text(GUTTER)


def _reason(closed: Closed) -> str:
    # Of a death the platform tells in a sentence; its type says nothing more.
    message = (closed.error or {}).get("ErrorMessage")
    return wording.one_line(message) if closed.close is Close.CRASHED and message else wording.headline(closed.error)


def _time(row: Row) -> str:
    if row.state is State.WAITING or (row.kind is Kind.WAIT and row.delay is not None):
        return wording.duration(row.delay or 0)
    took = row.at - row.started_at
    return wording.duration(took) if took >= 0.001 else ""  # noqa: PLR2004 - a millisecond; a START sent with its end
