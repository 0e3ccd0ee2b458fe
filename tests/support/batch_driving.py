"""One batch to drive by hand: its identity, its values, and what its branches are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import perdure_runtime.core.operations.batch_again  # noqa: F401  else its first lines run in a test that is not measured
from perdure import Batch, BatchReason, Completion, SerdesError
from perdure_runtime.core.effects import Ok, enter
from perdure_runtime.core.identity import Identity, Scope, branch_of
from perdure_runtime.core.operations.batch import batch
from perdure_runtime.core.operations.child import LARGEST_INLINE
from perdure_runtime.core.vocabulary import Kind, Subtype
from support.driving import Line, Upper, drive, journal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from perdure_runtime.core.effects import Effect, Op, Outcome

ROOT = Scope()
BATCH = ROOT.take(Kind.CONTEXT, Subtype.MAP, "orders")
START = {"Id": BATCH.id, "Type": "CONTEXT", "Action": "START", "SubType": "Map", "Name": "orders"}
LARGE = "x" * (LARGEST_INLINE + 1)


class Told(NamedTuple):
    """A summary that a test says is recorded."""

    total_count: int
    reason: BatchReason
    started: frozenset[int]


class OfBatch(Upper):
    """A batch's text is its results; a result that went through it ends with "!"."""

    def __init__(self, summary: Told | None = None) -> None:
        self.summary_told = summary
        self.errors: Mapping[int, dict[str, Any]] = {}

    def store(self, batch: Any, errors: Mapping[int, dict[str, Any]] | None = None) -> tuple[str, Any]:
        self.errors = errors or {}
        if any(item.result == "refused" for item in batch):
            raise SerdesError("cannot be stored")
        items = tuple(replace(item, result=item.result and f"{item.result}!") for item in batch)
        return " ".join(f"{item.index}={item.result}" for item in batch), replace(batch, items=items)

    def read(  # type: ignore[override]  # more is asked for than of a single value
        self, text: str | None, total: int, revive: object, name_of: object, *, name: str | None = None
    ) -> Any:
        if text == "?":
            raise SerdesError("not ours")
        return (text, total, revive, name_of, name)

    def summarize(self, batch: Batch[Any]) -> str:
        return f"a summary of {len(batch)}"

    def read_summary(self, text: str | None) -> Told | None:
        return self.summary_told


def branch_identity(index: int) -> Identity:
    """The context that is branch `index`."""
    return branch_of(BATCH, index, Subtype.ITEM, f"item-{index}", BATCH.id)


class Work(NamedTuple):
    """What a test says that a batch is made of."""

    total: int
    limit: int | None
    completion: Completion
    branch: Callable[[int], Op[Outcome[Any]]]
    identity_of: Callable[[int], Identity]
    name_of: Callable[[int], str]
    is_recorded: Callable[[int], bool]
    revive: Callable[[int, Mapping[str, object]], Exception]
    values: OfBatch
    line: Line
    foretold: Callable[[], dict[int, Ok[Any]]]
    is_read_from_branches: bool


class Case:
    """A batch on its way; a branch asks to enter its code, and so a test answers for it."""

    def __init__(
        self,
        *history: dict[str, Any],
        total: int = 3,
        limit: int | None = None,
        completion: Completion = Completion.ALL_SUCCESSFUL,
        values: OfBatch | None = None,
        unrecorded: Collection[int] = (),
        identities: Mapping[int, Identity] | None = None,
        foretold: Mapping[int, Ok[Any]] | None = None,
        is_read_from_branches: bool = False,
    ) -> None:
        self.journal = journal_of(*history)
        self.scope = ROOT.inside(BATCH)
        self.line = Line()
        self.values = values or OfBatch()
        self.made: list[int] = []
        known = identities or {}
        self.work = Work(
            total,
            limit,
            completion,
            self._branch,
            lambda index: known.get(index) or branch_identity(index),
            "item-{}".format,
            lambda index: index not in unrecorded,
            self._revive,
            self.values,
            self.line,
            lambda: dict(foretold or {}),
            is_read_from_branches,
        )

    def _branch(self, index: int) -> Op[Outcome[Any]]:
        self.made.append(index)
        body: Any = f"branch {index}"
        return enter(body, self.scope)

    def _revive(self, index: int, error: Mapping[str, object]) -> Exception:
        return LookupError(index, error)

    def drive(self, *replies: Any) -> tuple[list[Effect], Any]:
        return drive(batch(self.journal, BATCH, self.scope, self.work), *replies)


def ran(asked: list[Effect]) -> list[Callable[[Any], object]]:
    """The branches whose code was entered."""
    return [effect.body for effect in asked]  # type: ignore[union-attr]  # only entering is expected
