"""Chained invokes: a function that a workflow invokes, and how what becomes of it gets back to the workflow.

The journal has all that is needed. The operation of the invoke, written with the checkpoint that began it, names the
target, and the execution that is to be started if the target is durable; only then is anything started. So a service
that finds an open invoke does what is left to do: it starts the execution that is not there, waits for the one that is,
reports the one that is over, and makes a plain call again. To report twice changes nothing. An invoke of a function
that is not hosted yet, because the service has only just come up, waits until it is.

A parent that waits is not idle, so its clock is not moved ahead; it catches up with its child's when that is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure_local.deliveries import Answered
from perdure_local.functions import LATEST
from perdure_local.ledger import Resolved, Returned, end_of_call, end_of_execution
from perdure_local.starts import Parent, Start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from perdure_local.entries import Entry
    from perdure_local.executions import Executions
    from perdure_local.ledger import InvokeTerms, Limits, Operation, Target

_NOTHING = "{}"
"""What a target is sent by an invoke without a payload."""


class Chains:
    """Sees to the chained invokes of all executions."""

    def __init__(self, executions: Executions, mint: Callable[[], str], limits: Limits) -> None:
        self._executions = executions
        self._mint = mint
        self._limits = limits

    def resolve(self, target: Target) -> Resolved:
        """Say what an invoke will call; raises the fault of a function or version that is not there.

        Without a qualifier it is $LATEST, for a durable function as for any other.
        """
        function = self._executions.hosting.get(target.name)
        version = function.resolve(target.qualifier or LATEST)
        arn = Start(function, version, "").arn(self._mint()) if function.is_durable else None
        return Resolved(version, arn)

    def begin(self, parent: Entry, operations: Iterable[Operation]) -> None:
        """See to invokes that are in the journal; those that are seen to already are left alone."""
        if parent.is_asleep:
            return
        for operation in operations:
            invoke = operation.invoke
            if invoke is None or operation.id in parent.begun_invokes or not self._executions.hosting.find(invoke.name):
                continue
            parent.begun_invokes.add(operation.id)
            run = self._call if invoke.execution_arn is None else self._follow
            self._executions.spawn(run(parent, operation.id, invoke), parent)

    async def _call(self, parent: Entry, operation_id: str, invoke: InvokeTerms) -> None:
        """Invoke a plain function once."""
        function = self._executions.hosting.get(invoke.name)
        ending = await self._executions.hosting.call(function, invoke.input or _NOTHING, invoke.tenant_id)
        end = end_of_call(Returned(ending.body) if isinstance(ending, Answered) else ending, self._limits)
        await self._executions.report(parent, operation_id, end)

    async def _follow(self, parent: Entry, operation_id: str, invoke: InvokeTerms) -> None:
        """Bring the execution of a durable function to its end: start it, or take up the one that was found."""
        arn = invoke.execution_arn or ""
        if self._executions.knows(arn):
            self._executions.take_up(arn)
        else:
            start = Start(
                function=self._executions.hosting.get(invoke.name),
                version=invoke.version or LATEST,
                payload=invoke.input or _NOTHING,
                synchronous=False,
                tenant_id=invoke.tenant_id,
                parent=Parent(parent.execution.spec.arn, operation_id),
            )
            await self._executions.start_chained(start, arn)
        child = await self._executions.wait(arn)
        await self._executions.report(parent, operation_id, end_of_execution(child), child.progress.ended_at)
