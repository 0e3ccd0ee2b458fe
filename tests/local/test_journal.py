import asyncio
import sqlite3
import threading

import pytest

from perdure_local.journal import Journal, JournalFailed
from perdure_local.store import Store
from support.desk import Desk, update


class SlowStore:
    """A store whose writes wait until they are let through, and remembers its groups."""

    def __init__(self, error: Exception | None = None) -> None:
        self.groups: list[int] = []
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.error = error

    def write(self, changes) -> None:
        self.entered.set()
        assert self.gate.wait(10)
        self.groups.append(len(list(changes)))
        if self.error:
            raise self.error


def changes(count: int):
    desk = Desk()
    desk.begin()
    for number in range(count):
        desk.push(update("STEP START", f"S{number}"))
        yield desk.execution.drain()


def test_a_commit_returns_when_the_change_is_stored():
    async def run() -> None:
        store = Store()
        journal = Journal(store)
        for change in changes(3):
            await journal.commit(change)
        assert len(store.read()[0].events) == 4
        await journal.close()
        store.close()

    asyncio.run(run())


def test_what_arrives_during_a_write_shares_the_next_one():
    async def run() -> list[int]:
        store = SlowStore()
        journal = Journal(store)
        commits = [asyncio.ensure_future(journal.commit(change)) for change in changes(5)]
        await asyncio.to_thread(store.entered.wait, 10)
        commits += [asyncio.ensure_future(journal.commit(change)) for change in changes(4)]
        await asyncio.sleep(0)
        store.gate.set()
        await asyncio.gather(*commits)
        await journal.close()
        return store.groups

    groups = asyncio.run(run())
    assert sum(groups) == 9
    assert len(groups) <= 3


def test_a_read_waits_for_the_writes_before_it():
    async def run() -> None:
        store = SlowStore()
        journal = Journal(store)
        await journal.commit(None)
        (change,) = changes(1)
        write = asyncio.ensure_future(journal.commit(change))
        await asyncio.sleep(0)
        read = asyncio.ensure_future(journal.commit(None))
        await asyncio.sleep(0)
        assert not read.done()
        store.gate.set()
        await read
        assert write.done()
        await journal.close()

    asyncio.run(run())


def test_a_change_has_its_place_before_anybody_waits_for_it():
    async def run() -> None:
        store = SlowStore()
        journal = Journal(store)
        (change,) = changes(1)
        written = journal.put(change)
        read = asyncio.ensure_future(journal.commit(None))
        await asyncio.sleep(0)
        assert not read.done()
        store.gate.set()
        await read
        assert written.done()
        await journal.close()

    asyncio.run(run())


def test_after_a_failed_write_nothing_is_answered_any_more():
    async def run() -> None:
        store = SlowStore(sqlite3.OperationalError("disk full"))
        store.gate.set()
        journal = Journal(store)
        for change in [*changes(2), None]:
            with pytest.raises(JournalFailed, match="disk full"):
                await journal.commit(change)
        assert store.groups == [1]
        await journal.close()

    asyncio.run(run())
