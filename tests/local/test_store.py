import contextlib
import os
import sqlite3
import stat

import pytest

from perdure_local.ledger import Execution
from perdure_local.store import JournalRefused, Store
from support.desk import Desk, update


def fill(store: Store, **fields) -> Desk:
    desk = Desk(**fields)
    store.write([desk.execution.drain()])
    desk.begin()
    desk.push(update("STEP START"), update("STEP RETRY", delay=2, Error={"ErrorMessage": "ä", "StackTrace": ["x"]}))
    desk.push(update("WAIT START", "B", seconds=5, Name="pause"))
    desk.suspend()
    store.write([desk.execution.drain()])
    return desk


def test_what_was_written_is_read_back_exactly(tmp_path):
    store = Store(tmp_path / "journal.db")
    desk = fill(store)
    store.close()
    again = Store(tmp_path / "journal.db")
    (record,) = again.read()
    assert Execution.restore(record).record() == desk.execution.record()
    again.close()


def test_executions_come_back_in_the_order_they_started():
    store = Store()
    arns = [fill(store, arn=f"arn:x/{number}", name=str(number)).execution.spec.arn for number in range(5)]
    assert [record.spec.arn for record in store.read()] == arns
    store.close()


def test_a_group_is_written_whole_or_not_at_all():
    store = Store()
    desk = fill(store)
    desk.pass_time(9)
    change = desk.execution.drain()
    before = store.read()
    with pytest.raises(sqlite3.IntegrityError):
        store.write([change, change])
    assert store.read() == before
    store.write([change])
    store.close()


@pytest.mark.parametrize("durable", [True, False])
def test_only_the_owner_can_read_the_files(tmp_path, durable):
    path = tmp_path / "new" / "journal.db"
    store = Store(path, durable=durable)
    fill(store)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes["journal.db"] == 0o600
    assert set(modes.values()) == {0o600}
    store.close()


def test_a_file_that_was_open_to_others_is_closed_to_them(tmp_path):
    path = tmp_path / "journal.db"
    path.touch(0o644)
    Store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_durable_store_flushes_each_write(tmp_path):
    for durable, level in ((True, 2), (False, 1)):
        store = Store(tmp_path / f"{durable}.db", durable=durable)
        assert store._query("PRAGMA synchronous") == [(level,)]
        assert store._query("PRAGMA journal_mode") == [("wal",)]
        store.close()


@pytest.mark.slow
def test_a_journal_in_use_is_refused(tmp_path):
    first = Store(tmp_path / "journal.db")
    with pytest.raises(JournalRefused, match="in use by another running service"):
        Store(tmp_path / "journal.db")
    first.close()
    Store(tmp_path / "journal.db").close()


@pytest.mark.parametrize("content", [b"x", b"print('hello')\n", b"dear diary " * 1000], ids=len)
def test_a_file_that_is_no_journal_is_refused_and_stays_as_it_is(tmp_path, content):
    path = tmp_path / "order.py"
    path.write_bytes(content)
    path.chmod(0o644)
    with pytest.raises(JournalRefused, match=r"order\.py is not a journal of this program"):
        Store(path)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("marks", ["PRAGMA user_version = 1", "PRAGMA application_id = 7", "CREATE TABLE event (x)"])
def test_another_programs_database_is_refused_and_stays_as_it_is(tmp_path, marks):
    path = tmp_path / "app.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(marks)
        connection.commit()
    path.chmod(0o644)
    content = path.read_bytes()
    with pytest.raises(JournalRefused, match="not a journal that this version reads"):
        Store(path)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (content, 0o644)


def test_a_database_with_nothing_in_it_becomes_a_journal(tmp_path):
    path = tmp_path / "journal.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as far as a first opening may have come
    Store(path).close()
    Store(path).close()


def test_a_journal_of_another_layout_is_refused(tmp_path):
    path = tmp_path / "journal.db"
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalRefused, match="has layout 99"):
        Store(path)


def test_a_folder_is_no_journal(tmp_path):
    with pytest.raises(JournalRefused, match="is a folder; a journal is a file"):
        Store(tmp_path)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_link_is_refused_and_what_it_leads_to_stays_as_it_is(tmp_path, suffix):
    target, journal = tmp_path / "target", tmp_path / "journal.db"
    target.touch(0o644)
    (tmp_path / f"journal.db{suffix}").symlink_to(target)
    with pytest.raises(JournalRefused, match=f"journal.db{suffix} is a symbolic link"):
        Store(journal)
    assert (mode(target), target.read_bytes()) == (0o644, b"")
    assert {file.name for file in tmp_path.iterdir()} == {"target", f"journal.db{suffix}"}


def test_a_link_that_leads_nowhere_is_refused_too(tmp_path):
    (tmp_path / "journal.db").symlink_to(tmp_path / "absent")
    with pytest.raises(JournalRefused, match="is a symbolic link"):
        Store(tmp_path / "journal.db")
    assert not (tmp_path / "absent").exists()


def test_a_pipe_is_no_journal(tmp_path):
    os.mkfifo(tmp_path / "journal.db", 0o644)
    with pytest.raises(JournalRefused, match="is not a regular file"):
        Store(tmp_path / "journal.db")
    assert mode(tmp_path / "journal.db") == 0o644


def test_another_user_s_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "journal.db"
    path.touch(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(JournalRefused, match="belongs to another user"):
        Store(path)
    assert mode(path) == 0o644


def damage_pages(path):
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes([0xA5]) * (len(content) - 4096))


def damage_a_row(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE execution SET progress = CAST(substr(progress, 3) AS BLOB)")
        connection.commit()


def drop_a_table(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE event")
        connection.commit()


@pytest.mark.parametrize("damage", [damage_pages, damage_a_row, drop_a_table])
def test_a_damaged_journal_is_refused(tmp_path, damage):
    path = tmp_path / "journal.db"
    store = Store(path)
    fill(store)
    store.close()
    damage(path)
    with pytest.raises(JournalRefused, match=r"journal\.db is damaged: .*move it away"):
        read_and_close(path)


def read_and_close(path):
    with contextlib.closing(Store(path)) as store:
        store.read()
