"""Where a log line comes from, and whether it may be heard.

A workflow runs again from the top in every invocation, so a line it logged yesterday would be logged again today. Every
line therefore has a scope. That of a context's code asks the engine whether the code has passed the end of its recorded
history; that of a step's body, which never is a replay, need not.

Whatever has the scope in force travels as a context variable: code that logs by `logging` or by
`structlog.get_logger()` finds it there, at any depth and in a copied context. A thread that the user starts has none.
What it logs is not part of the replayed work, so it passes.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from perdure_runtime.logs.settings import SETTINGS

if TYPE_CHECKING:
    from typing import Final


if TYPE_CHECKING:

    class Replaying(Protocol):
        """Whatever knows whether a context's history is still being replayed."""

        @property
        def replaying(self) -> bool:
            """Whether it is, now."""
            ...


class LogScope:
    """What a line tells about its origin; only `replaying` changes, with the context that the scope `follows`."""

    __slots__ = (
        "_follows",
        "_replaying",
        "attempt",
        "execution_arn",
        "operation_id",
        "operation_name",
        "parent_id",
        "request_id",
        "show_replays",
    )

    def __init__(
        self,
        execution_arn: str,
        *,
        operation_id: str | None = None,
        operation_name: str | None = None,
        parent_id: str | None = None,
        attempt: int | None = None,
        replaying: bool = False,
        follows: Replaying | None = None,
        show_replays: bool = False,
        request_id: str | None = None,
    ) -> None:
        self.execution_arn: Final = execution_arn
        self.operation_id: Final = operation_id
        self.operation_name: Final = operation_name
        self.parent_id: Final = parent_id
        self.attempt: Final = attempt
        self._replaying = replaying
        self._follows = follows
        self.show_replays: Final = show_replays
        # A body that outlives its invocation keeps the request id it began under. None means the one in progress.
        self.request_id: Final = request_id

    def __repr__(self) -> str:
        where = self.operation_name or self.operation_id or "workflow"
        return f"<LogScope {where} attempt={self.attempt} replaying={self.replaying}>"

    @property
    def log_scope(self) -> LogScope:
        """Itself."""
        return self

    @property
    def replaying(self) -> bool:
        """Whether the code that logs is going through its history."""
        return self._replaying if self._follows is None else self._follows.replaying

    @replaying.setter
    def replaying(self, replaying: bool) -> None:
        self._replaying = replaying

    @property
    def silent(self) -> bool:
        """Whether lines from here are repetitions that nobody asked to see."""
        return self.replaying and not (self.show_replays or SETTINGS.show_replays)


if TYPE_CHECKING:

    class Origin(Protocol):
        """Whatever code runs in: it has a scope, made when a line is logged, because most code logs none."""

        @property
        def log_scope(self) -> LogScope:
            """Where a line comes from that is logged now."""
            ...


SCOPE: ContextVar[Origin] = ContextVar("perdure_log_scope")
"""What a line comes from that is on its way, whoever's context variables it is in."""


def scope_in_force() -> LogScope | None:
    """Where a line comes from that the running code logs; None outside of durable code."""
    origin: Origin | None = SCOPE.get(None) or _running_code()
    return None if origin is None else origin.log_scope


def _running_code() -> Any:  # noqa: ANN401  what the sdk knows of it does not say that it is the engine's own
    if "perdure.contexts" not in sys.modules:
        return None  # as in the process of a plain handler, which is not to pay for more
    from perdure.contexts import CURRENT_CONTEXT, CURRENT_STEP

    return CURRENT_STEP.get(None) or CURRENT_CONTEXT.get(None)  # a step's body has its context's variables, too
