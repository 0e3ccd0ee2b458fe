"""The service's limits as one value, so that a test can lower what it wants to see reached (PROTOCOL 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perdure_local.ledger.change import Spec

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one execution may use; the defaults are AWS's."""

    operations: int = 3_000
    """Durable operations of an execution; each retry and each poll counts as one."""
    written_bytes: int = 100 * MIB
    """Payload and error text written over the execution's life."""
    error_characters: int = 32_768
    """JSON text of one error object in an update."""
    payload_bytes: int = MIB
    """One payload of any operation but the execution: a result, an input, what a callback or an invoke is answered."""
    execution_payload_bytes: int = 6 * MIB
    """The payload of the closing EXECUTION update of an execution whose caller waits for the answer."""
    invocation_failures: int = 5
    """Failed invocations in a row after which the execution fails."""
    idle_pendings: int = 3
    """PENDING answers in a row with nothing pending after which the execution fails."""
    invocation_backoff: float = 5.0
    """Seconds between a failed invocation and the next."""
    page_items: int = 1_000
    """Operations in the first page, which travels in the envelope."""
    page_bytes: int = 5 * MIB
    """Wire bytes of the operations in one page."""
    idempotency_seconds: float = 15 * 60.0
    """How long a client token stands for the checkpoint it was first sent with."""

    def result_bytes(self, spec: Spec) -> int:
        """Return the room for an execution's result: no more than for any payload where no caller waits for it."""
        is_awaited = spec.synchronous and not spec.is_chained
        return self.execution_payload_bytes if is_awaited else self.payload_bytes


AWS_LIMITS = Limits()

DEFAULT_PAGE = 100
MAXIMUM_PAGE = 1_000
LONGEST_DELAY = 31_622_400
"""Seconds in 366 days: the longest wait, retry delay and execution timeout."""
LONGEST_CALLBACK = 99_999_999
"""Seconds: the longest timeout of a callback, and of its heartbeat."""
LONGEST_TRACE = 8_192
"""Characters of a trace header."""
