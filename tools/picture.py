"""Draw docs/run.svg, the picture of a run: the order workflow, run for real, as `perdure run` shows it in a terminal.

What differs from run to run is evened out, so that the picture changes when the view or the workflow does: ids are
counted, what took milliseconds took a round number of them, and the delays of retries are those without jitter.
"""

from __future__ import annotations

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
    LocalService,
    LogLine,
    Notice,
    OperationRetrying,
    OperationStarted,
    Summary,
)
from perdure_local.cli.live import LiveScreen
from perdure_local.cli.screens import Ending, Heading
from perdure_local.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "examples" / "order"
HANDLER = "order.checkout"
PICTURE = ROOT / "docs" / "run.svg"
WIDTH = 100
SHORT = 1.0
"""Seconds below which something took its time because the machine did."""
COLD, QUICK = 0.12, 0.01
"""Seconds that the start of a worker, and anything else, take in the picture."""
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
        screen.end(Ending(elapsed, len(timeline.rows), seconds=SHORT, is_new=True))
    PICTURE.write_text(console.export_svg(title=f"perdure run {HANDLER}", code_format=template()), "utf-8")
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
    real = now = began = 0.0
    due: float | None = None
    is_starting = False
    for notice in notices:
        if isinstance(notice, LogLine):
            yield notice
            continue
        gap, real = notice.at - (real or notice.at), notice.at
        if gap < SHORT:
            now += COLD if is_starting and isinstance(notice, OperationStarted) else QUICK
        else:
            now += float(due or round(gap))
        is_starting = isinstance(notice, InvocationStarted)
        if isinstance(notice, InvocationStarted):
            began, due = now, None
        if isinstance(notice, InvocationFinished):
            yield replace(notice, at=now, started_at=began)
        elif isinstance(notice, OperationRetrying):
            due = 2.0**notice.attempt
            yield replace(notice, at=now, delay=int(due), until=now + due)
        else:
            yield replace(notice, at=now)


def template() -> str:
    """Rich's frame, without the fonts it would fetch from a network, and without the name of any."""
    frame: str = inspect.signature(Console.export_svg).parameters["code_format"].default
    frame = re.sub(r"@font-face \{\{.*?\}\}", "", frame, flags=re.DOTALL)
    frame = re.sub(r"<!--.*?-->", "", frame, flags=re.DOTALL)
    return frame.replace("Fira Code, monospace", _FONTS).replace("font-family: arial", "font-family: sans-serif")


if __name__ == "__main__":
    sys.exit(main())
