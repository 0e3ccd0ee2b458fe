"""A service that once says something else than the ledger would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure import ServiceError
from support.ledger_service import LedgerService

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.service.protocol import Checkpointed


class Scripted(LedgerService):
    """A ledger whose n-th checkpoint answers something else."""

    def __init__(self, at: int, answer: ServiceError | Callable[[Checkpointed], Checkpointed], **options: Any) -> None:
        super().__init__(**options)
        self.at = at
        self.given = answer
        self.calls = 0

    def checkpoint(self, arn: str, token: str, updates: Any, client_token: str) -> Checkpointed:
        self.calls += 1
        if self.calls == self.at and isinstance(self.given, Exception):
            raise self.given
        answer = super().checkpoint(arn, token, updates, client_token)
        return self.given(answer) if self.calls == self.at and callable(self.given) else answer


def refused(code: str, *, retryable: bool, message: str = "") -> ServiceError:
    return ServiceError("CheckpointDurableExecution", code, message, status=400, retryable=retryable)
