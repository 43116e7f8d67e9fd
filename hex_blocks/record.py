"""The record of runs started from here: what was meant to start, what did, and which project a run is of.

With it a run is found again by its ID alone, and the same start is never sent twice. One SQLite file in the
platform's data folder (or HEX_BLOCKS_DATA_DIR), readable by its owner only, safe under several processes,
bounded in size and age. It holds IDs, times and addresses of runs; never a token, an input or a result.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

DATA_DIR = "HEX_BLOCKS_DATA_DIR"
SCHEMA_VERSION = 1
KEPT_DAYS = 120
KEPT_STARTS = 100_000
BUSY_SECONDS = 30.0
DAY = 86_400

_SCHEMA = """
CREATE TABLE IF NOT EXISTS starts (
    base_url TEXT NOT NULL,
    key TEXT NOT NULL,
    project_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    intended_at REAL NOT NULL,
    run_id TEXT,
    reply TEXT,
    PRIMARY KEY (base_url, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS starts_by_run ON starts (base_url, run_id);
CREATE INDEX IF NOT EXISTS starts_by_age ON starts (intended_at);
CREATE TABLE IF NOT EXISTS projects_of_runs (
    base_url TEXT NOT NULL,
    run_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    seen_at REAL NOT NULL,
    PRIMARY KEY (base_url, run_id)
) WITHOUT ROWID;
"""


class RecordError(Exception):
    """The record cannot be read or written; the message says why."""


@dataclass(frozen=True)
class Start:
    """A start that was meant, and what came of it.

    fingerprint: tells whether two starts ask for the same. intended_at: seconds since the Unix epoch, just before
    the request was sent. run_id, reply: nothing until Hex's answer is known.
    """

    key: str
    project_id: str
    fingerprint: str
    intended_at: float
    run_id: str | None = None
    reply: dict[str, Any] = field(default_factory=dict)


class Record(Protocol):
    """What the rest of the project asks of a record; another store can stand here. Raises RecordError."""

    def alone(self, base_url: str, key: str) -> AbstractContextManager[None]:
        """Keep every other process from working on the same key; freed when this process ends, however it ends."""
        ...

    def find(self, base_url: str, key: str) -> Start | None:
        """Give the start of a key."""
        ...

    def intend(self, base_url: str, start: Start) -> None:
        """Write down that a start is about to be sent; again, if it is sent again."""
        ...

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any]) -> None:
        """Write down the run that a start became."""
        ...

    def forget(self, base_url: str, key: str) -> None:
        """Take back a start that was refused."""
        ...

    def claimed(self, base_url: str, run_ids: Collection[str]) -> set[str]:
        """Tell which of these runs belong to a start on record."""
        ...

    def remember(self, base_url: str, project_id: str, run_id: str, at: float) -> None:
        """Write down a run's project that was found by searching."""
        ...

    def project_of(self, base_url: str, run_id: str) -> str | None:
        """Give the project of a run that was started or found from here."""
        ...


def default_folder() -> Path:
    """Where the record lies."""
    if folder := os.environ.get(DATA_DIR):
        return Path(folder)
    from platformdirs import user_data_path

    return user_data_path("hex-blocks", appauthor=False)


class SqliteRecord:
    """The record in one SQLite file. Opened for each use: no handle outlives a fork or a thread."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self._ready = False

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self.folder / "runs.sqlite3"

    @contextmanager
    def alone(self, base_url: str, key: str) -> Iterator[None]:
        """Keep every other process from working on the same key."""
        from filelock import FileLock

        # A fixed number of lock files, so that they need no clearing away; keys that share one wait for each other.
        name = hashlib.sha256(f"{base_url} {key}".encode()).hexdigest()[:2]
        locks = self.folder / "locks"
        try:
            locks.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(locks / name, mode=0o600)
            lock.acquire()
        except OSError as error:
            raise RecordError(error.strerror or str(error)) from error
        try:
            yield
        finally:
            lock.release()

    def find(self, base_url: str, key: str) -> Start | None:
        """Give the start of a key."""
        with self._open() as database:
            row = database.execute(
                "SELECT key, project_id, fingerprint, intended_at, run_id, reply FROM starts "
                "WHERE base_url = ? AND key = ?",
                (base_url, key),
            ).fetchone()
        if row is None:
            return None
        key, project_id, fingerprint, intended_at, run_id, reply = row
        return Start(key, project_id, fingerprint, intended_at, run_id, json.loads(reply or "{}"))

    def intend(self, base_url: str, start: Start) -> None:
        """Write down that a start is about to be sent."""
        with self._open() as database:
            database.execute(
                "INSERT INTO starts (base_url, key, project_id, fingerprint, intended_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET intended_at = excluded.intended_at",
                (base_url, start.key, start.project_id, start.fingerprint, start.intended_at),
            )
            self._keep_small(database, start.intended_at)

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any]) -> None:
        """Write down the run that a start became."""
        with self._open() as database:
            database.execute(
                "UPDATE starts SET run_id = ?, reply = ? WHERE base_url = ? AND key = ?",
                (run_id, json.dumps(reply), base_url, key),
            )

    def forget(self, base_url: str, key: str) -> None:
        """Take back a start that was refused."""
        with self._open() as database:
            database.execute("DELETE FROM starts WHERE base_url = ? AND key = ? AND run_id IS NULL", (base_url, key))

    def claimed(self, base_url: str, run_ids: Collection[str]) -> set[str]:
        """Tell which of these runs belong to a start on record."""
        with self._open() as database:
            return {
                run_id
                for run_id in run_ids
                if database.execute(
                    "SELECT 1 FROM starts WHERE base_url = ? AND run_id = ?", (base_url, run_id)
                ).fetchone()
            }

    def remember(self, base_url: str, project_id: str, run_id: str, at: float) -> None:
        """Write down a run's project that was found by searching."""
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO projects_of_runs VALUES (?, ?, ?, ?)", (base_url, run_id, project_id, at)
            )

    def project_of(self, base_url: str, run_id: str) -> str | None:
        """Give the project of a run that was started or found from here."""
        with self._open() as database:
            for table in ("starts", "projects_of_runs"):
                row = database.execute(
                    f"SELECT project_id FROM {table} WHERE base_url = ? AND run_id = ?",  # noqa: S608
                    (base_url, run_id),
                ).fetchone()
                if row:
                    return str(row[0])
        return None

    def _keep_small(self, database: sqlite3.Connection, now: float) -> None:
        oldest = now - KEPT_DAYS * DAY
        database.execute("DELETE FROM starts WHERE intended_at < ?", (oldest,))
        database.execute("DELETE FROM projects_of_runs WHERE seen_at < ?", (oldest,))
        database.execute(
            "DELETE FROM starts WHERE intended_at < "
            "(SELECT intended_at FROM starts ORDER BY intended_at DESC LIMIT 1 OFFSET ?)",
            (KEPT_STARTS,),
        )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self._ready:
                self._make_private_file()
            database = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
            try:
                if not self._ready:
                    self._prepare(database)
                with database:
                    yield database
            finally:
                database.close()
        except (sqlite3.Error, OSError) as error:
            raise RecordError(str(error)) from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise RecordError(f"{self.path} was written by a newer version")
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(_SCHEMA)
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._ready = True

    def _make_private_file(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        os.close(handle)
