"""The service's own SQLite file: jobs, their events, hooks and deliveries.

One connection for each process, used by one thread at a time. The file is readable by its owner only, since results
hold what customers' data hold.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hex_blocks.hosts.service.problems import ProblemError

FILE = "service.sqlite3"
BUSY_SECONDS = 10.0
# Each version's changes, from an empty file on.
SCHEMA = (
    """
    CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        caller TEXT NOT NULL,
        tool TEXT NOT NULL,
        inputs TEXT NOT NULL,
        language TEXT,
        status TEXT NOT NULL,
        created_at REAL NOT NULL,
        started_at REAL,
        ended_at REAL,
        expires_at REAL NOT NULL,
        key TEXT,
        fingerprint TEXT,
        answered INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        leased_until REAL,
        fence INTEGER NOT NULL DEFAULT 0,
        resumable INTEGER NOT NULL,
        cancelled INTEGER NOT NULL DEFAULT 0,
        token BLOB,
        progress TEXT,
        result TEXT,
        problem TEXT,
        events INTEGER NOT NULL DEFAULT 0,
        told INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX jobs_untold ON jobs (ended_at) WHERE told = 0 AND ended_at IS NOT NULL;
    CREATE UNIQUE INDEX jobs_by_key ON jobs (caller, key) WHERE key IS NOT NULL;
    CREATE INDEX jobs_open ON jobs (leased_until, created_at) WHERE status IN ('queued', 'running');
    CREATE INDEX jobs_by_caller ON jobs (caller, created_at);
    CREATE INDEX jobs_by_age ON jobs (expires_at);
    CREATE TABLE events (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        name TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (job, number)
    ) WITHOUT ROWID;
    CREATE TABLE hooks (
        id TEXT PRIMARY KEY,
        caller TEXT NOT NULL,
        target_url TEXT NOT NULL,
        events TEXT NOT NULL,
        projects TEXT NOT NULL,
        secret BLOB NOT NULL,
        token BLOB,
        language TEXT,
        status TEXT NOT NULL,
        reason TEXT,
        created_at REAL NOT NULL,
        failing_since REAL,
        cursor TEXT,
        looked_at REAL NOT NULL DEFAULT 0,
        owner TEXT,
        leased_until REAL
    ) WITHOUT ROWID;
    CREATE INDEX hooks_by_caller ON hooks (caller, created_at);
    CREATE TABLE deliveries (
        id TEXT NOT NULL,
        hook TEXT NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
        event TEXT NOT NULL,
        body TEXT NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        created_at REAL NOT NULL,
        next_at REAL,
        last_status INTEGER,
        last_error TEXT,
        owner TEXT,
        leased_until REAL,
        PRIMARY KEY (hook, id)
    ) WITHOUT ROWID;
    CREATE INDEX deliveries_due ON deliveries (next_at) WHERE status = 'pending';
    """,
)

Row = sqlite3.Row


class Database:
    """The file, opened.

    Args:
        folder: Where it lies; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.RLock()
        self.path = folder / FILE
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self._database = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self._database.execute(f"PRAGMA {pragma}")
        self._bring_up_to_date()

    def _bring_up_to_date(self) -> None:
        while True:
            with self.writing() as run:
                version = run("PRAGMA user_version").fetchone()[0]
                if version >= len(SCHEMA):
                    return
                for statement in filter(str.strip, SCHEMA[version].split(";")):
                    run(statement)
                run(f"PRAGMA user_version = {version + 1}")

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """Give what runs statements, all of them or none. Raises ProblemError (`store_unusable`)."""
        with self._lock, _told():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database.execute
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query. Raises ProblemError (`store_unusable`)."""
        with self._lock, _told():
            return list(self._database.execute(statement, values))

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement and return how many rows it changed. Raises ProblemError (`store_unusable`)."""
        with self._lock, _told():
            return self._database.execute(statement, values).rowcount

    def kept(self, name: str, length: int = 32) -> bytes:
        """Return random bytes that are made once and are the same for every process that uses the file."""
        with self.writing() as run:
            run("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, secrets.token_bytes(length)))
            return bytes(run("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise ProblemError("store_unusable") from error
