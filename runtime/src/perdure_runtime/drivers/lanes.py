"""Open branches of a workflow that is written as plain functions, the batches that they belong to, and their stacks.

A branch is a lane: a line of work. Its code, where it has any, is on a strand: on a stack of its own, on the hub's
thread. A strand is a greenlet that takes turns with the hub. It runs the code of a context; where that code asks for an
operation, it hands the operation to the hub and sleeps until there is an outcome, or until it has to unwind. A child
context inside runs deeper on the same stack.

A greenlet that is dropped in the middle is unwound whenever the collector comes by, on whichever thread that is; so
all code is brought to its end before the response. A strand without code is used again, also by the next run. Only
code that swallows its unwinding over and over is set aside for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from greenlet import getcurrent, greenlet

from perdure_runtime.core.effects import Enter, Ok, Raised
from perdure_runtime.drivers.context import enter_apart, enter_here
from perdure_runtime.drivers.frames import is_deeper_than, without_engine_frames
from perdure_runtime.drivers.run import PATIENCE
from perdure_runtime.drivers.signals import Broken, Stop

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from threading import local
    from typing import TypeAlias

    from perdure_runtime.core.effects import Fan, Op, Outcome
    from perdure_runtime.core.identity import Scope
    from perdure_runtime.drivers.bodies import Body
    from perdure_runtime.drivers.calls import Setting
    from perdure_runtime.drivers.line import Line

    Way: TypeAlias = "Callable[[Setting, Lane, Callable[[Any], object], Scope], object]"
else:
    from _thread import _local as local  # without all of threading

__all__ = ["BEGIN", "IDLE", "SET_ASIDE", "STOP", "Lane", "OpenFan", "Strand", "dismiss", "strand_for"]

T = TypeVar("T")
BEGIN: Final = "begin"
"""To a strand: run the code that it was lent for."""
STOP: Final = "unwind"
"""To a strand: the code on it has to end."""
ENDED: Final = "ended"
"""From a strand: the code of an inner context is over; what it came to is with the lane."""
IDLE: Final = "idle"
"""The same of the branch's own code: there is none left."""
SET_ASIDE: Final = "set aside"
"""From a strand: the code on it will not end."""
_kept: list[greenlet] = []
"""Strands that were set aside; a collected greenlet would go on."""
DEEP = 100
"""Frames below which none is kept."""
MOST_RESTING = 64
"""Strands that are kept between two runs, 16 KB each: to make one and to end it takes as long as 20 switches."""


class OpenFan:
    """A batch that is not decided yet."""

    __slots__ = ("effect", "lanes", "line", "owed", "variables")

    def __init__(self, effect: Fan, line: Line | Lane, variables: Context) -> None:
        self.effect = effect
        self.line = line
        """Where its result goes."""
        self.owed: int = line.owed
        """What its branches owe when they begin: what the line did, and what the outcome of those before rests on.

        That they have ended is the line's to owe: they would end like that again.
        """
        self.variables = variables
        """The context variables that its branches begin with; code in a context sets them in a copy."""
        self.lanes: dict[int, Lane] = {}

    def __repr__(self) -> str:
        return f"<OpenFan {self.effect.tally!r}: {list(self.lanes.values())}>"


class Lane:
    """A branch, as a line of work: a stack of operations, and the code between them."""

    inner: OpenFan | None = None
    """The batch that it waits for."""
    parked: str | None = None
    """The operation that it waits for."""
    _swallowed = 0

    def __init__(self, fan: OpenFan, index: int, operation: Op[Any]) -> None:
        self.fan = fan
        self.index = index
        self.operations = [operation]
        """The innermost last; between one and the next is code of a context, on the strand."""
        self.owed = fan.owed
        """The ticket that has to be acknowledged before the next body begins."""
        self.closed = False
        self.strand: Strand | None = None
        """What its code is on, from when there is any."""
        self.outcome: Outcome[Any] | Broken | None = None
        """What the innermost code has come to, until the hub takes it."""
        self.body: Body | None = None
        """The body that runs for it elsewhere."""

    def perform(self, operation: Op[T]) -> T:
        """Have `operation` driven to its end; called by code on the strand."""
        assert self.strand is not None  # noqa: S101  it is what runs this code
        outcome: T = self.strand.ask(operation)
        return outcome

    def stop(self) -> NoReturn:
        """Unwind the code of this branch; raises `Stop`, again and again if need be."""
        self._swallowed += 1
        if self._swallowed > PATIENCE and self.strand is not None:
            self.strand.set_aside()
        raise Stop

    def code_variables(self) -> Context:
        """A copy of the context variables as the branch's code has set them."""
        current = self.strand.context if self.strand is not None else None
        return (self.fan.variables if current is None else current).copy()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"parked at {self.parked}" if self.parked else "open"
        return f"<Lane {self.index}, {state}: {len(self.operations)} operations>"


# Stacks


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
        return Strand().serve(setting)
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
    """A stack for the code of one branch after another.

    A greenlet that sleeps keeps what it said last, and to its end what it was told first. So both are words; the code
    to begin with is left with the strand, and what code came to with the lane.
    """

    __slots__ = ("_begins", "_greenlet", "_hub", "_lane", "_setting", "go", "is_deep")

    _hub: greenlet
    _setting: Setting | None

    def __init__(self) -> None:
        self._greenlet = greenlet(self._main)
        self._lane: Lane | None = None
        self._begins: Enter | None = None
        self.is_deep = is_deeper_than(DEEP)
        """Whether it was made far down a stack: whatever runs on it has so much less room, for as long as it lives."""
        self.go: Callable[[object], Any] = self._greenlet.switch
        """Let the code go on with a message, until it wants an operation or says a word."""

    # On the hub's side

    def serve(self, setting: Setting) -> Strand:
        """Be there for the branches of this run, whose hub asks."""
        self._hub = self._greenlet.parent = getcurrent()
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

    def give_back(self) -> None:
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

    def ask(self, operation: Op[Any]) -> Any:  # noqa: ANN401  an operation's outcome
        """Have the hub drive an operation; raises `Stop` where the branch has to unwind."""
        message = self._hub.switch(operation)
        while type(message) is Enter:
            self._run(enter_here, message)
            message = self._hub.switch(ENDED)
        if message is STOP:
            raise Stop
        return message

    def set_aside(self) -> NoReturn:
        """The code here holds on: leave it for good."""
        while True:
            self._hub.switch(SET_ASIDE)

    def _main(self, word: object) -> None:
        while word is not None:
            if word is BEGIN:
                assert self._begins is not None  # noqa: S101  a branch has borrowed this strand
                self._run(enter_apart, self._begins)
            word = self._hub.switch(IDLE)

    def _run(self, enter: Way, code: Enter) -> None:
        """Run the code of a context. What it comes to is in no local here, since an error's frames lead to this one."""
        assert self._lane is not None  # noqa: S101  a branch has borrowed this strand
        assert self._setting is not None  # noqa: S101  and a run the branch
        try:
            self._lane.outcome = Ok(enter(self._setting, self._lane, code.body, code.scope))
        except Stop:
            pass  # it was unwound, and comes to nothing
        except Exception as error:  # noqa: BLE001  user code may raise anything
            self._lane.outcome = Raised(without_engine_frames(error))
        except BaseException as error:  # noqa: BLE001  raised again by the hub
            from perdure_runtime.drivers.cancelled import cancelled_within, is_cancellation  # hardly any code does this

            self._lane.outcome = Raised(cancelled_within()) if is_cancellation(error) else Broken(error)
