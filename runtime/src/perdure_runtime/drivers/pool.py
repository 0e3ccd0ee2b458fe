"""Threads for step bodies that block while other work goes on.

Daemon threads of our own: the standard library's executors join theirs when the interpreter ends, and a body that hangs
would hold the process. Threads are started as they are needed, up to a limit, and kept; Lambda allows 1,024 threads and
processes in all.

Waking a thread costs more than a quick body, so one call is on its way at a time: a thread that wakes up takes a job
and calls the next thread where more jobs wait. Bodies that block are soon on a thread each; of quick ones, a few
threads do many.
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
        self._lost = 0
        self._calling = False

    @property
    def waiting(self) -> int:
        """Jobs that no thread has taken yet."""
        return len(self._jobs)

    def submit(self, run: Callable[[], None]) -> Job:
        """Have `run` called on a thread, now or when one is free; it must not raise."""
        job = self.stage(run)
        self.begin()
        return job

    def stage(self, run: Callable[[], None]) -> Job:
        """Line a job up without calling a thread for it yet; `begin` does."""
        job = Job(run)
        self._jobs.append(job)
        return job

    def begin(self) -> None:
        """See to it that a thread looks at the jobs."""
        with self._changed:
            # Threads of jobs that were given up may never come back, so they leave the count: others must not run out
            # of threads for them.
            self._threads -= self._lost
            self._lost = 0
            number = self._call()
        if number:
            self._start(number)

    def give_up(self, job: Job) -> bool:
        """Nobody waits for this job any more. Whether it runs all the same; one that does not will never begin.

        Call `begin` when all have been given up that shall be: others may have waited for their threads.
        """
        with self._changed:
            if not job.running:
                job.run = None
                return False
            if not job.given_up:
                job.given_up = True
                self._lost += 1
            return True

    def _call(self) -> int:
        """Call a thread for the jobs that wait; the number of the one to start, or 0. With the lock held."""
        if self._calling or not self._jobs:
            return 0
        if self._idle:
            self._calling = True
            self._changed.notify()
        elif self._threads < self._most:
            self._calling = True
            self._threads += 1
            return self._threads
        return 0

    def _start(self, number: int) -> None:
        try:
            threading.Thread(target=self._work, name=f"perdure-step-{number}", daemon=True).start()
        except RuntimeError:  # the system gives no more threads; those there are will do
            with self._changed:
                self._calling = False
                self._threads -= 1
                if not self._threads:
                    raise

    def _work(self) -> None:
        called = True
        while True:
            with self._changed:
                if called:
                    self._calling = called = False
                while not self._jobs:
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                    self._calling = False
                job = self._jobs.popleft()
                run, job.run = job.run, None
                job.running = run is not None
                number = self._call()
            if number:
                self._start(number)
            if run is None:
                continue
            run()
            with self._changed:
                job.running = False
                if job.given_up:
                    return
            del job, run  # an idle thread must not keep a run alive
