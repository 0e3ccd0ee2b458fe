"""Threads for step bodies that block while other work goes on.

Daemon threads of our own: the standard library's executors join theirs when the interpreter ends, and a body that hangs
would hold the process. Threads are started as they are needed, up to a limit, and kept; Lambda allows 1,024 threads and
processes in all.

Waking a thread costs more than a quick body, so one call is on its way at a time: a thread that gets up takes a job and
calls the next thread where more jobs wait. The next one gets up when this one blocks, or has nothing more to do. So
bodies that block are soon on a thread each, and of quick ones, one thread does nearly all. That is also why a new
thread sleeps at first, and is called like any other: were it to go to work, its starter would wait for it, and each new
thread would start another before any of them did a job.

Starting a thread costs more still. Who waits for the pool to settle stands in for one that has yet to be started: it is
called in its place, and starts it only if jobs are left when it gets up.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock, start_new_thread
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable

__all__ = ["MOST_THREADS", "Job", "Pool"]

MOST_THREADS = 32
THREADING_MAY_COME_LATER = sys.version_info >= (3, 13)
"""Whether `threading` knows the main thread where another one is the first to import it."""


class Job:
    """Something for a thread to do; each kind of job says what in `run`, which must not raise."""

    running = False
    given_up = False
    """Whether nobody waits for it any more: if it runs, it goes on by itself, and if not, it never begins."""

    def run(self) -> None:
        """Do it."""
        raise NotImplementedError


class Errand(Job):
    """A job that is a call of something."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._calls = [call]

    def run(self) -> None:
        """Call it. Neither the job nor this frame keeps it: an error that it comes to may lead to both."""
        self._calls.pop()()


class Pool:
    """Runs jobs on threads; a job tells of its end itself."""

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._jobs: deque[Job] = deque()
        self._lock = allocate_lock()
        self._idle: list[LockType] = []
        """The bells of threads that sleep; who fell asleep last is called first."""
        self._threads = 0
        self._lost = 0
        self._calling = False
        self._settling: list[LockType] = []
        """The bells of those who wait until no thread is on its way."""
        self._stand_in: LockType | None = None
        """The bell of the one of them that was called."""

    @property
    def waiting(self) -> int:
        """Jobs that no thread has taken yet."""
        return len(self._jobs)

    def submit(self, call: Callable[[], None]) -> Job:
        """Have `call` made on a thread, now or when one is free; it must not raise."""
        job = Errand(call)
        self.stage(job)
        self.begin()
        return job

    def stage(self, job: Job) -> None:
        """Line a job up without calling a thread for it yet; `begin` does."""
        self._jobs.append(job)

    def begin(self) -> None:
        """See to it that a thread looks at the jobs."""
        with self._lock:
            # Threads of jobs that were given up may never come back, so they leave the count: others must not run out
            # of threads for them.
            self._threads -= self._lost
            self._lost = 0
            number = self._call()
        if number:
            self._start(number)

    def settle(self) -> None:
        """Return when no thread is on its way: each job has one, or each thread a job, and quick jobs are done."""
        bell = allocate_lock()
        bell.acquire()
        try:
            with self._lock:
                if waits := self._calling:
                    self._settling.append(bell)
            while waits:
                bell.acquire()
                waits = self._get_up(bell, stays=True)
        except BaseException:  # of a signal's handler; a call that nobody heeds would be the last
            self._get_up(bell, stays=False)
            raise

    def give_up(self, job: Job) -> bool:
        """Nobody waits for this job any more. Whether it runs all the same; one that does not will never begin.

        Call `begin` when all have been given up that shall be: others may have waited for their threads.
        """
        with self._lock:
            if job.running and not job.given_up:
                self._lost += 1
            job.given_up = True
            return job.running

    def _get_up(self, bell: LockType, *, stays: bool) -> bool:
        """Who waits for the pool to settle was woken. Whether to wait on: called for a thread, it has started one."""
        with self._lock:
            if bell in self._settling:
                self._settling.remove(bell)
            if self._stand_in is not bell:
                return False
            self._stand_in = None
            self._calling = False
            number = self._call(stand_ins=False)
            if waits := stays and self._calling:
                self._settling.append(bell)
        if number:
            self._start(number)
        return waits

    def _call(self, *, stand_ins: bool = True) -> int:
        """Call a thread for the jobs that wait; the number of the one to start, or 0. With the lock held."""
        if self._calling:
            return 0
        while self._jobs and self._jobs[0].given_up:  # no thread should begin for it
            self._jobs.popleft()
        if not self._jobs or (not self._idle and self._threads >= self._most):
            self._tell_settled()
            return 0
        self._calling = True
        if self._idle:
            self._idle.pop().release()
            return 0
        if self._settling and stand_ins:
            self._stand_in = self._settling.pop()
            self._stand_in.release()
            return 0
        self._threads += 1
        return self._threads

    def _start(self, number: int) -> None:
        """Start a thread, and call it."""
        bell = allocate_lock()
        bell.acquire()
        try:
            _begin(partial(self._work, bell), f"perdure-step-{number}")
        except RuntimeError:  # the system gives no more threads; those there are will do
            with self._lock:
                self._calling = False
                self._threads -= 1
                self._tell_settled()
                if not self._threads:
                    raise
        except BaseException:  # of a signal's handler; it may have been started or not
            with self._lock:
                self._calling = False
                self._tell_settled()
            raise
        finally:
            bell.release()

    def _work(self, bell: LockType) -> None:
        """What a thread does: whenever its bell rings, all jobs there are, until one of its jobs was given up."""
        while True:
            bell.acquire()
            self._lock.acquire()
            self._calling = False
            while (job := self._taken()) is not None:
                number = self._call()
                self._lock.release()
                if number:
                    self._start(number)
                job.run()
                self._lock.acquire()
                job.running = False
                if job.given_up:
                    self._lock.release()
                    return
            # No job is left in a local here: an idle thread keeps no job, and no run, alive.
            self._idle.append(bell)
            self._call()
            self._lock.release()

    def _taken(self) -> Job | None:
        """The next job, which runs from now on; None where there is none. With the lock held."""
        while self._jobs:
            job = self._jobs.popleft()
            if not job.given_up:
                job.running = True
                return job
        return None

    def _tell_settled(self) -> None:
        while self._settling:
            self._settling.pop().release()


def _begin(work: Callable[[], None], name: str) -> None:
    """Have a thread do this that nobody waits for; raises `RuntimeError` where the system gives none.

    Importing `threading` takes longer than twenty quick branches do, so a process that has done without it gets a bare
    thread. Whoever imports it later finds that to be one which `threading` has not started.
    """
    if THREADING_MAY_COME_LATER and "threading" not in sys.modules:
        start_new_thread(work, ())
        return
    from threading import Thread

    Thread(target=work, name=name, daemon=True).start()
