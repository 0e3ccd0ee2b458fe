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
from perdure_local.moments import (
    Close,
    Closed,
    Counted,
    Invoked,
    Moment,
    Moved,
    Passed,
    Resumed,
    Row,
    Said,
    State,
    Tally,
)

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

_KINDS: dict[Kind, Callable[[Marks], str]] = {
    Kind.CALLBACK: lambda marks: marks.callback,
    Kind.CHAINED_INVOKE: lambda marks: marks.invoke,
}
"""Marks of what waits for somebody, not for a time."""

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
        self.callback_options = ""
        """As in `Heading`."""

    def margin(self, *, is_open: bool) -> Text:
        """Return what a line begins with: the rail, while an invocation is under way."""
        return Text().append(self._marks.rail, "cyan").append("  ") if is_open else Text(GUTTER)

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
            case Counted(row=row, is_interim=False):  # what is counted in between is at the bottom of the screen
                line = self._margin().append(self._marks.context, "cyan").append(f" {self.label(row)} {'':{_TIME}}  ")
                yield line.append(wording.counts(row.tally or Tally(), is_over=False), "dim")
            case Said():
                yield from self._said(moment)

    def mark(self, row: Row) -> tuple[str, str]:
        """Return an operation's sign, and its colour."""
        style = _STATES[row.state]
        sign = _KINDS.get(row.kind, style.mark) if row.state is State.WAITING else style.mark
        return sign(self._marks), style.colour

    def label(self, row: Row) -> str:
        """Return an operation's name, set in its column."""
        indented = " " * (_INDENT * row.depth) + wording.within(row) + wording.one_line(row.label)
        return indented + " " * (_NAME - cell_len(indented))

    def _moved(self, row: Row, *, skips_time: bool) -> Iterator[Text]:
        # A step that runs is at the bottom of the screen; a context stands above what happens in it, but for branches,
        # which happen at the same time: what happens in them names them.
        if row.state is State.RUNNING and (row.kind is not Kind.CONTEXT or row.is_branch):
            return
        line = self._margin().append(*self.mark(row)).append(f" {self.label(row)} ")
        line.append(_time(row).rjust(_TIME), "dim").append("  ")
        told = _TELL[row.state](row, skips_time)
        yield line.append_text(told.beside)
        for text in told.below:
            yield from self._hanging(Text(text), _TEXT - len(GUTTER))
        if row.kind is Kind.CALLBACK and row.state is State.WAITING:
            command = wording.callback_command(row, self.callback_options)
            yield from self._hanging(Text(command, "bold"), _TEXT - len(GUTTER))

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
        return self.margin(is_open=self._is_open)


def _reason(closed: Closed) -> str:
    # Of a death the platform tells in a sentence; its type says nothing more.
    message = (closed.error or {}).get("ErrorMessage")
    return wording.one_line(message) if closed.close is Close.CRASHED and message else wording.headline(closed.error)


class _Told(NamedTuple):
    beside: Text
    below: tuple[str, ...] = ()


def _running(row: Row, _skips_time: bool) -> _Told:  # noqa: FBT001 - a table's signature
    return _Told(Text(row.noun if row.tally is not None and row.name else "", "dim"))


def _waiting(row: Row, _skips_time: bool) -> _Told:  # noqa: FBT001 - a table's signature
    match row.kind:
        case Kind.WAIT:
            return _Told(Text("suspends until then", "dim"))
        case Kind.CALLBACK:
            return _Told(Text("waits for somebody to answer:", "dim"))
        case Kind.CHAINED_INVOKE:
            return _Told(Text(f"calls {wording.one_line(row.function or '')}", "dim"))
    return _Told(Text())


def _retrying(row: Row, _skips_time: bool) -> _Told:  # noqa: FBT001 - a table's signature
    after = f"next in {wording.duration(row.delay or 0)}"
    if row.error is None:
        return _Told(Text(f"poll {row.attempt}, {after}", "yellow").append(f"  {wording.recorded(row.polled)}", "dim"))
    return _Told(Text(f"attempt {row.attempt} failed, {after}", "yellow"), (wording.headline(row.error),))


def _succeeded(row: Row, skips_time: bool) -> _Told:  # noqa: FBT001 - a table's signature
    if row.kind is Kind.WAIT:
        return _Told(Text("skipped" if skips_time else "elapsed", "dim"))
    if row.tally is not None:
        return _Told(Text(wording.counts(row.tally, is_over=True)))
    return _Told(Text(wording.received(row)).append(f"  {wording.attempts(row)}".rstrip(), "dim"))


def _failed(row: Row, _skips_time: bool) -> _Told:  # noqa: FBT001 - a table's signature
    text = f"attempt {row.attempt} failed, the last one" if row.attempt else "failed"
    below = (wording.headline(row.error), wording.way_out(row))
    return _Told(Text(text, "red"), tuple(line for line in below if line))


_TELL: dict[State, Callable[[Row, bool], _Told]] = {
    State.RUNNING: _running,
    State.WAITING: _waiting,
    State.RETRYING: _retrying,
    State.SUCCEEDED: _succeeded,
    State.FAILED: _failed,
    State.INTERRUPTED: lambda *_: _Told(Text("interrupted", "red")),
}
"""What is said beside an operation's name, and below it; the second argument is whether time is skipped."""


def _time(row: Row) -> str:
    if row.state is State.WAITING or (row.kind is Kind.WAIT and row.delay is not None):
        return "" if row.delay is None else wording.duration(row.delay)
    took = row.at - row.started_at
    return wording.duration(took) if took >= 0.001 else ""  # noqa: PLR2004 - a millisecond; a START sent with its end
