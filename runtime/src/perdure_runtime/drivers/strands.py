"""The code of an open branch, where it is written as plain functions: on a stack of its own, on the hub's thread.

A strand is a greenlet that takes turns with the hub. It runs the code of a context; where that code asks for an
operation, it hands the operation to the hub and sleeps until there is an outcome, or until it has to unwind. A child
context inside runs deeper on the same stack.

A greenlet that is dropped in the middle is unwound whenever the collector comes by, on whichever thread that is; so
all code is brought to its end before the response. A strand without code is used again, also by the next run. Only
code that swallows its unwinding over and over is set aside for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from greenlet import getcurrent, greenlet

from perdure_runtime.core.effects import Enter, Ok, Raised
from perdure_runtime.drivers.context import enter_apart, enter_here
from perdure_runtime.drivers.frames import is_deeper_than, without_engine_frames
from perdure_runtime.drivers.signals import Broken, Stop

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from threading import local
    from typing import TypeAlias

    from perdure_runtime.core.effects import Op, Outcome
    from perdure_runtime.core.identity import Scope
    from perdure_runtime.drivers.calls import Setting
    from perdure_runtime.drivers.lanes import Lane

    Way: TypeAlias = Callable[[Setting, Lane, Callable[[Any], object], Scope], object]
else:
    from _thread import _local as local  # without all of threading

__all__ = ["IDLE", "SET_ASIDE", "STOP", "Strand", "dismiss", "strand_for"]


class _Word:
    def __init__(self, word: str) -> None:
        self._word = word

    def __repr__(self) -> str:
        return f"<{self._word}>"


STOP: Final = _Word("unwind")
"""To a strand: the code on it has to end."""
REST: Final = _Word("rest")
"""To a strand without code: sleep on, and forget what was said before."""
IDLE: Final = _Word("idle")
"""From a strand: there is no code left on it."""
SET_ASIDE: Final = _Word("set aside")
"""From a strand: the code on it will not end."""
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


def strand_for(setting: Setting) -> Strand:
    """A strand without code on it."""
    if not (resting := _resting.strands):
        strand = Strand().serve(setting)
        strand.go(REST)  # what a greenlet begins with, it keeps to its end
        return strand
    _all_resting.remove(strand := resting.pop())
    return strand.serve(setting)


def dismiss(strands: list[Strand]) -> None:
    """The run is over: some strands are kept for the next one, and the others end."""
    while strands:
        strand = strands.pop()
        if len(_all_resting) < MOST_RESTING and not strand.is_deep:
            strand.rest()
            _resting.strands.append(strand)
            _all_resting.add(strand)
        else:
            strand.end()


class Strand:
    """A stack for the code of one branch after another."""

    __slots__ = ("_greenlet", "_hub", "_lane", "_setting", "go", "is_deep")

    _hub: greenlet
    _setting: Setting | None

    def __init__(self) -> None:
        self._greenlet = greenlet(self._main)
        self._lane: Lane | None = None
        self.is_deep = is_deeper_than(DEEP)
        """Whether it was made far down a stack: whatever runs on it has so much less room, for as long as it lives."""
        self.go: Callable[[object], Any] = self._greenlet.switch
        """Let the code go on with a message, until it wants something again: an operation, or a word."""

    # On the hub's side

    def serve(self, setting: Setting) -> Strand:
        """Be there for the branches of this run, whose hub asks."""
        self._hub = self._greenlet.parent = getcurrent()
        self._setting = setting
        return self

    def rest(self) -> None:
        """Serve no run: nothing of the last one is kept."""
        self.go(REST)
        self._setting = None

    def lend(self, lane: Lane, variables: Context) -> None:
        """Get ready for the code of a branch, which has a copy of the context variables."""
        self._lane = lane
        self._greenlet.gr_context = variables.copy()

    @property
    def context(self) -> Context | None:
        """The context variables of the code that sleeps here."""
        current: Context | None = self._greenlet.gr_context
        return current

    def give_back(self) -> None:
        """No code is on it; nothing of the branch may be kept."""
        self._lane = None
        self._greenlet.gr_context = None

    def end(self) -> None:
        """Bring the greenlet to its end."""
        self._greenlet.switch(None)

    def keep(self) -> None:
        """The code on it will not end: it stays as it is for the life of the process."""
        _kept.append(self._greenlet)

    # On the side of the code

    def ask(self, operation: Op[Any]) -> Any:  # noqa: ANN401  an operation's outcome
        """Have the hub drive an operation; raises `Stop` where the branch has to unwind."""
        message = self._hub.switch(operation)
        while type(message) is Enter:
            message = self._hub.switch(self._ended(enter_here, message))
        if message is STOP:
            raise Stop
        return message

    def set_aside(self) -> NoReturn:
        """The code here holds on: leave it for good."""
        while True:
            self._hub.switch(SET_ASIDE)

    def _main(self, message: object) -> None:
        while message is not None:
            message = self._hub.switch(
                (self._ended(enter_apart, message) if isinstance(message, Enter) else None) or IDLE
            )

    def _ended(self, enter: Way, message: Enter) -> Outcome[Any] | Broken | None:
        """Run the code of a context: how it has ended, in no local, since an error's frames lead to this one.

        None where it was unwound.
        """
        assert self._lane is not None  # noqa: S101  a branch has borrowed this strand
        assert self._setting is not None  # noqa: S101  and a run the branch
        try:
            return Ok(enter(self._setting, self._lane, message.body, message.scope))
        except Stop:
            return None
        except Exception as error:  # noqa: BLE001  user code may raise anything
            return Raised(without_engine_frames(error))
        except BaseException as error:  # noqa: BLE001  raised again by the hub
            from perdure_runtime.drivers.cancelled import cancelled_within, is_cancellation  # hardly any code does this

            return Raised(cancelled_within()) if is_cancellation(error) else Broken(error)
