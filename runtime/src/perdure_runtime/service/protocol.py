"""The two verbs the engine speaks to the durable execution service.

An implementation does I/O and nothing else: no retries of the engine's decisions, no token kept. It raises
`perdure.ServiceError`, already classified as retryable or terminal (`service/verdicts.py`).

One may have a third method, `expect_state`, with the arguments of `get_state` and no answer: `get_state` is going to be
called with these next. It may send the request already; it raises nothing (`pages`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perdure_runtime.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from perdure_runtime.unread import Unread


class Checkpointed(NamedTuple):
    """The answer to a checkpoint."""

    token: str | None
    """The next token. None: the execution completed, or the token was revoked (PROTOCOL 4.6)."""
    operations: list[dict[str, Any]] | Unread
    """Operations that changed, as the wire has them, timestamps in epoch seconds."""
    marker: str | None = None


class StatePage(NamedTuple):
    """One page of an execution's operations."""

    operations: list[dict[str, Any]]
    marker: str | None = None
    size: float = float("inf")
    """Bytes that it came in, where that is known."""


if TYPE_CHECKING:

    class Service(Protocol):
        """The durable execution service, as the engine sees it."""

        def checkpoint(self, arn: str, token: str, updates: Sequence[bytes], client_token: str) -> Checkpointed:
            """Record `updates`, each one OperationUpdate as UTF-8 JSON; consumes `token`."""
            ...

        def get_state(self, arn: str, token: str, marker: str, limit: int = 1000) -> StatePage:
            """Read one page of operations; does not consume `token`."""
            ...
