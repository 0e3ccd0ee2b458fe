"""The answer to a checkpoint, and the memory of the last one, for a client that asks the same again (PROTOCOL 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from perdure_local.ledger.operation import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perdure_local.ledger.operation import Operation


class Answer(NamedTuple):
    """The answer to a checkpoint; no token means that the execution is over."""

    token: str | None
    operations: Sequence[Operation]

    def wire(self) -> dict[str, Any]:
        """Render as the body of the response."""
        body: dict[str, Any] = {
            "NewExecutionState": {"Operations": [operation.wire(seconds) for operation in self.operations]}
        }
        if self.token is not None:
            body["CheckpointToken"] = self.token
        return body


class Given(NamedTuple):
    """An answer that was given, and to what."""

    client_token: str
    token: str
    at: float
    answer: Answer

    def repeats(self, client_token: str | None, token: str, oldest: float) -> bool:
        """Whether a request is the same one again, and comes in time."""
        return (client_token, token) == (self.client_token, self.token) and self.at > oldest
