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

__all__ = ["MOST_THREADS", "Job", "Pool"]

MOST_THREADS = 32


class Job:
    """Something for a thread to do."""

    __slots__ = ("given_up", "run", "running")

    def __init__(self, run: Callable[[], None]) -> None:
        self.run: Callable[[], None] | None = run
        self.running = False
        self.given_up = False


class Pool:
    """Runs jobs on threads; a job tells of its end itself."""

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._idle = 0
        self._threads = 0

    def submit(self, run: Callable[[], None]) -> Job:
        """Have `run` called on a thread, now or when one is free; it must not raise."""
        job = Job(run)
        with self._changed:
            self._jobs.append(job)
            if self._idle >= len(self._jobs) or self._threads == self._most:
                self._changed.notify()
                return job
            self._threads += 1
            name = f"perdure-step-{self._threads}"
        threading.Thread(target=self._work, name=name, daemon=True).start()
        return job

    def give_up(self, job: Job) -> bool:
        """Nobody waits for this job any more. Whether it runs all the same; one that does not will never begin."""
        with self._changed:
            if not job.running:
                job.run = None
                return False
            if not job.given_up:
                job.given_up = True
                # Its thread may never come back, so it leaves the count; others must not run out of threads for it.
                self._threads -= 1
            return True

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs:
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                job = self._jobs.popleft()
                run, job.run = job.run, None
                job.running = run is not None
            if run is None:
                continue
            run()
            with self._changed:
                job.running = False
                if job.given_up:
                    return
            del job, run  # an idle thread must not keep a run alive
