"""The one who speaks to the service: sends what the outbox gathers, one request at a time.

One request, because each answer carries the token that the next request needs. What must be durable is sent by whoever
waits for it, together with all that gathered before it. What nobody waits for is sent with the next commit, or, when a
body takes long, or the code between two calls, by a tick (`Ticker`) from outside. Queueing never waits for a request.
Who waits for what is the outbox's to say.

After a failure every later commit fails alike: whether the lost request took effect is unknown, and only a new
invocation, which reads the state anew, can tell. That holds for any failure, a bug in a client included.
"""

from __future__ import annotations

from _thread import allocate_lock
from functools import partial
from typing import TYPE_CHECKING

from perdure_runtime.logs.loggers import DurableLogger
from perdure_runtime.logs.scope import LogScope
from perdure_runtime.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from perdure_runtime.core.effects import Call
    from perdure_runtime.core.journal import Journal
    from perdure_runtime.core.outbox import Debtor
    from perdure_runtime.drivers.ticker import Ticker
    from perdure_runtime.service.protocol import Service

__all__ = ["Committer"]


class Committer:
    """Sends the updates of one invocation, which its journal's outbox gathers."""

    __slots__ = (
        "_client_token",
        "_closed",
        "_closing",
        "_journal",
        "_lingering",
        "_outbox",
        "_sending",
        "_service",
        "_token",
        "_usage",
        "arn",
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
        self.arn = arn
        self._token = token
        self._journal = journal
        self._client_token = client_token
        self._outbox = journal.outbox
        self._outbox.begins = partial(ticker.watch, self)
        self._sending = allocate_lock()
        self._lingering = 0
        self._closing = False
        self._usage: Usage | None = None
        """What is told of the quota; nobody counts before something is sent."""
        self._closed = False
        self.failure: Exception | None = None
        self.revoked = False
        self.completed = False
        self.on_answer: Callable[[], None] | None = None
        """Called after each request, on the thread that sent it."""

    @property
    def over(self) -> bool:
        """Whether the service takes no more from this invocation."""
        return self.revoked or self.completed

    @property
    def waiting(self) -> int:
        """Updates that are queued and not yet on their way."""
        return self._outbox.waiting

    @property
    def settled(self) -> int:
        """The last ticket that is acknowledged together with all before it."""
        return self._outbox.settled

    def end(self, update: bytes) -> None:
        """Have the update acknowledged after which the service takes no more. Raises what a request raised."""
        with self._sending:  # or the batch before it could be taken for the last
            self._closing = True
            ticket = self._outbox.push(update)
        self.flush(ticket)

    def before(self, line: Debtor, call: Call) -> int:
        """The ticket that this line has to wait for before a body begins, or 0 where it may begin now."""
        return 0 if call.is_lazy else self._outbox.before_work(line)

    def flush(self, ticket: int) -> None:
        """Return when all up to `ticket` is acknowledged, or nothing more is taken. Raises what a request raised."""
        with self._sending:
            while self._outbox.settled < ticket and not self.over:
                self._send()

    def refresh(self) -> None:
        """Ask what has changed, with whatever is queued, or with nothing. Raises what the request raised."""
        with self._sending:
            if not self.over:
                self._send()

    def drain(self) -> None:
        """Send all that is queued. Raises what a request raised."""
        with self._sending:
            self._check()  # whoever sent what failed may have sent it for nobody
            while self._outbox.waiting and not self.over:
                self._send()

    def tick(self) -> None:
        """Send what has waited since the last tick; does nothing while a request is on its way."""
        if not self._sending.acquire(blocking=False):
            return
        try:
            oldest = self._outbox.settled + 1 if self._outbox.waiting else 0
            if oldest and oldest == self._lingering and not self.over:
                self._send()
            else:
                self._lingering = oldest
        except Exception:  # noqa: BLE001, S110  kept in `failure`, for whoever commits next
            pass
        finally:
            self._sending.release()

    def close(self) -> None:
        """The invocation is over; nothing is sent any more, and nothing kept alive."""
        self._closed = True
        self._outbox.begins = self.on_answer = None
        self.failure = None

    def _send(self) -> None:
        """Send one batch; only while holding `_sending`."""
        self._check()
        if self._closed:
            raise RuntimeError("the invocation is over")
        batch = self._outbox.next_batch()
        last = self._closing and not self._outbox.waiting
        try:
            self._journal.complete()  # no update is sent before the last page of the state is read
            if (usage := self._usage) is None:
                usage = self._usage = Usage(DurableLogger(LogScope(self.arn)).warning, self._journal)
            usage.sending()
            answer = self._service.checkpoint(self.arn, self._token, batch, self._client_token())
            self._journal.merge(answer.operations)
            if last:
                self.completed = True  # with a token or without one: there is nothing more to say
            elif answer.token is None:
                self.revoked = True
            else:
                self._token = answer.token
                self._read_on(answer.marker)
            self._outbox.acknowledge()
            usage.sent(batch)
        except Exception as failure:
            self.failure = failure
            raise
        finally:
            if (tell := self.on_answer) is not None:
                tell()

    def _check(self) -> None:
        failure = self.failure or self._journal.failure
        if failure is not None:
            raise failure

    def _read_on(self, marker: str | None) -> None:
        """The rest of an answer that came in pages, before anyone acts on it."""
        while marker:
            page = self._service.get_state(self.arn, self._token, marker)
            self._journal.merge(page.operations)
            marker = page.marker

    def __repr__(self) -> str:
        state = "failed" if self.failure else "revoked" if self.revoked else "completed" if self.completed else "open"
        return f"<Committer {state}: {self._outbox!r}>"
