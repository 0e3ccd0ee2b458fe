"""A clock for what nobody waits for.

A step's START travels with its outcome, unless the body takes long: then people watching should see that it began. The
thread that could send it is the one running the body, so another one looks in, ten times a second, and sends what has
waited for a whole period. Nothing waits for this thread to look in; only for a request that it happens to be sending.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure_runtime.drivers.committer import Committer

__all__ = ["PERIOD", "Ticker"]

PERIOD = 0.1


class Ticker:
    """One daemon thread for the life of the process, asleep between invocations."""

    def __init__(self, period: float = PERIOD) -> None:
        self._period = period
        self._watched: Committer | None = None
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, committer: Committer) -> None:
        """Look after this committer until told otherwise."""
        if self._watched is committer:
            return
        self._watched = committer
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="perdure-ticker", daemon=True)
            self._thread.start()
        self._awake.set()

    def rest(self) -> None:
        """The invocation is over."""
        self._awake.clear()
        self._watched = None

    def _run(self) -> None:
        while True:
            self._awake.wait()
            time.sleep(self._period)
            if (watched := self._watched) is not None:
                watched.tick()
            del watched  # a run is not to live until the next tick
