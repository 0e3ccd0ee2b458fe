"""What a caller asks to be run, and the identity that an execution gets from it.

An execution's name is a part of its ARN, which is split at its slashes and colons; so the name is checked here,
whichever way it came.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from perdure_local.functions import Function
from perdure_local.ledger import Spec
from perdure_local.ledger.faults import invalid

_NAME = re.compile(r"[a-zA-Z0-9\-_]{1,64}")


class Parent(NamedTuple):
    """Who invoked an execution from within a workflow."""

    arn: str
    operation_id: str


class Start(NamedTuple):
    """What a caller asks to be run."""

    function: Function
    version: str
    payload: str
    name: str | None = None
    synchronous: bool = True
    tenant_id: str | None = None
    parent: Parent | None = None

    def check(self) -> None:
        """Raise the fault of a name that no execution can have."""
        if self.name is not None and _NAME.fullmatch(self.name) is None:
            raise invalid("DurableExecutionName must be 1 to 64 characters of [a-zA-Z0-9-_].")

    def arn(self, identity: str) -> str:
        """Return the ARN of the execution with this unique id."""
        return f"{self.function.arn}:{self.version}/durable-execution/{self.name or identity}/{identity}"

    def spec(self, identity: str, now: float) -> Spec:
        """Return what an execution that starts now is started with."""
        return Spec(
            arn=self.arn(identity),
            function=self.function.name,
            function_arn=f"{self.function.arn}:{self.version}",
            version=self.version,
            name=self.name or identity,
            payload=self.payload,
            started_at=round(now, 3),
            timeout=self.function.execution_timeout,
            synchronous=self.synchronous,
            tenant_id=self.tenant_id,
            parent_arn=None if self.parent is None else self.parent.arn,
            parent_operation=None if self.parent is None else self.parent.operation_id,
        )
