"""The stacks on which the code of branches sleeps, where a workflow is written as plain functions.

A strand is a greenlet that takes turns with the hub. It runs the code of a context; where that code asks for an
operation, it hands the operation to the hub and sleeps until there is an outcome, or until it has to unwind. A child
context inside runs deeper on the same stack.

A greenlet that is dropped in the middle is unwound whenever the collector comes by, on whichever thread that is; so
all code is brought to its end before the response. A strand without code is used again, also by the next run. Only
code that swallows its unwinding over and over is set aside for good.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from perdure_runtime.core.effects import Ok, Raised
from perdure_runtime.drivers.context import no_coroutine, opened
from perdure_runtime.drivers.frames import is_deeper_than, without_engine_frames
from perdure_runtime.drivers.lanes import BEGIN, IDLE, SET_ASIDE
from perdure_runtime.drivers.signals import Broken, Stop

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from threading import local
    from types import ModuleType

    from greenlet import greenlet

    from perdure_runtime.core.effects import Enter
    from perdure_runtime.drivers.calls import Setting
    from perdure_runtime.drivers.lanes import Lane
else:
    from _thread import _local as local  # without all of threading

__all__ = ["Strand", "Strands"]

_kept: list[greenlet] = []
"""Strands that were set aside; a collected greenlet would go on."""
DEEP = 100
"""Frames below which none is kept."""
MOST_RESTING = 64
"""Strands that are kept between two runs, 16 KB each: to make one and to end it takes as long as 20 switches."""


class _Resting(local):
    """Strands of this thread that serve no run; a greenlet does not leave its thread."""

    def __init__(self) -> None:
        self.strands: list[Strand] = []


_resting = _Resting()
_all_resting: set[Strand] = set()
"""Those of all threads. Where a thread has ended, its own stay and count, because nobody else can end them."""


def library() -> ModuleType:
    """greenlet, imported with the first batch of a process.

    It loads the library of C++, whose thousand functions are bound when they are called, as hardly any is, and not at
    once: a fifth of the time that loading takes. Other imports are as they were.
    """
    if "greenlet" in sys.modules or sys.platform == "win32":
        return import_module("greenlet")
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags & ~os.RTLD_NOW | os.RTLD_LAZY)
    try:
        return import_module("greenlet")
    finally:
        sys.setdlopenflags(flags)


class Strands:
    """Those of one run: its branches use them one after the other."""

    _hub: greenlet

    def __init__(self, setting: Setting) -> None:
        self._library = library()
        self._setting = setting
        self._free: list[Strand] = []
        self._is_deep = False

    def begin(self) -> None:
        """A batch begins: its strands are made as far down the stack as this is called."""
        self._is_deep = is_deeper_than(DEEP)
        self._hub = self._library.getcurrent()

    def take(self) -> Strand:
        """A strand without code on it."""
        if self._free:
            return self._free.pop()
        if not (resting := _resting.strands):
            return Strand(self._library.greenlet, self._is_deep).serve(self._setting, self._hub)
        _all_resting.remove(strand := resting.pop())
        return strand.serve(self._setting, self._hub)

    def take_back(self, strand: Strand) -> None:
        """The code on it is over."""
        strand.forget()
        self._free.append(strand)

    def dismiss(self) -> None:
        """The run is over: some are kept for the next one, and the others end."""
        while self._free:
            strand = self._free.pop()
            if len(_all_resting) < MOST_RESTING and not strand.is_deep:
                strand.rest()
                _resting.strands.append(strand)
                _all_resting.add(strand)
            else:
                strand.end()


class Strand:
    """A stack for the code of one branch after another.

    A greenlet that sleeps keeps what it said last, and to its end what it was told first. So both are words; the code
    to begin with is left with the strand, and what code came to with the lane.
    """

    __slots__ = ("_begins", "_greenlet", "_lane", "_setting", "go", "hub", "is_deep")

    hub: greenlet
    """Where the code on it asks, and goes back to."""
    _setting: Setting | None

    def __init__(self, stack: type[greenlet], is_deep: bool) -> None:  # noqa: FBT001  one of hundreds, each by position
        self._greenlet = stack(self._main)
        self._lane: Lane | None = None
        self._begins: Enter | None = None
        self.is_deep = is_deep
        """Whether it was made far down a stack: whatever runs on it has so much less room, for as long as it lives."""
        self.go: Callable[[object], Any] = self._greenlet.switch
        """Let the code go on with a message, until it wants an operation or says a word."""

    # On the hub's side

    def serve(self, setting: Setting, hub: greenlet) -> Strand:
        """Be there for the branches of this run, whose hub asks."""
        self.hub = self._greenlet.parent = hub
        self._setting = setting
        return self

    def rest(self) -> None:
        """Serve no run: nothing of the last one is kept."""
        self._setting = None

    def lend(self, lane: Lane, code: Enter, variables: Context) -> None:
        """Get ready to `BEGIN` with the code of a branch, which has a copy of the context variables."""
        self._lane = lane
        self._begins = code
        self._greenlet.gr_context = variables.copy()

    @property
    def context(self) -> Context | None:
        """The context variables of the code that sleeps here."""
        current: Context | None = self._greenlet.gr_context
        return current

    def forget(self) -> None:
        """No code is on it; nothing of the branch may be kept."""
        self._lane = self._begins = None
        self._greenlet.gr_context = None

    def end(self) -> None:
        """Bring the greenlet to its end."""
        self._greenlet.switch(None)

    def keep(self) -> None:
        """The code on it will not end: it stays as it is for the life of the process."""
        _kept.append(self._greenlet)

    # On the side of the code

    def set_aside(self) -> NoReturn:
        """The code here holds on: leave it for good."""
        while True:
            self.hub.switch(SET_ASIDE)

    def _main(self, word: object) -> None:
        while word is not None:
            if word is BEGIN:
                assert self._begins is not None  # noqa: S101  a branch has borrowed this strand
                self.run(self._begins)
            word = self.hub.switch(IDLE)

    def run(self, code: Enter) -> None:
        """Run the code of a context. What it comes to is in no local here, since an error's frames lead to this one."""
        assert self._lane is not None  # noqa: S101  a branch has borrowed this strand
        assert self._setting is not None  # noqa: S101  and a run the branch
        try:
            context = opened(self._setting, self._lane, code.scope)
            try:
                result = code.body(context)
            finally:
                self._setting.run.speaker = None
            self._lane.outcome = Ok(no_coroutine(result))
        except Stop:
            pass  # it was unwound, and comes to nothing
        except Exception as error:  # noqa: BLE001  user code may raise anything
            self._lane.outcome = Raised(without_engine_frames(error))
        except BaseException as error:  # noqa: BLE001  raised again by the hub
            from perdure_runtime.drivers.cancelled import cancelled_within, is_cancellation  # hardly any code does this

            self._lane.outcome = Raised(cancelled_within()) if is_cancellation(error) else Broken(error)
