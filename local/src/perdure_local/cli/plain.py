"""A run as plain lines, for files and pipes: one line for each moment, in one form, with no escape sequences.

Each begins with the execution's own time since its start. The last line is the status and the result, or the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from perdure_local.cli import wording
from perdure_local.ledger import ExecutionStatus, Kind
from perdure_local.moments import (
    Began,
    Close,
    Closed,
    Counted,
    Invoked,
    Moment,
    Moved,
    Resumed,
    Row,
    Said,
    State,
    Tally,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from perdure_local.cli.screens import Ending, Heading
    from perdure_local.notices import LogLine, Notice
    from perdure_local.timeline import Timeline


class PlainScreen:
    """Writes lines to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._timeline: Timeline | None = None
        self._callback_options = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def begin(self, heading: Heading, timeline: Timeline) -> None:
        """Name what runs."""
        self._timeline, self._callback_options = timeline, heading.callback_options
        skipping = ", skipping time" if heading.skips_time else ""
        self._write(f"running {heading.handler}{skipping}; journal {heading.journal}")

    def show(self, notice: Notice | LogLine, moments: Sequence[Moment]) -> None:  # noqa: ARG002 - a Screen's
        """Write a line for each moment."""
        started_at = None if self._timeline is None else self._timeline.started_at
        for moment in moments:
            if text := line(moment, self._callback_options):
                self._write(f"{wording.offset(moment.at - (started_at or moment.at))}  {text}")
        self._stream.flush()

    def refresh(self, since: float) -> None:
        """Lines stand."""

    def end(self, ending: Ending) -> None:
        """Write the sums, and the last line."""
        for text in (*details(ending), sums(ending), last_line(ending)):
            self._write(text)

    def _write(self, text: str) -> None:
        self._stream.write(text + "\n")


class QuietScreen(PlainScreen):
    """The result on standard output, or the error on standard error, and nothing else."""

    def __init__(self, stdout: TextIO, stderr: TextIO) -> None:
        super().__init__(stdout)
        self._stderr = stderr

    def begin(self, heading: Heading, timeline: Timeline) -> None:
        """Say nothing."""

    def show(self, notice: Notice | LogLine, moments: Sequence[Moment]) -> None:
        """Say nothing."""

    def end(self, ending: Ending) -> None:
        """Say what there is to say."""
        summary = ending.summary
        if summary.status is ExecutionStatus.SUCCEEDED:
            self._write(wording.compact(summary.result) or "null")
            return
        for text in (last_line(ending), *details(ending)):
            self._stderr.write(text + "\n")
        self._stderr.flush()


def line(moment: Moment, callback_options: str = "") -> str:
    """Return what a moment is in words; nothing for one that the times of its neighbours tell.

    What happens within an operation is indented below it. `callback_options` as in `Heading`.
    """
    match moment:
        case Began(name=name):
            return f"execution {name} started"
        case Resumed(name=name):
            return f"execution {name} resumed: {wording.recorded_earlier(moment)}"
        case Invoked(number=number, is_cold=is_cold):
            return f"invocation {number} started{' (cold start)' if is_cold else ''}"
        case Closed(close=Close.FINISHED | Close.SUSPENDED):
            return f"invocation {moment.number} {moment.close} after {wording.duration(moment.took)}"
        case Closed():
            reason = wording.headline(moment.error)
            return f"invocation {moment.number} {moment.close} after {wording.duration(moment.took)}: {reason}"
        case Moved(row=row):
            return _moved(row, callback_options)
        case Counted(row=row):
            return f"{_subject(row)}: {wording.counts(row.tally or Tally(), is_over=False)}"
        case Said(level=None):
            return f"{moment.stream}  {wording.one_line(moment.text)}"
        case Said():
            return f"log {moment.level}  {wording.one_line(moment.text)}"
    return ""


def _moved(row: Row, callback_options: str) -> str:
    text = f"{_subject(row)} {_STATES[row.state](row)}"
    if row.kind is Kind.CALLBACK and row.state is State.WAITING:
        return f"{text}; {wording.callback_command(row, callback_options)}; its id is {row.callback_id}"
    return text


def _subject(row: Row) -> str:
    name = row.name if row.short_name is None else row.short_name
    subject = f"{row.noun} {wording.one_line(name)}" if name else row.noun
    return f"{_INDENT * row.depth}{wording.within(row)}{subject}"


def _succeeded(row: Row) -> str:
    if row.kind is Kind.WAIT:
        return "elapsed"
    if row.tally is not None:
        return f"done: {wording.counts(row.tally, is_over=True)}"
    result = wording.received(row)
    attempts = f" at {wording.attempts(row)}" if wording.attempts(row) else ""
    return f"succeeded{attempts}: {result}" if result else f"succeeded{attempts}"


def _retrying(row: Row) -> str:
    after = f"next in {wording.duration(row.delay or 0)}"
    if row.error is None:
        return f"poll {row.attempt} found {wording.recorded(row.polled) or 'nothing'}, {after}"
    return f"attempt {row.attempt} failed, {after}: {wording.headline(row.error)}"


def _waiting(row: Row) -> str:
    if row.kind is Kind.CHAINED_INVOKE:
        return f"calls {wording.one_line(row.function or '')}"
    return "waits" if row.delay is None else f"waits {wording.duration(row.delay)}"


def _failed(row: Row) -> str:
    way_out = wording.way_out(row)
    return f"failed: {wording.headline(row.error)}" + (f"; {way_out}" if way_out else "")


_INDENT = "  "
_STATES: dict[State, Callable[[Row], str]] = {
    State.RUNNING: lambda row: f"started {wording.attempts(row)}".rstrip(),
    State.WAITING: _waiting,
    State.RETRYING: _retrying,
    State.SUCCEEDED: _succeeded,
    State.FAILED: _failed,
    State.INTERRUPTED: lambda _: "interrupted",
}


def sums(ending: Ending) -> str:
    """Return what a run took."""
    if not ending.is_new:
        return f"execution {ending.summary.name} was over before, after {wording.duration(ending.elapsed)}; nothing ran"
    invocations = wording.counted(ending.summary.invocations, "invocation")
    operations = wording.counted(ending.operations, "operation")
    elapsed, real = wording.duration(ending.elapsed), wording.duration(ending.seconds)
    return f"{invocations}, {operations}, {elapsed} elapsed, {real} of real time"


def details(ending: Ending) -> list[str]:
    """Return what there is to an error beyond the last line."""
    return [f"  {text}" for text in wording.details(ending.summary.error)]


def last_line(ending: Ending) -> str:
    """Return the status, and the result or the error."""
    summary = ending.summary
    if summary.status is ExecutionStatus.SUCCEEDED:
        return f"{summary.status}  {wording.compact(summary.result) or 'null'}"
    return f"{summary.status}  {wording.headline(summary.error)}" if summary.error else str(summary.status)
