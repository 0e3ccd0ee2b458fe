"""Open branches of a workflow that is written as plain functions, and the batches that they belong to.

A branch is a lane: a line of work. Its code, where it has any, is on a strand: on a stack of its own, on the hub's
thread (`strands.py`).
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from perdure_runtime.core.effects import Enter
from perdure_runtime.drivers.run import PATIENCE
from perdure_runtime.drivers.signals import Broken, Stop

if TYPE_CHECKING:
    from contextvars import Context

    from perdure_runtime.core.effects import Fan, Op, Outcome
    from perdure_runtime.drivers.bodies import Body
    from perdure_runtime.drivers.line import Line
    from perdure_runtime.drivers.strands import Strand

__all__ = ["BEGIN", "ENDED", "IDLE", "SET_ASIDE", "STOP", "Lane", "OpenFan"]

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
        """Have `operation` driven to its end; called by code on the strand. Raises `Stop` where that has to unwind."""
        strand = self.strand
        assert strand is not None  # noqa: S101  it is what runs this code
        message = strand.hub.switch(operation)
        while type(message) is Enter:
            # What the code sets in a ContextVar does not leak: a replay may not run it.
            copy_context().run(strand.run, message)
            message = strand.hub.switch(ENDED)
        if message is STOP:
            raise Stop
        outcome: T = message
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
