"""Updates on their way to the service, in order, in batches.

The outbox decides what goes into the next request and what has been acknowledged; it sends nothing. An update is bytes,
encoded once, and its length is its size. Each gets a ticket, counting from 1; `settled` is the last ticket of which all
before it are acknowledged too.
"""

from __future__ import annotations

from collections import deque

__all__ = ["MOST_BYTES", "MOST_UPDATES", "Outbox"]

MOST_UPDATES = 250
MOST_BYTES = 750 * 1024


class Outbox:
    """A queue of encoded updates; at most one batch of it is on its way."""

    __slots__ = ("_flying", "_queue", "_tickets", "settled")

    def __init__(self) -> None:
        self._queue: deque[bytes] = deque()
        self._flying: list[bytes] = []
        self._tickets = 0
        self.settled = 0

    def push(self, update: bytes) -> int:
        """Queue an update; its ticket."""
        self._queue.append(update)
        self._tickets += 1
        return self._tickets

    @property
    def waiting(self) -> int:
        """Updates queued and not yet on their way."""
        return len(self._queue)

    def next_batch(self) -> list[bytes]:
        """Take what goes into the next request: in order, within the limits, an oversized update alone."""
        if self._flying:
            raise RuntimeError("a batch is on its way: its answer carries the token that the next one needs")
        queue = self._queue
        batch: list[bytes] = []
        room = MOST_BYTES
        while queue and len(batch) < MOST_UPDATES and (not batch or len(queue[0]) <= room):
            room -= len(queue[0]) + 1
            batch.append(queue.popleft())
        self._flying = batch
        return batch

    def acknowledge(self) -> None:
        """The batch on its way has arrived."""
        self.settled += len(self._flying)
        self._flying = []

    def __repr__(self) -> str:
        return f"<Outbox: {self.settled} settled, {len(self._flying)} on their way, {len(self._queue)} waiting>"
