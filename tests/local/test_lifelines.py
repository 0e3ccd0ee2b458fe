from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from perdure_local.lifelines import Lifeline

pytestmark = pytest.mark.slow

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
PROGRAM = """
import os, signal, subprocess, sys
from perdure_local.lifelines import Lifeline

child = subprocess.Popen(sys.argv[1:], start_new_session=True)
lifeline = Lifeline(child.pid)
os.kill(os.getpid(), signal.SIGKILL)
"""
PATIENCE = 60.0


def test_a_group_does_not_outlive_a_process_that_is_killed() -> None:
    # The child has this pipe as its output, so reading comes to an end when the child does.
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *SLEEP], stdout=subprocess.PIPE, timeout=PATIENCE, check=False
    )
    assert done.returncode == -signal.SIGKILL


def test_a_group_that_was_let_go_is_left_alone() -> None:
    with subprocess.Popen(SLEEP, start_new_session=True) as child:
        Lifeline(child.pid).let_go()
        assert child.poll() is None
        os.killpg(child.pid, signal.SIGKILL)
