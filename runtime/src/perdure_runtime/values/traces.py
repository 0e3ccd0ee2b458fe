"""The stack text that is recorded with an error: the user's frames only, and no longer than it may be.

Lines are those of a Python traceback without its head. What has to go goes from the middle: the outermost frame tells
which line of the workflow it was, the innermost what went wrong.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import takewhile
from types import TracebackType

__all__ = [
    "CAUSED",
    "HANDLING",
    "MEMBER",
    "RAISED",
    "cut_lines",
    "cut_text",
    "frames_in",
    "json_size",
    "note_of",
    "place_in",
    "stack_of",
]

FRAME = '  File "'
BETWEEN_FRAMES = ("    ", "  … ")
"""How the other lines begin that stand among frames: source lines, and what tells of lines left out."""
CAUSED, HANDLING, MEMBER, RAISED = "  caused by ", "  while handling ", "  | ", "raised by the operation "
BELOW_FRAMES = (CAUSED, HANDLING, MEMBER, RAISED)
"""How lines begin that tell what led to an error, a group's members, and which operation raised it."""
BACKSLASH = "\\"
MOST_FRAMES = 200
"""Frames looked at from each end: a runaway recursion has a thousand equal ones."""


def stack_of(trace: TracebackType | None, engine: tuple[str, ...]) -> list[str]:
    """The lines of `trace`, without the frames of files whose path begins with one of `engine`."""
    import linecache  # only failures need it

    frames: list[tuple[str, int, str]] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith(engine):
            frames.append((code.co_filename, trace.tb_lineno, code.co_qualname))
        trace = trace.tb_next
    if len(frames) > 2 * MOST_FRAMES:
        frames[MOST_FRAMES:-MOST_FRAMES] = []
    lines: list[str] = []
    for file, number, function in frames:
        lines.append(f'{FRAME}{file}", line {number}, in {function}')
        source = linecache.getline(file, number).strip()
        if source:
            lines.append(f"    {source}")
    return lines


def note_of(stack: Sequence[str]) -> str | None:
    """A recorded stack as a note, None where there is none."""
    return "\n".join(("the recorded traceback:", *stack)) if stack else None


def frames_in(stack: Sequence[str]) -> tuple[str, ...]:
    """A recorded stack without what stands below its frames; one without frames may have another form."""
    if any(line.startswith(FRAME) for line in stack[:2]):  # the first line may be a head, or tell of lines left out
        first = 0 if stack[0].startswith((FRAME, *BETWEEN_FRAMES)) else 1
        return tuple(takewhile(lambda line: line.startswith((FRAME, *BETWEEN_FRAMES)), stack[first:]))
    return tuple(line for line in stack if not line.startswith(BELOW_FRAMES))


def place_in(stack: Sequence[str]) -> str | None:
    """File, line and function of the innermost frame of a recorded stack, None where it tells none."""
    for line in reversed(frames_in(stack)):
        if line.startswith(FRAME):
            file, _, rest = line[len(FRAME) :].rpartition('", line ')
            number, _, function = rest.partition(", in ")
            return f"{file.replace(BACKSLASH, '/').rpartition('/')[2]}:{number} in {function}" if file else None
    return None


def json_size(value: object) -> int:
    """The characters of `value` as JSON with everything beyond ASCII escaped: no writer needs more."""
    return len(json.dumps(value))


def cut_lines(lines: list[str], room: int) -> list[str]:
    """`lines`, with as many left out of the middle as it takes to be at most `room` characters of JSON."""
    sizes = [json_size(line) + 2 for line in lines]
    if sum(sizes) <= room:
        return lines
    left = room - json_size(_gap(len(lines))) - 2
    head, tail = 0, len(lines)
    while head < tail:  # a line from the end first: it is nearest to the fault
        nearest_end = len(lines) - tail <= head
        size = sizes[tail - 1] if nearest_end else sizes[head]
        if size > left:
            break
        left -= size
        head, tail = (head, tail - 1) if nearest_end else (head + 1, tail)
    kept = [*lines[:head], _gap(tail - head), *lines[tail:]]
    return kept if left >= 0 else []


def cut_text(text: str, room: int) -> str:
    """`text`, with as much left out of its middle as it takes to be at most `room` characters of JSON."""
    if json_size(text) <= room:
        return text
    low, high = 0, min(len(text), max(room, 0))  # characters kept; the most that fit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if json_size(_without_middle(text, middle)) <= room else (low, middle - 1)
    return _without_middle(text, low)


def _without_middle(text: str, kept: int) -> str:
    head, tail = (kept + 1) // 2, kept // 2
    return f"{text[:head]} … {len(text) - kept} characters left out … {text[len(text) - tail :]}"


def _gap(lines: int) -> str:
    return f"  … {lines} lines left out …"
