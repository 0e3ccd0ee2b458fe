"""The journal: one writer thread, in order, in groups.

`commit` returns when the change is on disk. While one transaction is being written, the changes that arrive meanwhile
gather and make up the next one, so that a flush of the disk is shared by all who wait for it. Once a write has failed
the memory is ahead of the disk for good: every later commit is refused, and the service has to be started again.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from perdure_local.ledger import Change
    from perdure_local.store import Store


class JournalFailed(Exception):
    """A change could not be written; nothing is answered any more."""


class _Entry(NamedTuple):
    change: Change | None
    done: asyncio.Future[None]


class Journal:
    """Writes changes from one event loop to a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._waiting = 0
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._write_all, name="perdure-journal", daemon=True)
        self._thread.start()

    async def commit(self, change: Change | None) -> None:
        """Wait until `change`, and everything committed before it, is on disk; None waits for the earlier ones only."""
        await self.put(change)

    def put(self, change: Change | None) -> asyncio.Future[None]:
        """Do as `commit`, whose place in the order is taken by the time this returns; the future tells the rest."""
        entry = _Entry(change, self._loop.create_future())
        if self._failure is not None:
            entry.done.set_exception(JournalFailed(f"the journal could not be written: {self._failure}"))
        elif change is None and not self._waiting:
            entry.done.set_result(None)
        else:
            self._waiting += 1
            self._queue.put(entry)
        return entry.done

    async def close(self) -> None:
        """Write what is left and end the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _write_all(self) -> None:
        is_open = True
        while is_open:
            group: list[_Entry] = []
            taken = self._queue.get()
            while True:
                if taken is None:
                    is_open = False
                else:
                    group.append(taken)
                try:
                    taken = self._queue.get_nowait()
                except queue.Empty:
                    break
            if group:
                failure = self._write(group)
                self._loop.call_soon_threadsafe(self._settle, group, failure)

    def _write(self, group: list[_Entry]) -> Exception | None:
        if self._failure is not None:
            return JournalFailed(str(self._failure))
        try:
            self._store.write(entry.change for entry in group if entry.change is not None)
        except Exception as error:  # noqa: BLE001 - the committer's boundary: whatever happened, those who wait must know
            self._failure = error
            return JournalFailed(f"the journal could not be written: {error}")
        return None

    def _settle(self, group: list[_Entry], failure: Exception | None) -> None:
        self._waiting -= len(group)
        for entry in group:
            if entry.done.done():
                continue
            if failure is None:
                entry.done.set_result(None)
            else:
                entry.done.set_exception(failure)
