"""Asking for branches of different kinds, and for one thing that they come to together.

Each is a batch with a policy of its own, so what it came to is recorded, and a replay finds the same winner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure import BatchError, BatchProgress, BatchStatus, Completion
from perdure_runtime.core.effects import Ok, Op, Outcome, Raised
from perdure_runtime.core.vocabulary import Subtype
from perdure_runtime.drivers.asking.batches import Code, Kinds, Policy, ask_batch, code_of, parted
from perdure_runtime.drivers.asking.encoded import EncodedChild
from perdure_runtime.drivers.asking.functions import PLAIN_CHILD
from perdure_runtime.drivers.calls import AskedOperation

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from perdure import Batch, BatchItem
    from perdure_runtime.drivers.asking.batches import Body
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
    asked = _ask_branches(calls, called, branches, Policy(name=name, completion=completion))
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


# The branches


def _ask_branches(calls: Calls[Any], called: str, branches: tuple[Any, ...], policy: Policy) -> AskedOperation:
    """What the combinators are made of: functions of a context, and in an async workflow operations as well."""
    adopted = _adopted(branches, called) if calls.setting.is_async else {}
    kinds = Kinds(called, Subtype.PARALLEL, Subtype.BRANCH, "ParallelResult")
    alike: dict[CodeType, Code] = {}
    bodies, codes = parted(
        [
            _adopted_code(calls, adopted[index]) if index in adopted else code_of(calls, branch, kinds, policy, alike)
            for index, branch in enumerate(branches)
        ]
    )
    names = [code.options.name or f"parallel-branch-{index}" for index, code in enumerate(codes)]
    return ask_batch(calls, kinds, policy, bodies, codes, names, policy.name)


def _adopted(branches: tuple[Any, ...], called: str) -> dict[int, Asked]:
    """The operations that an async workflow made and now hands over instead of awaiting them, by their places."""
    from perdure_runtime.drivers.durable_call import DurableCall

    operations = {index: branch for index, branch in enumerate(branches) if isinstance(branch, DurableCall)}
    for operation in operations.values():
        operation.check_new()  # all of them, before any of them is taken
        if operation.is_virtual:
            # Nothing would tell what a loser has recorded from what the workflow records besides.
            raise TypeError(
                f"the {operation.identity} is virtual; hand the function over, without calling run_in_child_context"
            )
    if len(set(map(id, operations.values()))) < len(operations):
        raise RuntimeError(f"{called} is given the same operation twice; an operation is awaited once")
    return {index: operation.adopt() for index, operation in operations.items()}


def _adopted_code(calls: Calls[Any], asked: Asked) -> tuple[Body, Code]:
    setting = calls.setting
    values = setting.forms.of_child(_no_code, PLAIN_CHILD)
    encoded = EncodedChild(setting, values, None)
    return _no_code, Code(PLAIN_CHILD, Subtype.BRANCH, values, encoded, calls.home, asked=asked)


def _no_code() -> None:
    """Stands for the code of a branch that is an operation."""
