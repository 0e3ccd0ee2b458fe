"""One invocation's run of a workflow: what its lines of work share, and how it ends.

The stop flag is sticky. Once the run has to stop, every durable call raises `Stop` again, so user code that swallows it
gets no further than its next call; and when the handler returns after all, the flag still says that it was stopped.
Code that swallows it over and over is abandoned: the answer is PENDING, and the host takes the thread away from it, by
ending the process, or under a loop that is not ours by leaving the code where it stands (`plain`).

A line of work is where code runs one call after another: the workflow itself, and each open branch. A call is admitted
only from the context whose code runs at that moment, in the line that runs it: any other order of calls would follow a
scheduler, and their places in the history with it.
"""

from __future__ import annotations

from _thread import get_ident
from typing import TYPE_CHECKING, Any, NoReturn

from perdure import DurableCallRefused
from perdure.contexts import CURRENT_STEP
from perdure_runtime.core.quiescence import Activity
from perdure_runtime.drivers.signals import Stop
from perdure_runtime.values.forms import Remembered

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from perdure_runtime.core.journal import Journal
    from perdure_runtime.drivers.asking.children import KnownChild
    from perdure_runtime.drivers.asking.steps import KnownStep
    from perdure_runtime.drivers.calls import Calls
    from perdure_runtime.drivers.committer import Committer

__all__ = ["ELSEWHERE", "ENDED", "GRACE", "OTHER_CODE", "PATIENCE", "Home", "Run"]

GRACE = 0.25
"""Seconds that work nobody waits for has to end, before the response."""
PATIENCE = 100
OTHER_CODE = (
    "it was called on the context of other code. A branch, an item or a child function makes its calls on the context"
    " that it is handed: what is called on any other would have no fixed place in the history"
)
ELSEWHERE = (
    "it was called on a thread or in a task of your own. Its place in the history would follow the scheduler; make the"
    " call in the workflow itself, and await or use its result wherever you like. For work at the same time there are"
    " parallel and map"
)
ENDED = "the invocation that it belongs to has ended; use the context that the handler is handed"


if TYPE_CHECKING:

    class Home(Protocol):
        """A line of work, as the contexts in it see it."""

        @property
        def closed(self) -> bool:
            """Whether its batch was decided without it: it only unwinds."""
            ...

        def stop(self) -> NoReturn:
            """Unwind the user code that called; raises `Stop`, again and again if need be."""
            ...


class Run:
    """What is shared by all that happens in one invocation."""

    __slots__ = (
        "_abandon",
        "_swallowed",
        "activity",
        "children",
        "committer",
        "ended",
        "fatal",
        "journal",
        "owner",
        "refusal",
        "speaker",
        "spoilt",
        "steps",
        "stopping",
        "waits_for",
        "worked",
    )

    def __init__(self, journal: Journal, committer: Committer, abandon: Callable[[Run], NoReturn]) -> None:
        self.journal = journal
        self.committer = committer
        self.activity = Activity()
        self.owner = get_ident()
        """The thread of the workflow."""
        self.steps: Remembered[KnownStep] = Remembered()
        """What the functions are that were called as steps."""
        self.children: Remembered[KnownChild] = Remembered()
        """What they are that were called as child contexts."""
        self.speaker: Calls[Any] | None = None
        """The context whose code runs, where lines take turns on one thread; None while a body runs, or the engine, and
        while code is unwound."""
        self.refusal: Callable[[Calls[Any]], str | None] = self._refusal
        """Why a call does not come from where its context's code runs, or None where it does; an async driver puts its
        own question here."""
        self.stopping = False
        self.ended = False
        self.spoilt = False
        """Whether user code was left hanging somewhere, so that the process should not serve another invocation."""
        self.worked = False
        """Whether a step body has begun: an invocation that has begun none has time for one, however little is left."""
        self.waits_for: tuple[str, ...] = ()
        """The operations that kept the run from going on."""
        self.fatal: Exception | None = None
        self._swallowed = 0
        self._abandon = abandon

    def check(self, operation: str, calls: Calls[Any]) -> None:
        """Raise where a durable call cannot begin: `Stop` where code is unwound."""
        self.refuse_inside_a_step(operation)
        if (refusal := self.refusal(calls)) is not None:
            raise DurableCallRefused(operation, refusal)
        if self.stopping or self.fatal is not None or calls.home.closed:
            calls.home.stop()

    def refuse_inside_a_step(self, operation: str) -> None:
        """Raise where a step's body runs."""
        if CURRENT_STEP.get(None) is not None:
            reason = (
                "a step's body is plain code, which runs again when it is retried; call it from the workflow itself"
            )
            raise DurableCallRefused(operation, f"it was called inside a step. {reason}")

    def begin_stop(self) -> None:
        """From now on the run only unwinds."""
        if not self.stopping:
            self.stopping = True
            self.waits_for = self.activity.parked

    def stop(self) -> NoReturn:
        """Unwind the user code that called; raises `Stop`, again and again if need be."""
        self.begin_stop()
        self._swallowed += 1
        if self._swallowed > PATIENCE:
            self.abandon()
        raise Stop

    def abandon(self) -> NoReturn:
        """User code would not let go: answer in its place, and give the process up."""
        self._abandon(self)

    def fail(self, error: Exception) -> None:
        """The run cannot go on; what is said first counts."""
        if self.fatal is None:
            self.fatal = error

    def close(self) -> None:
        """The invocation is over; nothing of it may keep anything else alive."""
        self.ended = True
        self.journal.forget()
        self.committer.close()
        self.fatal = None  # its traceback leads to the invocation
        self.speaker = None
        self.steps.clear()
        self.children.clear()
        self.refusal = _ended

    def _refusal(self, calls: Calls[Any]) -> str | None:
        if get_ident() != self.owner:
            return ELSEWHERE
        if self.speaker is not None:
            return None if self.speaker is calls else OTHER_CODE
        is_unwound = self.stopping or self.fatal is not None or calls.home.closed
        return None if is_unwound else ELSEWHERE


def _ended(_calls: Any) -> str:  # noqa: ANN401  whichever context asks
    return ENDED
