"""Asking for branches of different kinds, and for one thing that they come to together.

Each is a batch with a policy of its own, so what it came to is recorded, and a replay finds the same winner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure import BatchError, BatchProgress, BatchStatus, Completion
from perdure_runtime.core.effects import Ok, Op, Outcome, Raised
from perdure_runtime.drivers.asking.batches import Policy, ask_branches
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure import Batch, BatchItem
    from perdure_runtime.drivers.calls import Asked, Calls

__all__ = ["ask_first_success", "ask_gather", "ask_race", "ask_settle"]


def ask_gather(calls: Calls[Any], branches: tuple[Any, ...], name: str | None) -> Asked:
    """`ctx.gather(…)`: all results, or the first failure."""
    return _ask(calls, "ctx.gather()", branches, name, Completion.ALL_SUCCESSFUL, _all)


def ask_race(calls: Calls[Any], branches: tuple[Any, ...], name: str | None) -> Asked:
    """`ctx.race(…)`: whatever ends first, as it ended."""
    return _ask(calls, "ctx.race()", branches, name, Completion.custom(_any_ended), _first)


def ask_first_success(calls: Calls[Any], branches: tuple[Any, ...], name: str | None) -> Asked:
    """`ctx.first_success(…)`: the first result; a failure only where there is none."""
    return _ask(calls, "ctx.first_success()", branches, name, Completion.FIRST_SUCCESSFUL, _first_success)


def ask_settle(calls: Calls[Any], branches: tuple[Any, ...], name: str | None) -> Asked:
    """`ctx.settle(…)`: how each ended."""
    return _ask(calls, "ctx.settle()", branches, name, Completion.ALL_COMPLETED, lambda batch: Ok(batch.items))


def _ask(
    calls: Calls[Any],
    called: str,
    branches: tuple[Any, ...],
    name: str | None,
    completion: Completion,
    outcome_of: Callable[[Batch[Any]], Outcome[Any]],
) -> Asked:
    calls.admit(called)
    if not branches and completion is not Completion.ALL_SUCCESSFUL and completion is not Completion.ALL_COMPLETED:
        raise ValueError(f"{called} has nothing to choose from")
    asked = ask_branches(calls, called, branches, Policy(name=name, completion=completion))
    return AskedOperation(asked.identity, asked.record, _combined(asked.operation, outcome_of))


def _combined(operation: Op[Outcome[Any]], outcome_of: Callable[[Batch[Any]], Outcome[Any]]) -> Op[Outcome[Any]]:
    outcome = yield from operation
    return outcome_of(outcome.value) if isinstance(outcome, Ok) else outcome


def _any_ended(progress: BatchProgress) -> bool:
    return progress.succeeded + progress.failed > 0


def _all(batch: Batch[Any]) -> Outcome[Any]:
    failed = next((item for item in batch.items if item.error is not None), None)
    return Ok(tuple(batch.values())) if failed is None else _outcome(failed)


def _first(batch: Batch[Any]) -> Outcome[Any]:
    return _outcome(next(item for item in batch.items if item.status is not BatchStatus.STARTED))


def _first_success(batch: Batch[Any]) -> Outcome[Any]:
    item = next((item for item in batch.items if item.status is BatchStatus.SUCCEEDED), None)
    if item is not None:
        return _outcome(item)
    return Raised(BatchError(f"none of the {batch.total} branches succeeded", batch.errors()))


def _outcome(item: BatchItem[Any]) -> Outcome[Any]:
    return Ok(item.result) if item.error is None else Raised(item.error)
