"""One invocation's run of a workflow: what its lines of work share, and how it ends.

The stop flag is sticky. Once the run has to stop, every durable call raises `Stop` again, so user code that swallows it
gets no further than its next call; and when the handler returns after all, the flag still says that it was stopped.
Code that swallows it over and over is abandoned: the answer is PENDING, and the host takes the thread away from it, by
ending the process, or under a loop that is not ours by leaving the code where it stands (`plain`).
"""

from __future__ import annotations

from _thread import get_ident
from typing import TYPE_CHECKING, NoReturn

from perdure import DurableCallRefused
from perdure.contexts import CURRENT_STEP
from perdure_runtime.core.quiescence import Activity
from perdure_runtime.drivers.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.journal import Journal
    from perdure_runtime.drivers.committer import Committer

__all__ = ["PATIENCE", "Run"]

PATIENCE = 100


class Run:
    """What is shared by all that happens in one invocation."""

    __slots__ = (
        "_abandon",
        "_swallowed",
        "activity",
        "committer",
        "ended",
        "fatal",
        "is_home",
        "journal",
        "stopping",
        "waits_for",
    )

    def __init__(self, journal: Journal, committer: Committer, abandon: Callable[[], NoReturn]) -> None:
        self.journal = journal
        self.committer = committer
        self.activity = Activity()
        owner, activity = get_ident(), self.activity
        # While a body runs nothing else of a single line of work does, whatever context the body has put itself in.
        self.is_home: Callable[[], bool] = lambda: get_ident() == owner and not activity.bodies
        """Whether a call comes from where the workflow itself runs; an async driver puts its own question here."""
        self.stopping = False
        self.ended = False
        self.waits_for: tuple[str, ...] = ()
        """The operations that kept the run from going on."""
        self.fatal: Exception | None = None
        self._swallowed = 0
        self._abandon = abandon

    def admit(self, operation: str) -> None:
        """Let a durable call begin; raises where none can."""
        if CURRENT_STEP.get(None) is not None:
            reason = (
                "a step's body is plain code, which runs again when it is retried; call it from the workflow itself"
            )
            raise DurableCallRefused(operation, f"it was called inside a step. {reason}")
        if self.ended:
            reason = "the invocation that it belongs to has ended; use the context that the handler is handed"
            raise DurableCallRefused(operation, reason)
        if not self.is_home():
            reason = (
                "its place in the history would follow the scheduler; make the call in the workflow itself, and await"
                " or use its result wherever you like"
            )
            raise DurableCallRefused(operation, f"it was called on a thread or in a task of your own. {reason}")
        if self.stopping:
            self.stop()
        if self.fatal is not None:
            raise self.fatal

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
        self._abandon()

    def fail(self, error: Exception) -> None:
        """The run cannot go on; what is said first counts."""
        if self.fatal is None:
            self.fatal = error
