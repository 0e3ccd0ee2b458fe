"""The journal's file: executions as rows of SQLite, one transaction for what must stand or fall together.

The file is readable by its owner only, before anything is written to it; one that is not ours is left as it is, and so
is what a link leads to.
One service at a time has it open: a second one is told so at once instead of interleaving with the first.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from perdure_local.ledger import Change, Event, Operation, Progress, Record, Spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

IN_MEMORY = ":memory:"
OWNER_ONLY = 0o600
OURS = 0x50_45_52_44
"""SQLite's `application_id` of a journal: `PERD`."""
LAYOUT = 1
"""Raised when the tables change; a file of another layout is refused."""

_TABLES = """
CREATE TABLE execution (
    key INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, spec BLOB NOT NULL, progress BLOB NOT NULL
);
CREATE TABLE operation (
    execution INTEGER NOT NULL, position INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, position)
) WITHOUT ROWID;
CREATE TABLE event (
    execution INTEGER NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (execution, number)
) WITHOUT ROWID;
"""


class JournalRefused(Exception):
    """The journal file cannot be used: another service has it open, it is not one of ours, or it is damaged."""


class Store:
    """Executions on disk. Used by one thread at a time, not always the same."""

    def __init__(self, path: str | Path = IN_MEMORY, *, durable: bool = True) -> None:
        """Open or create the file at `path`; raises `JournalRefused` for one that cannot be used.

        `durable`: what `write` returned from survives power loss, at the price of a disk flush for each call. Without
        it, which is meant for tests, it survives the death of every process, but not of the machine; writes stay in
        order and whole either way.
        """
        self.path = str(path)
        with self._refusing():
            if self.path != IN_MEMORY:
                _check_files(Path(self.path))
                _create(Path(self.path), durable=durable)
            self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=1.0)
        try:
            with self._refusing():
                self._prepare(durable=durable)
                self._keys: dict[str, int] = dict(self._query("SELECT arn, key FROM execution"))
        except BaseException:
            self._connection.close()
            raise

    def write(self, changes: Iterable[Change]) -> None:
        """Write the changes, in order, in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for change in changes:
                self._write(change)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # of some failures, such as a full disk, SQLite rolls back itself
                self._connection.execute("ROLLBACK")
            raise

    def read(self) -> list[Record]:
        """Return every execution, oldest first; raises `JournalRefused` if they cannot be made out."""
        with self._refusing():
            try:
                return [
                    Record(
                        Spec.restored(orjson.loads(spec)),
                        Progress.restored(orjson.loads(progress)),
                        [Operation.restored(body) for body in self._bodies("operation", "position", key)],
                        [Event.restored(body) for body in self._bodies("event", "number", key)],
                    )
                    for key, spec, progress in self._query("SELECT key, spec, progress FROM execution ORDER BY key")
                ]
            except (ValueError, TypeError, LookupError) as error:
                raise self._damaged(error) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _write(self, change: Change) -> None:
        connection = self._connection
        progress = orjson.dumps(change.progress)
        if change.spec is not None:
            cursor = connection.execute(
                "INSERT INTO execution (arn, spec, progress) VALUES (?, ?, ?)",
                (change.arn, orjson.dumps(change.spec), progress),
            )
            self._keys[change.arn] = cursor.lastrowid or 0
        else:
            connection.execute("UPDATE execution SET progress = ? WHERE key = ?", (progress, self._keys[change.arn]))
        key = self._keys[change.arn]
        connection.executemany(
            "INSERT OR REPLACE INTO operation VALUES (?, ?, ?)",
            [(key, operation.position, orjson.dumps(operation)) for operation in change.operations],
        )
        connection.executemany(
            "INSERT INTO event VALUES (?, ?, ?)", [(key, event.number, orjson.dumps(event)) for event in change.events]
        )

    def _prepare(self, *, durable: bool) -> None:
        connection = self._connection
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        is_new = self._check_ours()
        if self.path != IN_MEMORY:
            _make_private(Path(self.path))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        # On macOS a flush reaches the disk's own memory only, unless it is asked for in this way.
        connection.execute(f"PRAGMA fullfsync = {durable}")
        connection.execute("BEGIN EXCLUSIVE")
        if is_new:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {OURS}")
            connection.execute(f"PRAGMA user_version = {LAYOUT}")
        connection.execute("COMMIT")

    def _check_ours(self) -> bool:
        """Raise `JournalRefused` for somebody else's file, which was only read; return whether it is empty."""
        ((application,),) = self._query("PRAGMA application_id")
        ((layout,),) = self._query("PRAGMA user_version")
        ((objects,),) = self._query("SELECT count(*) FROM sqlite_master")
        if (application, layout, objects) == (0, 0, 0):
            if self.path != IN_MEMORY and Path(self.path).stat().st_size == 1:  # which SQLite takes for nothing
                raise JournalRefused(f"{self.path} is not a journal of this program: file is not a database.")
            return True
        if application != OURS:
            raise JournalRefused(f"{self.path} is a database, but not a journal that this version reads.")
        if layout != LAYOUT:
            raise JournalRefused(
                f"{self.path} has layout {layout}, this version reads {LAYOUT}: move it away to begin a new journal."
            )
        return False

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "no such column" in str(error):
                raise self._damaged(error) from error
            if "locked" in str(error):
                raise JournalRefused(
                    f"{self.path} is in use by another running service; stop it, or name another journal."
                ) from error
            raise JournalRefused(f"{self.path} cannot be used as a journal: {error}.") from error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                raise JournalRefused(f"{self.path} is not a journal of this program: {error}.") from error
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> JournalRefused:
        return JournalRefused(f"{self.path} is damaged: {error}; move it away to begin a new journal.")

    def _bodies(self, table: str, order: str, key: int) -> list[dict[str, Any]]:
        rows = self._query(f"SELECT body FROM {table} WHERE execution = ? ORDER BY {order}", key)  # noqa: S608 - ours
        return [orjson.loads(body) for (body,) in rows]

    def _query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()


def _files(path: Path) -> tuple[Path, ...]:
    """Return the names of the journal's file and of those that SQLite keeps beside it."""
    return (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")))


def _check_files(path: Path) -> None:
    """Raise `JournalRefused` for a file that another has made or may change: it would be written to, and its mode set.

    Looked at by name: a descriptor of ours, when it is closed, would drop the locks that this process has on the file.
    """
    for file in _files(path):
        try:
            found = file.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(found.st_mode):
            raise JournalRefused(f"{file} is a symbolic link: name the file that it leads to.")
        if stat.S_ISDIR(found.st_mode):
            raise JournalRefused(f"{file} is a folder; a journal is a file.")
        if not stat.S_ISREG(found.st_mode):
            raise JournalRefused(f"{file} is not a regular file; a journal is one.")
        if found.st_uid != os.geteuid():
            raise JournalRefused(f"{file} belongs to another user: name a journal of your own.")


def _create(path: Path, *, durable: bool) -> None:
    """Make the file, and its folder, if there is none."""
    # A file that is there is not opened here: to close it would drop the locks that this process has on it.
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY))
    except FileExistsError:
        return
    if durable:
        for folder in (path.parent, path.parent.parent):
            with contextlib.suppress(OSError):  # there are systems that cannot flush a folder, and need not
                _flush_names(folder)


def _flush_names(folder: Path) -> None:
    """Have the names in a folder survive power loss; SQLite sees to what the files hold."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_private(path: Path) -> None:
    # SQLite gives its -wal and -shm files the mode of the main file, so the main file's mode has to be right first.
    _check_files(path)
    for file in _files(path):
        if file.exists():
            file.chmod(OWNER_ONLY)
