"""The one who speaks to the service: sends what the outbox gathers, one request at a time.

One request, because each answer carries the token that the next request needs. A commit that must be durable is sent
by the thread that waits for it, together with whatever gathered before it; nothing is handed to another thread. What
nobody waits for is sent with the next commit, or, when a body takes long, by a tick (`Ticker`) from outside.

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
        "_journal",
        "_lingering",
        "_lock",
        "_outbox",
        "_service",
        "_ticker",
        "_token",
        "completed",
        "failure",
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
        self.failure: ServiceError | None = None
        self.revoked = False
        self.completed = False

    @property
    def over(self) -> bool:
        """Whether the service takes no more from this invocation."""
        return self.revoked or self.completed

    def commit(self, updates: Sequence[dict[str, Any]], *, durable: bool) -> None:
        """Queue `updates`; where `durable`, return when they are acknowledged. Raises `ServiceError`."""
        encoded = [orjson.dumps(update) for update in updates]
        with self._lock:
            if self.failure is not None:
                raise self.failure
            if self.over:
                return
            ticket = 0
            for update in encoded:
                ticket = self._outbox.push(update)
            while durable and self._outbox.settled < ticket and not self.over:
                self._send(completing=updates[-1]["Type"] == Kind.EXECUTION)
        if not durable:
            self._ticker.watch(self)

    def drain(self) -> None:
        """Send all that is still queued. Raises `ServiceError`."""
        with self._lock:
            while self._outbox.waiting and self.failure is None and not self.over:
                self._send()

    def tick(self) -> None:
        """Send what has waited since the last tick; does nothing while a request is on its way."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            oldest = self._outbox.settled + 1 if self._outbox.waiting else 0
            if oldest and oldest == self._lingering and self.failure is None and not self.over:
                self._send()
            else:
                self._lingering = oldest
        except ServiceError:
            pass  # kept in `failure`, for whoever commits next
        finally:
            self._lock.release()

    def _send(self, *, completing: bool = False) -> None:
        batch = self._outbox.next_batch()
        try:
            answer = self._service.checkpoint(self._arn, self._token, batch, self._client_token())
            self._journal.merge(answer.operations)
            if answer.token is not None:
                self._token = answer.token
                self._read_on(answer.marker)
        except ServiceError as failure:
            self.failure = failure
            raise
        self._outbox.acknowledge()
        if answer.token is None:
            self.completed = completing and not self._outbox.waiting
            self.revoked = not self.completed

    def _read_on(self, marker: str | None) -> None:
        """The rest of an answer that came in pages, before anyone acts on it."""
        while marker:
            page = self._service.get_state(self._arn, self._token, marker)
            self._journal.merge(page.operations)
            marker = page.marker

    def __repr__(self) -> str:
        state = "failed" if self.failure else "revoked" if self.revoked else "completed" if self.completed else "open"
        return f"<Committer {state}: {self._outbox!r}>"
