"""When a batch has what it needs (PROTOCOL 5.8).

A tally is told which branches begin and end, and says which may begin next and whether the batch is decided. Branches
begin in the order of their indexes, as many at a time as the limit allows; one that is suspended keeps its place.

What ends a batch, and what its reason is then, in this order:

    more failures than are tolerated        FAILURE_TOLERANCE_EXCEEDED
    a predicate of the user's own says so   CUSTOM_COMPLETION_FAILED, CUSTOM_COMPLETION_SUCCEEDED
    every branch has ended                  ALL_COMPLETED
    enough have succeeded                   MIN_SUCCESSFUL_REACHED

Without a completion, the first failure ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure.batches import BatchReason, BatchStatus
from perdure_runtime.core.effects import Ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Completion
    from perdure_runtime.core.effects import Outcome

__all__ = ["Tally"]

PERCENT = 100


class Tally:
    """The count of one batch."""

    __slots__ = (
        "_completion",
        "_enough",
        "_failures",
        "_limit",
        "_statuses",
        "begun",
        "broken",
        "decided",
        "foretold",
        "outcomes",
        "reason",
        "total",
    )

    def __init__(self, total: int, limit: int | None, completion: Completion | None) -> None:
        self.total = total
        self._limit = total if limit is None else limit
        """Branches that may be open at the same time."""
        self._completion = completion
        self._enough = total if completion is None else min(completion.min_successful or total, total)
        """Successes that decide it."""
        self._failures = 0
        self._statuses: list[BatchStatus | None] | None = None
        """How the branches stand, for who decides by that."""
        if completion is not None and completion.should_complete is not None:
            self._statuses = [None] * total
        self.begun = 0
        """Branches that have begun; the next one's index."""
        self.outcomes: dict[int, Outcome[Any]] = {}
        """How the branches that have ended did so."""
        self.foretold: dict[int, Ok[Any]] = {}
        """How branches that have not begun yet will end as soon as they do: it is recorded."""
        self.decided = False
        """Whether the batch is over; no branch begins or ends any more."""
        self.reason: BatchReason | None = None
        """Why it is."""
        self.broken: Exception | None = None
        """What the user's predicate raised."""
        self._decide()

    @property
    def has_room(self) -> bool:
        """Whether another branch may begin now."""
        open_ones = self.begun - len(self.outcomes)
        return self.begun < self.total and open_ones < self._limit and not self.decided

    def foretell(self, ends: Callable[[], dict[int, Ok[Any]]]) -> None:
        """Ask how branches will end, where only their number decides: a predicate is asked at each of them."""
        if self._statuses is None and not self.decided:
            self.foretold = ends()

    def begin(self) -> int | None:
        """The next branch begins; its index. None where there is no room, or where the batch is over with that.

        Those whose end was foretold have ended with that.
        """
        index = self.begun
        most = 0 if self.decided else self.total
        if index >= most or index - len(self.outcomes) >= self._limit:
            return None
        if index in self.foretold:
            self._pass_over()
            return self.begin()
        self.begun = index + 1
        if self._statuses is not None:
            self._statuses[index] = BatchStatus.STARTED
            self._decide()
            if self.decided:
                return None
        return index

    def end(self, index: int, outcome: Outcome[Any]) -> None:
        """A branch has ended."""
        self.outcomes[index] = outcome
        if not isinstance(outcome, Ok):
            self._failures += 1
        if self._statuses is not None:
            self._statuses[index] = BatchStatus.SUCCEEDED if isinstance(outcome, Ok) else BatchStatus.FAILED
        elif not self._failures and len(self.outcomes) < self._enough:
            return
        if not self.decided:
            self._decide()

    def _pass_over(self) -> None:
        """Begin and end branches as was foretold, up to the first of which it was not, or with which it is decided."""
        index, outcomes, foretold = self.begun, self.outcomes, self.foretold
        most = self._enough + self._failures
        while index in foretold and len(outcomes) < most:
            outcomes[index] = foretold.pop(index)
            index += 1
        self.begun = index
        self._decide()

    def _decide(self) -> None:
        completion = self._completion
        if self._statuses is not None:
            self._ask(self._statuses)
        elif self._failures and (completion is None or self._tolerance_exceeded(completion)):
            self.reason = BatchReason.FAILURE_TOLERANCE_EXCEEDED
        if self.reason is None and self.broken is None:
            ended = len(self.outcomes)
            if ended == self.total:
                self.reason = BatchReason.ALL_COMPLETED
            elif ended - self._failures < self._enough:
                return
            else:
                self.reason = BatchReason.MIN_SUCCESSFUL_REACHED
        self.decided = True

    def _tolerance_exceeded(self, completion: Completion) -> bool:
        count, percentage = completion.tolerated_failures, completion.tolerated_percentage
        if count is None and percentage is None:
            return completion.min_successful is None
        if count is not None and self._failures > count:
            return True
        return percentage is not None and self._failures * PERCENT > percentage * self.total

    def _ask(self, statuses: list[BatchStatus | None]) -> None:
        from perdure.progress import BatchDecision, BatchProgress  # for who decides by a function

        assert self._completion is not None  # noqa: S101  who decides is a completion's
        assert self._completion.should_complete is not None  # noqa: S101  asked only where there is one
        progress = BatchProgress(tuple(statuses))
        try:
            decision: object = self._completion.should_complete(progress)
        except Exception as error:  # noqa: BLE001  user code may raise anything
            self.broken = error
            return
        if decision is BatchDecision.FAIL:
            self.reason = BatchReason.CUSTOM_COMPLETION_FAILED
        elif decision is BatchDecision.SUCCEED or decision is True:
            self.reason = BatchReason.CUSTOM_COMPLETION_SUCCEEDED
        elif decision is not BatchDecision.CONTINUE and decision is not False:
            self.broken = TypeError(f"should_complete answers a BatchDecision or a bool, not {decision!r}")

    def __repr__(self) -> str:
        state = self.reason or ("broken" if self.broken else "open")
        return f"<Tally {state}: {self.begun} of {self.total} begun, {len(self.outcomes)} ended>"
