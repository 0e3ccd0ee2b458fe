"""A clock for what nobody waits for.

A step's START travels with its outcome, unless the body takes long: then people watching should see that it began. The
thread that could send it is the one running the body, so another one looks in, ten times a second, and sends what has
waited for a whole period. Nothing waits for this thread to look in; only for a request that it happens to be sending.
"""

from __future__ import annotations

import time
from _thread import allocate_lock, start_new_thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure_runtime.drivers.committer import Committer

__all__ = ["PERIOD", "Ticker"]

PERIOD = 0.1


class Ticker:
    """One daemon thread for the life of the process, asleep between invocations."""

    def __init__(self, period: float = PERIOD) -> None:
        self._period = period
        self._watched: dict[Committer, None] = {}
        self._asleep = allocate_lock()  # held for as long as there is nobody to look after
        self._asleep.acquire()
        self._began = False

    def watch(self, committer: Committer) -> None:
        """Look after this committer until told otherwise."""
        self._watched[committer] = None
        if not self._began:
            self._began = True
            # Below `threading`, which a cold start does not need: no code of the user's ever runs on this thread.
            start_new_thread(self._run, ())
        try:  # noqa: SIM105  contextlib is not on the cold path
            self._asleep.release()
        except RuntimeError:  # it looks after another one, too
            pass

    def rest(self, committer: Committer) -> None:
        """The invocation of this one is over."""
        self._watched.pop(committer, None)

    def _run(self) -> None:
        while True:
            self._asleep.acquire()
            while self._watched:
                time.sleep(self._period)
                for committer in tuple(self._watched):  # most often there is one
                    committer.tick()
                    del committer  # a run is not to live until the next tick
