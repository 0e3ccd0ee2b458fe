"""Errors in the shapes Lambda has for them: the report that goes to the caller, the X-Ray cause, the line in the log.

The report's keys, their order, the frames and the log line are those of Lambda's own Python runtime. Frames of our own
packages are left out where they stand first, so that a traceback begins in the user's code. This module is imported
when there is something to report, never before.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from typing import Any

from perdure_bootstrap.faults import EXIT_ERROR, Fault
from perdure_runtime.tuples import NamedTuple

__all__ = ["Frame", "Report", "error_line", "report_of"]

OURS = ("perdure_bootstrap", "perdure_runtime", "perdure")
INDENT = "\u00a0"
"""Stands for a leading space in a text log line: CloudWatch would strip the space."""


class Frame(NamedTuple):
    """One line of a traceback."""

    path: str
    line: int | None
    label: str
    source: str | None

    def summary(self) -> traceback.FrameSummary:
        """The frame as `traceback` prints it; without columns, so that no carets are drawn, as in Lambda's runtime."""
        return traceback.FrameSummary(self.path, self.line, self.label, line=self.source)


class Report(NamedTuple):
    """One error, ready to be reported."""

    kind: str
    """The exception's class name, or a `Runtime.` name."""
    message: str
    request_id: str = ""
    stack: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    phase: str | None = None
    """The `Runtime.` name of the phase that the error ended, which is what Lambda records in place of the kind."""

    def fields(self) -> dict[str, Any]:
        """What the caller of the function gets, in the order in which Lambda's runtime writes it."""
        return {
            "errorMessage": self.message,
            "errorType": self.kind,
            "requestId": self.request_id,
            "stackTrace": list(self.stack),
        }

    def body(self) -> bytes:
        """The fields as UTF-8 JSON."""
        return _json(self.fields()).encode("utf-8", "backslashreplace")

    def cause(self, directory: str | None = None) -> str:
        """The X-Ray cause: JSON in ASCII, since it travels in a header."""
        exception = {
            "message": self.message,
            "type": "LambdaValidationError" if self.kind.startswith("Runtime.") else self.kind,
            "stack": [{"label": frame.label, "path": frame.path, "line": frame.line} for frame in self.frames],
        }
        return json.dumps(
            {
                "working_directory": os.getcwd() if directory is None else directory,  # noqa: PTH109
                "exceptions": [exception],
                "paths": list(dict.fromkeys(frame.path for frame in self.frames)),
            }
        )

    @property
    def accepted_type(self) -> str | None:
        """The type in a form that Lambda takes over, letters only; None where it would record `Runtime.Unknown`."""
        room, _, name = (self.phase or self.kind).rpartition(".")
        fits = len(name) > 1 and name.isascii() and name.isalpha() and name[0].isupper()
        return f"{room or 'Function'}.{name}" if fits and room in {"", "Runtime"} else None


def report_of(error: BaseException, request_id: str = "") -> Report:
    """The report of what ended an invocation, or the init phase where there is no request id."""
    if isinstance(error, Fault):
        return Report(error.kind, error.message, request_id, error.trace)
    frames = _frames(error)
    stack = tuple(traceback.format_list([frame.summary() for frame in frames]))
    if not isinstance(error, Exception):
        return Report(EXIT_ERROR, _exit_message(error, request_id), request_id, stack, frames)
    return Report(type(error).__name__, _message(error), request_id, stack, frames)


def error_line(report: Report, now: float, *, as_json: bool, one_line: bool = True) -> str:
    """The log record of an error; `one_line` says whether a line feed would end the record."""
    if as_json:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        return _json({"timestamp": stamp, "level": "ERROR", **report.fields()}) + "\n"
    lines = [f"[ERROR] {report.kind}{': ' if report.message else ''}{report.message}"]
    lines.append("Traceback (most recent call last):")
    lines += report.stack
    parts = (part for line in lines for part in line.splitlines())
    return "\r".join(map(_indented, parts)) + "\n" if one_line else "\n".join(parts)


def _frames(error: BaseException) -> tuple[Frame, ...]:
    frames = [
        Frame(found.filename, found.lineno, found.name, found.line)
        for found in traceback.extract_tb(error.__traceback__)
    ]
    ours = tuple(
        path + os.sep for name in OURS if name in sys.modules for path in getattr(sys.modules[name], "__path__", ())
    )
    first = next((index for index, frame in enumerate(frames) if not frame.path.startswith(ours)), 0)
    return tuple(frames[first:])


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001  (user code: an exception's own __str__)
        return f"<no message: {type(error).__name__}.__str__ raised {type(broken).__name__}>"


def _exit_message(error: BaseException, request_id: str) -> str:
    """In the platform's words, which it uses when a process ends without a report."""
    if not isinstance(error, SystemExit):
        why = f"{type(error).__name__}: {_message(error)}"
    elif error.code is None or isinstance(error.code, int):
        why = f"exit status {error.code or 0}"
    else:
        why = f"exit status 1: {error.code}"
    prefix = f"RequestId: {request_id} " if request_id else ""
    return f"{prefix}Error: Runtime exited with error: {why}"


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _indented(line: str) -> str:
    text = line.lstrip(" ")
    return INDENT * (len(line) - len(text)) + text
