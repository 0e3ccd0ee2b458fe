"""Updates on their way to the service, in order, in batches.

The outbox decides what goes into the next request, what has been acknowledged, and who has to wait for that; it sends
nothing. An update is bytes, encoded once, and its length is its size. Each gets a ticket, counting from 1; `settled` is
the last ticket of which all before it are acknowledged too.

One thread queues, and one at a time takes. Neither waits for the other: each adds to one end of the queue or takes from
the other, and each number has one who writes it.

So what the service holds is always a beginning of what was queued: where an update is lost, all that were queued after
it are lost with it, whatever line of work they came from. That is what lets an operation go on before its updates are
acknowledged. What the code makes of a value may be lost as long as it is lost together with the value; anything else,
such as what a step's body does to the world, has to wait until the value is settled. Updates that begin a wait, an
invoke or a callback are queued behind it, and so wait by themselves; for a body there is `before_work`. Who owes what
is said by those who queue it: a line of work what its contexts came to, and all lines what lazy steps did.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

__all__ = ["MOST_BYTES", "MOST_UPDATES", "Debtor", "Outbox"]

MOST_UPDATES = 250
MOST_BYTES = 750 * 1024


if TYPE_CHECKING:

    class Debtor(Protocol):
        """A line of work, as far as it goes on before its updates are acknowledged."""

        owed: int
        """The last ticket that is due before it does any work."""


class Outbox:
    """A queue of encoded updates; at most one batch of it is on its way."""

    __slots__ = ("_flying", "_owed_by_all", "_queue", "_queued", "_taken", "begins", "retries", "settled", "tickets")

    def __init__(self) -> None:
        self._queue: deque[bytes] = deque()
        self._queued = 0
        """Bytes that were ever queued."""
        self._taken = 0
        """Those of them that were taken."""
        self._flying: list[bytes] = []
        self._owed_by_all = 0
        self.tickets = 0
        """The last ticket given."""
        self.settled = 0
        self.retries = 0
        """Updates that had an operation tried again."""
        self.begins: Callable[[], None] | None = None
        """Called when there is a first update."""

    def push(self, update: bytes) -> int:
        """Queue an update; its ticket."""
        ticket = self.tickets + 1
        if ticket == 1 and self.begins is not None:
            self.begins()
        self._queued += len(update)
        self._queue.append(update)
        self.tickets = ticket
        return ticket

    def push_retry(self, update: bytes) -> int:
        """Queue an update that has its operation tried again; its ticket."""
        self.retries += 1
        return self.push(update)

    def owe(self, ticket: int) -> int:
        """All lines of work owe this ticket now; the one that whoever queued it has to wait for right now, or 0."""
        self._owed_by_all = ticket
        # Nobody may wait for any of it for a long time, and it must not grow without an end.
        return self.settled + 1 if self.is_full else 0

    def before_work(self, line: Debtor) -> int:
        """The ticket that has to be settled before a body may begin in this line, or 0 where it may."""
        owed = max(line.owed, self._owed_by_all)
        return owed if owed > self.settled else 0

    @property
    def waiting(self) -> int:
        """Updates queued and not yet on their way."""
        return len(self._queue)

    @property
    def is_full(self) -> bool:
        """Whether what is queued fills a request."""
        return len(self._queue) >= MOST_UPDATES or self._queued - self._taken >= MOST_BYTES

    def next_batch(self) -> list[bytes]:
        """Take what goes into the next request: in order, within the limits, an oversized update alone."""
        if self._flying:
            raise RuntimeError("a batch is on its way: its answer carries the token that the next one needs")
        queue = self._queue
        batch = [queue.popleft() for _ in range(min(len(queue), MOST_UPDATES))]
        size = sum(map(len, batch))
        while size + len(batch) - 1 > MOST_BYTES and len(batch) > 1:  # with a comma between any two
            size -= len(batch[-1])
            queue.appendleft(batch.pop())
        self._taken += size
        self._flying = batch
        return batch

    def acknowledge(self) -> None:
        """The batch on its way has arrived."""
        self.settled += len(self._flying)
        self._flying = []

    def __repr__(self) -> str:
        return f"<Outbox: {self.settled} settled, {len(self._flying)} on their way, {len(self._queue)} waiting>"
