"""The live view in a real terminal: a pseudo-terminal of its own, read as its user would."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

import pytest

from support.command import PATIENCE, PERDURE, environment, left, write_module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

FLOW = """
import time
from perdure import Context, durable

def slow():
    time.sleep(0.5)
    return "done"

@durable
def run(event: dict, ctx: Context) -> str:
    ctx.wait(hours=1, name="pause")
    return ctx.step(slow)
"""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def in_terminal(folder: Path, *arguments: str, columns: int = 80, **environ: str) -> tuple[int, str]:
    """Run the command on a terminal; its status, and all that it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = environment(**{"TERM": "xterm-256color", **environ})
    with subprocess.Popen(
        [*PERDURE, *arguments], cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        written = b""
        while chunk := read(ours):
            written += chunk
        running.wait(PATIENCE)
    os.close(ours)
    return running.returncode, written.decode()


def read(terminal: int) -> bytes:
    """What was written next; nothing once all who could write are gone."""
    try:
        return os.read(terminal, 65_536)
    except OSError as error:  # Linux says so by an error
        if error.errno != errno.EIO:
            raise
        return b""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_module(tmp_path, "flow", FLOW)
    return tmp_path


def test_a_terminal_gets_the_live_view(folder: Path) -> None:
    status, written = in_terminal(folder, "run", "flow.run", "--skip-time")
    text = ESCAPES.sub("", written)
    assert status == 0
    for part in ("perdure run flow.run  skipping time", "╭─ invocation 1  cold start", "✓ pause", '"done"', "⠋"):
        assert part in text
    assert text.rstrip().splitlines()[-1] == 'SUCCEEDED  "done"'
    assert re.search(r"slow +\d+ ms|slow +0\.\d s", text), "the running step, at the bottom"
    assert "\x1b[1;32mSUCCEEDED" in written
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l"), "the cursor is shown again"
    assert left(folder) == []


def test_no_color_means_no_colour(folder: Path) -> None:
    _, written = in_terminal(folder, "run", "flow.run", "--skip-time", NO_COLOR="1")
    assert "╭─ invocation 1" in ESCAPES.sub("", written)
    assert re.search(r"\x1b\[[0-9;]*3[0-9]m", written) is None


def test_a_dumb_terminal_gets_plain_lines(folder: Path) -> None:
    _, written = in_terminal(folder, "run", "flow.run", "--skip-time", TERM="dumb")
    assert "\x1b" not in written
    assert "invocation 1 started (cold start)" in written
