"""What operations ask of others: how values and failures become text and back, and what a batch is made of.

This is for type checkers: nothing imports it to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure import Completion
    from perdure.batches import Batch, BatchReason
    from perdure_runtime.core.effects import Aside, Begun, Ok
    from perdure_runtime.core.identity import Identity
    from perdure_runtime.core.outbox import Debtor

__all__ = ["BatchValues", "BatchWork", "CallbackValues", "ChildValues", "Failing", "InvokeValues", "Summary", "Values"]


class Failing(Protocol):
    """How failures become error objects and back."""

    def describe(self, error: BaseException) -> dict[str, Any]:
        """The error object to record."""
        ...

    def revive(self, error: dict[str, Any] | None, identity: Identity, attempts: int) -> Exception:
        """The exception that a recorded error stands for."""
        ...


class Values(Failing, Protocol):
    """How the values of a function's steps, or the states of a condition, become text and back."""

    def store(self, value: object, identity: Identity) -> tuple[str, object] | Aside[tuple[str, object]]:
        """The text to record, and the value that a replay will read from it; raises `SerdesError`."""
        ...

    def read(self, text: str | None, identity: Identity) -> object:
        """The value that a recorded text stands for, or an `Aside` that comes to it; raises `SerdesError`."""
        ...


class ChildValues(Values, Protocol):
    """How a context's values become text and back."""

    def summary(self, value: Any) -> str:  # noqa: ANN401  whatever the context came to
        """What is recorded in place of a large value, for people to read."""
        ...


class Summary(Protocol):
    """What is recorded of a large batch in place of its results."""

    @property
    def total_count(self) -> int:
        """Branches that had begun."""
        ...

    @property
    def reason(self) -> BatchReason:
        """Why the batch ended."""
        ...

    @property
    def started(self) -> frozenset[int]:
        """Branches that had not ended."""
        ...


class BatchValues(Failing, Protocol):
    """How a batch becomes text and back."""

    def store(
        self, batch: Batch[Any], errors: Mapping[int, dict[str, Any]]
    ) -> tuple[str, Batch[Any]] | Aside[tuple[str, Batch[Any]]]:
        """The text to record, and the batch that a replay will read from it; raises `SerdesError`."""
        ...

    def read(
        self,
        text: str | None,
        total: int,
        revive: Callable[[int, Mapping[str, object]], Exception],
        name_of: Callable[[int], str | None],
        *,
        name: str | None = None,
    ) -> Batch[Any] | Aside[Batch[Any]]:
        """The batch that a recorded text stands for; raises `SerdesError`."""
        ...

    def summarize(self, batch: Batch[Any]) -> str:
        """What is recorded in place of a large batch."""
        ...

    def read_summary(self, text: str | None) -> Summary | None:
        """A recorded summary; None for a text that is none."""
        ...


class BatchWork(Protocol):
    """One batch: its branches, when it ends, and how its values travel."""

    total: int
    limit: int | None
    completion: Completion | None
    """When it is over; None ends it with the first failure."""
    values: BatchValues
    line: Debtor
    """The line of work that its result goes to, and that does nothing more before its end is acknowledged."""
    is_read_from_branches: bool
    """Whether branches are operations recorded elsewhere, which know best how to read their results."""

    def branch(self, index: int) -> Begun[Any]:
        """A branch's outcome where that is recorded, else the operation that it is."""
        ...

    def identity_of(self, index: int) -> Identity:
        """Which operation a branch is."""
        ...

    def name_of(self, index: int) -> str | None:
        """What a branch is called."""
        ...

    def is_recorded(self, index: int) -> bool:
        """Whether a branch is a context with a record of its own."""
        ...

    def revive(self, index: int, error: Mapping[str, object]) -> Exception:
        """The exception that a branch's recorded error stands for."""
        ...

    def foretold(self) -> dict[int, Ok[Any]]:
        """How branches ended of which no more need be asked than what is recorded; any may be left out."""
        ...


class CallbackValues(Protocol):
    """How the text that completes a callback becomes a value, and its failure an exception."""

    def read(self, text: str | None) -> object:
        """The value that the completing text stands for; raises `SerdesError`."""
        ...

    def revive(self, error: dict[str, Any] | None, identity: Identity, *, timed_out: bool) -> Exception:
        """The exception that a failure stands for."""
        ...


class InvokeValues(Protocol):
    """How the answer of another function becomes a value, and its failure an exception."""

    def read(self, text: str | None) -> object:
        """The value that the answer stands for; raises `SerdesError`."""
        ...

    def revive(self, error: dict[str, Any] | None, identity: Identity) -> Exception:
        """The exception that a failure stands for."""
        ...
