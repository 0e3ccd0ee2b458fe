"""Threads for step bodies that block while other work goes on.

Daemon threads of our own: the standard library's executors join theirs when the interpreter ends, and a body that hangs
would hold the process. Threads are started as they are needed, up to a limit, and kept; Lambda allows 1,024 threads and
processes in all.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MOST_THREADS", "Pool"]

MOST_THREADS = 32


class Pool:
    """Runs jobs on threads; a job tells of its end itself."""

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._idle = 0
        self._threads = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Run `job` on a thread, now or when one is free; it must not raise."""
        with self._changed:
            self._jobs.append(job)
            if self._idle >= len(self._jobs) or self._threads == self._most:
                self._changed.notify()
                return
            self._threads += 1
            name = f"perdure-step-{self._threads}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs:
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                job = self._jobs.popleft()
            job()
            del job  # an idle thread must not keep a run alive
