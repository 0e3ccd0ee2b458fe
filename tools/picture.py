"""Draw docs/run.svg, the picture of a run: the order workflow, run for real, as `perdure run` shows it in a terminal.

What differs from run to run is evened out, so that the picture changes when the view or the workflow does: ids are
counted, what took milliseconds took a round number of them, and the delays of retries are those without jitter.
"""

from __future__ import annotations

import html
import inspect
import io
import itertools
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from perdure_local import (
    InvocationFinished,
    InvocationStarted,
    Kind,
    LocalService,
    LogLine,
    Notice,
    OperationRetrying,
    OperationStarted,
    OperationSucceeded,
    OperationWaiting,
    Summary,
)
from perdure_local.cli.live import LiveScreen
from perdure_local.cli.screens import Ending, Heading
from perdure_local.ledger import AWS_LIMITS
from perdure_local.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "examples" / "order"
HANDLER = "order.checkout"
PICTURE = ROOT / "docs" / "run.svg"
WIDTH = 100
COLD, QUICK, REAL = 0.12, 0.01, 1.0
"""Seconds that the start of a worker, anything else, and all of it take in the picture."""
SPACE = "\u00a0"
TEXT = re.compile(
    r'<text(?P<head>[^>]*?) x="(?P<x>[\d.]+)"(?P<y>[^>]*?) textLength="(?P<length>[\d.]+)"(?P<clip>[^>]*)>'
    r"(?P<text>[^<]+)</text>"
)
_FONTS = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace'


def main() -> int:
    """Run, draw, write."""
    payload = (FOLDER / "order.json").read_text("utf-8")
    notices, summary = run(payload)
    console = Console(file=io.StringIO(), record=True, width=WIDTH, highlight=False, markup=False, emoji=False)
    timeline = Timeline(summary.arn)
    with LiveScreen(console) as screen:
        screen.begin(Heading(HANDLER, payload, ".perdure/journal.db", skips_time=True), timeline)
        for notice in evened(notices):
            screen.show(notice, timeline.observe(notice))
        elapsed = summary._replace(started_at=timeline.started_at or 0.0, ended_at=timeline.now)
        screen.end(Ending(elapsed, timeline.operations, seconds=REAL, is_new=True))
    drawn = console.export_svg(title=f"perdure run {HANDLER}", code_format=template())
    PICTURE.write_text(tightened(drawn), "utf-8")
    print(f"{PICTURE.relative_to(ROOT)}: {summary.status}")
    return 0


def run(payload: str) -> tuple[list[Notice | LogLine], Summary]:
    """Run the workflow; what the service told, and how it ended."""
    notices: list[Notice | LogLine] = []
    numbers = itertools.count(1)
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder, "journal.db")
        with LocalService(
            journal, skip_time=True, mint=lambda: f"{next(numbers):08x}-0000-4000-8000-000000000000"
        ) as up:
            up.subscribe(notices.append)
            up.add_function("order-checkout", HANDLER, task_root=FOLDER, log_format="JSON")
            summary = up.wait(up.start("order-checkout", payload), timeout=60.0)
    return notices, summary


def evened(notices: Iterable[Notice | LogLine]) -> Iterator[Notice | LogLine]:
    """The notices with times that are the same in every run."""
    now = began = due = 0.0
    is_starting = False
    for notice in notices:
        now += COLD if is_starting and isinstance(notice, OperationStarted) else QUICK
        match notice:
            case LogLine():
                yield notice
                continue
            case OperationWaiting(delay=delay):
                due = now + delay
                yield replace(notice, at=now, until=due)
            case OperationSucceeded(kind=Kind.WAIT):
                now = due
                yield replace(notice, at=now)
            case OperationRetrying(attempt=attempt):
                due = now + 2**attempt
                yield replace(notice, at=now, delay=2**attempt, until=due)
            case InvocationStarted():
                now = began = max(now, due)
                yield replace(notice, at=now)
            case InvocationFinished(error=error):
                due = due if error is None else now + AWS_LIMITS.invocation_backoff
                yield replace(notice, at=now, started_at=began)
            case _:
                yield replace(notice, at=now)
        is_starting = isinstance(notice, InvocationStarted)


def template() -> str:
    """Rich's frame, without the fonts it would fetch from a network, and without the name of any."""
    frame: str = inspect.signature(Console.export_svg).parameters["code_format"].default
    frame = re.sub(r"@font-face \{\{.*?\}\}", "", frame, flags=re.DOTALL)
    frame = re.sub(r"<!--.*?-->", "", frame, flags=re.DOTALL)
    return frame.replace("Fira Code, monospace", _FONTS).replace("font-family: arial", "font-family: sans-serif")


def tightened(drawn: str) -> str:
    """The drawing without spaces round its texts: some programs drop them, and what follows moves left."""

    def tighten(found: re.Match[str]) -> str:
        start, length, clip, text = (
            float(found["x"]),
            float(found["length"]),
            found["clip"],
            html.unescape(found["text"]),
        )
        bare = text.strip(SPACE)
        cell = length / len(text)
        x = start + cell * (len(text) - len(text.lstrip(SPACE)))
        shown = html.escape(bare).replace(SPACE, "&#160;")
        return f'<text{found["head"]} x="{x:g}"{found["y"]} textLength="{cell * len(bare):g}"{clip}>{shown}</text>'

    return TEXT.sub(tighten, drawn)


if __name__ == "__main__":
    sys.exit(main())
