"""Chained invokes: operations that another function ends (PROTOCOL 5.6).

Its target is resolved while the checkpoint is recorded, so that an invoke of nothing has failed by the time the answer
goes out. A durable target gets the ARN of its execution then, too: whoever starts that execution may die and begin
again, and will not start a second one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from perdure_local.ledger.faults import Fault
from perdure_local.ledger.kinds import ErrorObject, ExecutionStatus, Kind, Status
from perdure_local.ledger.limits import AWS_LIMITS, Limits
from perdure_local.ledger.output import Failed, Returned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perdure_local.ledger.change import Change
    from perdure_local.ledger.execution import Execution
    from perdure_local.ledger.operation import Operation
    from perdure_local.ledger.targets import Resolve, Target
    from perdure_local.ledger.update import Update
    from perdure_local.ledger.validation import Staged


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeTerms:
    """What a chained invoke was begun with, and what its target turned out to be."""

    function: str
    """The target in the caller's words."""
    name: str
    qualifier: str | None = None
    tenant_id: str | None = None
    trace_id: str | None = None
    version: str | None = None
    """The version that runs; None where the target did not resolve."""
    execution_arn: str | None = None
    """The target's execution; None for a function that is not durable."""
    input: str | None = None
    """What the target is sent, kept until it has ended."""


class InvokeEnd(NamedTuple):
    """How a chained invoke ended."""

    status: Status
    result: str | None = None
    error: ErrorObject | None = None


def begin_terms(update: Update, target: Target) -> InvokeTerms:
    """Return the terms of an invoke that begins; a target that is sent nothing is sent an empty object."""
    return InvokeTerms(
        function=target.text,
        name=target.name,
        qualifier=target.qualifier,
        tenant_id=target.tenant_id,
        trace_id=update.invoke.trace_id if update.invoke else None,
        input="{}" if update.payload is None else update.payload,
    )


def resolve_target(staged: Staged, resolve: Resolve, now: float) -> Staged:
    """Return an invoke that begins with what its target is, or as one that has failed for want of it."""
    operation, target, terms = staged.operation, staged.target, staged.operation.invoke
    if target is None or terms is None:
        return staged
    try:
        found = resolve(target)
    except Fault as fault:
        failed = replace(
            operation,
            status=Status.FAILED,
            ended_at=now,
            error=ErrorObject(ErrorType=fault.code, ErrorMessage=fault.message),
            invoke=replace(terms, input=None),
        )
        return staged._replace(operation=failed)
    known = replace(terms, version=found.version, execution_arn=found.execution_arn)
    return staged._replace(operation=replace(operation, invoke=known))


def invokes_of(change: Change) -> Iterator[Operation]:
    """Yield the invokes that began with a change: once it is stored, their targets are to be started."""
    for operation in change.operations:
        if operation.kind is Kind.CHAINED_INVOKE and operation.status is Status.STARTED:
            yield operation


def end_of_execution(target: Execution) -> InvokeEnd:
    """Return how the invoke ends whose target's execution is over."""
    spec, progress = target.spec, target.progress
    if progress.status is ExecutionStatus.SUCCEEDED:
        return InvokeEnd(Status.SUCCEEDED, result=progress.result)
    if progress.status is ExecutionStatus.TIMED_OUT:
        text = f"CHAINED_INVOKE timed out after {spec.timeout} seconds."
        return InvokeEnd(Status.TIMED_OUT, error=ErrorObject(ErrorType="ChainedInvoke.Timeout", ErrorMessage=text))
    if progress.status is ExecutionStatus.RUNNING:
        raise ValueError(f"{spec.arn} is not over")
    return InvokeEnd(Status(progress.status.value), error=progress.error or ErrorObject())


def end_of_call(ending: Returned | Failed, limits: Limits = AWS_LIMITS) -> InvokeEnd:
    """Return how the invoke ends whose target is not durable and has answered, or failed."""
    if isinstance(ending, Failed):
        return InvokeEnd(Status.FAILED, error=ending.error)
    most = limits.payload_bytes
    if len(ending.output) > most:
        return _refused(f"CHAINED_INVOKE output payload size must be less than or equal to {most} bytes.")
    try:
        return InvokeEnd(Status.SUCCEEDED, result=ending.output.decode() or None)
    except UnicodeDecodeError:
        return _refused("CHAINED_INVOKE output payload must be UTF-8 text.")


def _refused(text: str) -> InvokeEnd:
    return InvokeEnd(Status.FAILED, error=ErrorObject(ErrorType="InvalidParameterValueException", ErrorMessage=text))
