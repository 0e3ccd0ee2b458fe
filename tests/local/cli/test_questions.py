from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from perdure_local.cli.questions import Reply, ask

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
PATIENCE = 60.0
LASTING = "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"


def asked(folder: Path, code: str, patience: float = PATIENCE) -> Reply | None:
    return ask([sys.executable, "-c", code], os.environ, str(folder), patience)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("code", "reply"),
    [
        ("print('yes'); print('more')", (b"yes\n", b"", 0)),
        ("import sys; print('no', file=sys.stderr); sys.exit(3)", (b"", b"no\n", 3)),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", (b"", b"", -9)),
        ("import time; print('yes', flush=True); time.sleep(600)", (b"yes\n", b"", 0)),
    ],
)
def test_the_first_line_is_the_answer(tmp_path: Path, code: str, reply: Reply) -> None:
    assert asked(tmp_path, code) == reply


def test_a_child_holds_up_nobody_and_is_not_left(tmp_path: Path) -> None:
    reply = asked(tmp_path, f"{LASTING} print(child.pid, flush=True)")
    assert reply is not None
    end = time.monotonic() + PATIENCE
    while is_there(int(reply.line)):  # until whoever adopted it has noticed
        assert time.monotonic() < end
        time.sleep(0.02)


def test_one_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    assert asked(tmp_path, "import time; time.sleep(600)", patience=0.3) is None
