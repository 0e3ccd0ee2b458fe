"""What goes wrong in the demo, on purpose; the mishaps of real workflows come by themselves."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from pathlib import Path

from perdure import current_step


def out_of_order(times: int) -> bool:
    """Whether this is one of the first `times` attempts of the running step."""
    return current_step().attempt <= times


def pull_the_plug() -> None:
    """Kill this process, as a power cut would; once for each execution and step."""
    mark = Path(tempfile.gettempdir(), f"perdure-demo-{current_step().idempotency_key[:16]}")
    if mark.exists():
        mark.unlink()
        return
    mark.touch()
    time.sleep(0.5)  # in the middle of the step: by now the history says that it has begun
    os.kill(os.getpid(), signal.SIGKILL)
