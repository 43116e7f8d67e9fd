"""The record of runs started from here: what was meant to start, what did, and which project a run is of.

With it a run is found again by its ID alone, and the same start is never sent twice. One SQLite file in the
platform's data folder (or HEX_BLOCKS_DATA_DIR), readable by its owner only, safe under several processes,
bounded in size and age. It holds IDs, times, states and addresses of runs; never a token, an input or a result.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

from hex_blocks.runs.record.store import RecordError, Start

if TYPE_CHECKING:
    from filelock import FileLock

DATA_DIR = "HEX_BLOCKS_DATA_DIR"
SCHEMA_VERSION = 2
KEPT_DAYS = 120
KEPT_STARTS = 100_000
BUSY_SECONDS = 30.0
LOOK_UP = 0.2
DAY = 86_400
# Each version's changes, from an empty file on.
_SCHEMA = (
    """
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
    """,
    """
    ALTER TABLE starts ADD COLUMN at_hex REAL;
    ALTER TABLE starts ADD COLUMN after TEXT;
    ALTER TABLE starts ADD COLUMN ended TEXT;
    ALTER TABLE starts ADD COLUMN fate TEXT;
    DROP INDEX starts_by_age;
    CREATE INDEX starts_by_age ON starts (COALESCE(at_hex, intended_at));
    CREATE INDEX starts_by_project ON starts (base_url, project_id, run_id);
    """,
)
# A machine's clock may have been wrong for a while.
_AGE = "COALESCE(at_hex, intended_at)"
_COLUMNS = "key, project_id, fingerprint, intended_at, at_hex, after, run_id, reply, ended, fate"


def default_folder() -> Path:
    """Where the record lies."""
    if folder := os.environ.get(DATA_DIR):
        return Path(folder)
    from platformdirs import user_data_path

    return user_data_path("hex-blocks", appauthor=False)


class SqliteRecord:
    """The record in one SQLite file. Opened for each use: no handle that is used outlives a fork or a thread."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._anchor: sqlite3.Connection | None = None

    @property
    def folder(self) -> Path:
        """Where it lies. Raises RecordError where there is no home to put it in."""
        if self._folder is None:
            try:
                self._folder = default_folder()
            except RuntimeError as error:
                raise RecordError(str(error)) from error
        return self._folder

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self.folder / "runs.sqlite3"

    @contextmanager
    def alone(self, base_url: str, key: str, give_up: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        """Keep every other process and thread from working on the same key."""
        # A fixed number of lock files, so that they need no clearing away; keys that share one wait for each other.
        with self._locked(_digest(base_url, key), give_up) as ours:
            yield ours

    @contextmanager
    def sending(self, base_url: str, project_id: str, give_up: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        """Keep every other process and thread from sending a start of a project."""
        # Files of their own: who holds one of these waits for no other, so nobody waits in a circle.
        with self._locked(f"project-{_digest(base_url, project_id)}", give_up) as ours:
            yield ours

    def find(self, base_url: str, key: str) -> Start | None:
        """Give the start of a key."""
        with self._open() as database:
            row = database.execute(
                f"SELECT {_COLUMNS} FROM starts WHERE base_url = ? AND key = ?",  # noqa: S608
                (base_url, key),
            ).fetchone()
        return _start(row) if row else None

    def intend(self, base_url: str, start: Start) -> None:
        """Write down that a start is about to be sent."""
        after = None if start.after is None else json.dumps(start.after)
        with self._open(durable=True) as database:
            database.execute(
                "INSERT INTO starts (base_url, key, project_id, fingerprint, intended_at, at_hex, after) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "intended_at = excluded.intended_at, at_hex = excluded.at_hex, after = excluded.after",
                (base_url, start.key, start.project_id, start.fingerprint, start.intended_at, start.at_hex, after),
            )
            if start.at_hex is not None:
                # By a machine's clock alone, which may be wrong, nothing is forgotten.
                self._keep_small(database, start.at_hex)

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any]) -> bool:
        """Write down the run that a start became, unless another start has it."""
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            taken = database.execute(
                "SELECT 1 FROM starts WHERE base_url = ? AND run_id = ? AND key <> ?", (base_url, run_id, key)
            ).fetchone()
            if not taken:
                database.execute(
                    "UPDATE starts SET run_id = ?, reply = ? WHERE base_url = ? AND key = ?",
                    (run_id, json.dumps(reply), base_url, key),
                )
        return not taken

    def ended(self, base_url: str, key: str, run: dict[str, Any]) -> None:
        """Write down how the run of a start ended."""
        self._set(base_url, key, "ended", json.dumps(run))

    def stopped(self, base_url: str, key: str, fate: str) -> None:
        """Write down what became of a run whose wait was stopped."""
        self._set(base_url, key, "fate", fate)

    def forget(self, base_url: str, key: str) -> None:
        """Take back a start that was refused."""
        with self._open() as database:
            database.execute("DELETE FROM starts WHERE base_url = ? AND key = ? AND run_id IS NULL", (base_url, key))

    def unanswered(self, base_url: str, project_id: str) -> list[Start]:
        """Give the starts of a project whose runs are not known."""
        with self._open() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM starts WHERE base_url = ? AND project_id = ? AND run_id IS NULL",  # noqa: S608
                (base_url, project_id),
            ).fetchall()
        return [_start(row) for row in rows]

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

    def _set(self, base_url: str, key: str, column: str, value: str) -> None:
        with self._open() as database:
            database.execute(
                f"UPDATE starts SET {column} = ? WHERE base_url = ? AND key = ?",  # noqa: S608
                (value, base_url, key),
            )

    def _keep_small(self, database: sqlite3.Connection, now: float) -> None:
        oldest = now - KEPT_DAYS * DAY
        database.execute(f"DELETE FROM starts WHERE {_AGE} < ?", (oldest,))  # noqa: S608
        database.execute("DELETE FROM projects_of_runs WHERE seen_at < ?", (oldest,))
        database.execute(
            f"DELETE FROM starts WHERE {_AGE} < (SELECT {_AGE} FROM starts ORDER BY {_AGE} DESC LIMIT 1 OFFSET ?)",  # noqa: S608
            (KEPT_STARTS,),
        )

    @contextmanager
    def _locked(self, name: str, give_up: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        from filelock import FileLock

        locks = self.folder / "locks"
        try:
            # Each by itself: parents are made for everybody.
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            locks.mkdir(exist_ok=True, mode=0o700)
            lock = FileLock(locks / name, mode=0o600)
            while not self._acquired(lock):
                if give_up():
                    yield False
                    return
        except OSError as error:
            raise RecordError(error.strerror or str(error)) from error
        try:
            yield True
        finally:
            lock.release()

    @staticmethod
    def _acquired(lock: FileLock) -> bool:
        from filelock import Timeout

        try:
            lock.acquire(timeout=LOOK_UP)
        except Timeout:
            return False
        return True

    @contextmanager
    def _open(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Open the file. durable: what is written outlives a loss of power, not only the end of the process."""
        try:
            # Somebody may have taken the file away since.
            if self._anchor is None or not self.path.exists():
                self._prepare()
            database = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level="IMMEDIATE")
            try:
                database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                with database:
                    yield database
            finally:
                database.close()
        except (sqlite3.Error, OSError) as error:
            raise RecordError(str(error)) from error

    def _prepare(self) -> None:
        # One process at a time: SQLite does not wait for its turn to switch to write-ahead logging.
        with self._locked("schema"):
            if not self.path.exists():
                # Only then: to close a file takes away the locks that SQLite holds on it in this process.
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self.path.chmod(0o600)
            anchor = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
            try:
                version = anchor.execute("PRAGMA user_version").fetchone()[0]
                if version > SCHEMA_VERSION:
                    raise RecordError(f"{self.path} was written by a newer version")
                anchor.execute("PRAGMA journal_mode = WAL")
                for number in range(version, SCHEMA_VERSION):
                    changes = f"BEGIN IMMEDIATE; {_SCHEMA[number]}; PRAGMA user_version = {number + 1}; COMMIT"
                    anchor.executescript(changes)
                anchor.execute("SELECT 1 FROM starts LIMIT 1").fetchone()
            except BaseException:
                anchor.close()
                raise
        # It stays open and is never used: whoever closes the last handle has to tidy up, which takes longer than
        # all the rest.
        self._anchor = anchor
        finalize(self, anchor.close)


def _digest(base_url: str, name: str) -> str:
    return hashlib.sha256(f"{base_url} {name}".encode()).hexdigest()[:3]


def _start(row: tuple[Any, ...]) -> Start:
    key, project_id, fingerprint, intended_at, at_hex, after, run_id, reply, ended, fate = row
    return Start(
        key,
        project_id,
        fingerprint,
        intended_at,
        at_hex,
        None if after is None else tuple(json.loads(after)),
        run_id,
        json.loads(reply or "{}"),
        json.loads(ended or "{}"),
        fate,
    )
