"""The one who speaks to the service: sends what the outbox gathers, one request at a time.

One request, because each answer carries the token that the next request needs. What must be durable is sent by whoever
waits for it, together with all that gathered before it. What nobody waits for is sent with the next commit, or, when a
body takes long, by a tick (`Ticker`) from outside.

After a failure every later commit fails alike: whether the lost request took effect is unknown, and only a new
invocation, which reads the state anew, can tell.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Any

import orjson

from perdure import ServiceError
from perdure_runtime.core.outbox import Outbox
from perdure_runtime.core.vocabulary import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perdure_runtime.core.journal import Journal
    from perdure_runtime.drivers.ticker import Ticker
    from perdure_runtime.service.protocol import Service

__all__ = ["Committer"]


class Committer:
    """Records updates of one invocation."""

    __slots__ = (
        "_arn",
        "_client_token",
        "_closing",
        "_journal",
        "_lingering",
        "_lock",
        "_outbox",
        "_service",
        "_ticker",
        "_token",
        "completed",
        "failure",
        "on_answer",
        "revoked",
    )

    def __init__(
        self,
        service: Service,
        arn: str,
        token: str,
        journal: Journal,
        client_token: Callable[[], str],
        ticker: Ticker,
    ) -> None:
        self._service = service
        self._arn = arn
        self._token = token
        self._journal = journal
        self._client_token = client_token
        self._ticker = ticker
        self._outbox = Outbox()
        self._lock = allocate_lock()
        self._lingering = 0
        self._closing = False
        self.failure: ServiceError | None = None
        self.revoked = False
        self.completed = False
        self.on_answer: Callable[[], None] | None = None
        """Called after each request, on the thread that sent it."""

    @property
    def over(self) -> bool:
        """Whether the service takes no more from this invocation."""
        return self.revoked or self.completed

    @property
    def settled(self) -> int:
        """The last ticket that is acknowledged together with all before it."""
        return self._outbox.settled

    @property
    def waiting(self) -> int:
        """How many updates are queued."""
        return self._outbox.waiting

    def push(self, updates: Sequence[dict[str, Any]], *, durable: bool) -> int:
        """Queue `updates`; the ticket of the last. The ticker looks after what nobody waits for."""
        encoded = [orjson.dumps(update) for update in updates]
        ticket = 0
        with self._lock:
            for update in encoded:
                ticket = self._outbox.push(update)
            self._closing = self._closing or updates[-1]["Type"] == Kind.EXECUTION
        if not durable:
            self._ticker.watch(self)
        return ticket

    def flush(self, ticket: int) -> None:
        """Return when all up to `ticket` is acknowledged, or the service takes no more. Raises `ServiceError`."""
        with self._lock:
            while self._outbox.settled < ticket and not self.over:
                self._send()

    def drain(self) -> None:
        """Send all that is queued. Raises `ServiceError`."""
        with self._lock:
            while self._outbox.waiting and not self.over:
                self._send()

    def tick(self) -> None:
        """Send what has waited since the last tick; does nothing while a request is on its way."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            oldest = self._outbox.settled + 1 if self._outbox.waiting else 0
            if oldest and oldest == self._lingering and not self.over:
                self._send()
            else:
                self._lingering = oldest
        except ServiceError:
            pass  # kept in `failure`, for whoever commits next
        finally:
            self._lock.release()

    def _send(self) -> None:
        if self.failure is not None:
            raise self.failure
        batch = self._outbox.next_batch()
        try:
            answer = self._service.checkpoint(self._arn, self._token, batch, self._client_token())
            self._journal.merge(answer.operations)
            if answer.token is not None:
                self._token = answer.token
                self._read_on(answer.marker)
            else:
                self.completed = self._closing and not self._outbox.waiting
                self.revoked = not self.completed
            self._outbox.acknowledge()
        except ServiceError as failure:
            self.failure = failure
            raise
        finally:
            if self.on_answer is not None:
                self.on_answer()

    def _read_on(self, marker: str | None) -> None:
        """The rest of an answer that came in pages, before anyone acts on it."""
        while marker:
            page = self._service.get_state(self._arn, self._token, marker)
            self._journal.merge(page.operations)
            marker = page.marker

    def __repr__(self) -> str:
        state = "failed" if self.failure else "revoked" if self.revoked else "completed" if self.completed else "open"
        return f"<Committer {state}: {self._outbox!r}>"
