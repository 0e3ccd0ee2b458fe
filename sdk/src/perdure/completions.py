"""When a batch is over: the policies of `map` and `parallel`.

A `Completion` is a plain frozen value. Its criteria add up, and the first that is met ends the batch; branches that are
then still running are cancelled, and those that have not begun never begin.

* `min_successful`: over as soon as so many items succeeded. Alone, it lets any number of items fail.
* `tolerated_failures`, `tolerated_percentage`: over as soon as more items failed than that. The percentage is of all
  declared items, from 0 to 100, and meeting it exactly is tolerated.
* `should_complete`: a function of your own decides, and nothing else does.
* None of them: the first failure ends the batch, as with `Completion.ALL_SUCCESSFUL`.

In each case a batch is also over when all its items are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from perdure.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure.progress import BatchDecision, BatchProgress

__all__ = ["Completion"]

EVERYTHING = 100


@frozen
class Completion:
    """When a batch is over; one of the presets, a set of criteria, or a function of your own."""

    min_successful: int | None = None
    """Over as soon as so many items succeeded; 1 or more."""
    tolerated_failures: int | None = None
    """Over as soon as more items than this failed; 0 or more."""
    tolerated_percentage: float | None = None
    """Over as soon as more than this percentage of all declared items failed; from 0 to 100."""
    should_complete: Callable[[BatchProgress], BatchDecision | bool] | None = None
    """Asked before the first item begins and after each change; True stands for SUCCEED and False for CONTINUE.

    It has to be a function of its argument alone, or a replay may decide otherwise. Not together with other criteria.
    """

    ALL_SUCCESSFUL: ClassVar[Completion]
    """The first failure ends the batch; the default."""
    FIRST_SUCCESSFUL: ClassVar[Completion]
    """The first success ends the batch."""
    ALL_COMPLETED: ClassVar[Completion]
    """Every item runs to its end, whatever the others do."""

    def __post_init__(self) -> None:
        _check_count("min_successful", self.min_successful, least=1)
        _check_count("tolerated_failures", self.tolerated_failures, least=0)
        share = self.tolerated_percentage
        if share is not None and (isinstance(share, bool) or not isinstance(share, (int, float))):
            raise TypeError(f"tolerated_percentage is a number, not {type(share).__name__}")
        if share is not None and not 0 <= share <= EVERYTHING:
            raise ValueError(f"tolerated_percentage is between 0 and 100, not {share!r}")
        if self.should_complete is None:
            return
        if not callable(self.should_complete):
            raise TypeError(
                f"should_complete is a function of BatchProgress, not {type(self.should_complete).__name__}"
            )
        if (self.min_successful, self.tolerated_failures, share) != (None, None, None):
            raise ValueError("should_complete decides alone: leave out min_successful and what is tolerated")

    @classmethod
    def custom(cls, should_complete: Callable[[BatchProgress], BatchDecision | bool]) -> Completion:
        """Over when `should_complete(progress)` says so."""
        if should_complete is None:
            raise TypeError("should_complete is a function of BatchProgress, not None")
        return cls(should_complete=should_complete)

    def check(self, total: int) -> None:
        """Raise ValueError where a batch of `total` items can never satisfy this; an empty batch is over at once."""
        if total and self.min_successful is not None and self.min_successful > total:
            raise ValueError(f"min_successful is {self.min_successful}, more than the batch has items ({total})")


def _check_count(name: str, count: int | None, least: int) -> None:
    if count is None:
        return
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"{name} is a whole number, not {type(count).__name__}")
    if count < least:
        raise ValueError(f"{name} is {least} or more, not {count}")


Completion.ALL_SUCCESSFUL = Completion(tolerated_failures=0)
Completion.FIRST_SUCCESSFUL = Completion(min_successful=1)
Completion.ALL_COMPLETED = Completion(tolerated_percentage=EVERYTHING)
