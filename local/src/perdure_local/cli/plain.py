"""A run as plain lines, for files and pipes: one line for each moment, in one form, with no escape sequences.

Each begins with the execution's own time since its start. The last line is the status and the result, or the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from perdure_local.cli import wording
from perdure_local.ledger import ExecutionStatus, Kind
from perdure_local.moments import Began, Close, Closed, Invoked, Moment, Moved, Over, Passed, Resumed, Row, Said, State

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def begin(self, heading: Heading, timeline: Timeline) -> None:
        """Name what runs."""
        self._timeline = timeline
        skipping = ", skipping time" if heading.skips_time else ""
        self._write(f"running {heading.handler}{skipping}; journal {heading.journal}")

    def show(self, notice: Notice | LogLine, moments: Sequence[Moment]) -> None:  # noqa: ARG002 - a Screen's
        """Write a line for each moment."""
        started_at = None if self._timeline is None else self._timeline.started_at
        for moment in moments:
            if text := line(moment):
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


def line(moment: Moment) -> str:
    """Return what a moment is in words; nothing for one that the times of its neighbours tell."""
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
            subject = f"{row.kind.value.lower()} {wording.one_line(row.name)}" if row.name else row.label
            return f"{subject} {_STATES[row.state](row)}"
        case Said(level=None):
            return f"{moment.stream}  {wording.one_line(moment.text)}"
        case Said():
            return f"log {moment.level}  {wording.one_line(moment.text)}"
        case Over() | Passed():
            return ""
    return ""


def _succeeded(row: Row) -> str:
    if row.kind is Kind.WAIT:
        return "elapsed"
    result = wording.recorded(row.result)
    attempts = f" at {wording.attempts(row)}" if wording.attempts(row) else ""
    return f"succeeded{attempts}: {result}" if result else f"succeeded{attempts}"


def _retrying(row: Row) -> str:
    after = f"next in {wording.duration(row.delay or 0)}"
    if row.error is None:
        return f"attempt {row.attempt} done, {after}"
    return f"attempt {row.attempt} failed, {after}: {wording.headline(row.error)}"


_STATES: dict[State, Callable[[Row], str]] = {
    State.RUNNING: lambda row: f"started {wording.attempts(row)}".rstrip(),
    State.WAITING: lambda row: f"waits {wording.duration(row.delay or 0)}",
    State.RETRYING: _retrying,
    State.SUCCEEDED: _succeeded,
    State.FAILED: lambda row: f"failed: {wording.headline(row.error)}",
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
