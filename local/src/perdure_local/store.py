"""The journal's file: executions as rows of SQLite, one transaction for what must stand or fall together.

The file is readable by its owner only, before anything is written to it. One service at a time has it open: a second
one is told so at once instead of interleaving with the first.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from perdure_local.ledger import Change, Event, Operation, Progress, Record, Spec

if TYPE_CHECKING:
    from collections.abc import Iterable

IN_MEMORY = ":memory:"
OWNER_ONLY = 0o600
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
    """The journal file cannot be used: another service has it open, or it is not one of ours."""


class Store:
    """Executions on disk. Used by one thread at a time, not always the same."""

    def __init__(self, path: str | Path = IN_MEMORY, *, durable: bool = True) -> None:
        """Open or create the file at `path`.

        `durable` survives power loss, at the price of a disk flush for each write; without it a write survives the
        death of every process, but not of the machine.
        """
        self.path = str(path)
        if self.path != IN_MEMORY:
            _make_private(Path(self.path))
        self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=1.0)
        try:
            self._prepare(durable=durable)
        except BaseException:
            self._connection.close()
            raise
        self._keys: dict[str, int] = dict(self._query("SELECT arn, key FROM execution"))

    def write(self, changes: Iterable[Change]) -> None:
        """Write the changes, in order, in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for change in changes:
                self._write(change)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def read(self) -> list[Record]:
        """Return every execution, oldest first."""
        return [
            Record(
                Spec.restored(orjson.loads(spec)),
                Progress.restored(orjson.loads(progress)),
                [Operation.restored(body) for body in self._bodies("operation", "position", key)],
                [Event.restored(body) for body in self._bodies("event", "number", key)],
            )
            for key, spec, progress in self._query("SELECT key, spec, progress FROM execution ORDER BY key")
        ]

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
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN EXCLUSIVE")
            (layout,) = connection.execute("PRAGMA user_version").fetchone()
            if layout == 0:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {LAYOUT}")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise JournalRefused(
                    f"{self.path} is in use by another running service; stop it, or name another journal."
                ) from error
            raise JournalRefused(f"{self.path} cannot be used as a journal: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise JournalRefused(f"{self.path} is not a journal of this program: {error}.") from error
        if layout not in {0, LAYOUT}:
            raise JournalRefused(
                f"{self.path} has layout {layout}, this version reads {LAYOUT}: move it away to begin a new journal."
            )

    def _bodies(self, table: str, order: str, key: int) -> list[dict[str, Any]]:
        rows = self._query(f"SELECT body FROM {table} WHERE execution = ? ORDER BY {order}", key)  # noqa: S608 - ours
        return [orjson.loads(body) for (body,) in rows]

    def _query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()


def _make_private(path: Path) -> None:
    # SQLite gives its -wal and -shm files the mode of the main file, so the main file's mode has to be right first.
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY))
    for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        if file.exists():
            file.chmod(OWNER_ONLY)
