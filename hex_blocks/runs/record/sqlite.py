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
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

from hex_blocks.runs.record.rows import (
    AGE,
    COLUMNS,
    DAY,
    KEPT_DAYS,
    KEPT_STARTS,
    SCHEMA,
    SCHEMA_VERSION,
    T,
    checked,
    start_of_row,
)
from hex_blocks.runs.record.store import GiveUp, RecordBusyError, RecordError, Start, never

if TYPE_CHECKING:
    from filelock import FileLock

DATA_DIR = "HEX_BLOCKS_DATA_DIR"
# So long another program may keep the file for itself, and so often it is looked up whether to go on waiting.
BUSY_SECONDS = 30.0
LOOK_UP = 0.2


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
        self._prepared: tuple[int, int] | None = None

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
    def alone(self, base_url: str, key: str, give_up: GiveUp = never) -> Iterator[bool]:
        """Keep every other process and thread from working on the same key."""
        # A fixed number of lock files, so that they need no clearing away; keys that share one wait for each other.
        with self._locked(_digest(base_url, key), give_up) as ours:
            yield ours

    @contextmanager
    def sending(self, base_url: str, project_id: str, give_up: GiveUp = never) -> Iterator[bool]:
        """Keep every other process and thread from sending a start of a project."""
        # Files of their own: who holds one of these waits for no other, so nobody waits in a circle.
        with self._locked(f"project-{_digest(base_url, project_id)}", give_up) as ours:
            yield ours

    def find(self, base_url: str, key: str, *, give_up: GiveUp = never) -> Start | None:
        """Return the start of a key."""
        with self._open(give_up) as database:
            row = database.execute(
                f"SELECT {COLUMNS} FROM starts WHERE base_url = ? AND key = ?",  # noqa: S608
                (base_url, key),
            ).fetchone()
        return start_of_row(row) if row else None

    def intend(self, base_url: str, start: Start, *, give_up: GiveUp = never) -> None:
        """Write down that a start is about to be sent."""
        after = None if start.after is None else json.dumps(start.after)
        with self._open(give_up, writes=True, durable=True) as database:
            database.execute(
                "INSERT INTO starts (base_url, key, project_id, fingerprint, intended_at, at_hex, after) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "intended_at = excluded.intended_at, at_hex = excluded.at_hex, after = excluded.after",
                (base_url, start.key, start.project_id, start.fingerprint, start.intended_at, start.at_hex, after),
            )
            if start.at_hex is not None:
                # By a machine's clock alone, which may be wrong, nothing is forgotten.
                self._keep_small(database, start.at_hex)

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any], *, give_up: GiveUp = never) -> bool:
        """Write down the run that a start became, unless another start has it."""
        with self._open(give_up, writes=True) as database:
            taken = database.execute(
                "SELECT 1 FROM starts WHERE base_url = ? AND run_id = ? AND key <> ?", (base_url, run_id, key)
            ).fetchone()
            if not taken:
                database.execute(
                    "UPDATE starts SET run_id = ?, reply = ? WHERE base_url = ? AND key = ?",
                    (run_id, json.dumps(reply), base_url, key),
                )
        return not taken

    def ended(self, base_url: str, key: str, run: dict[str, Any], *, give_up: GiveUp = never) -> None:
        """Write down how the run of a start ended."""
        self._set(base_url, key, "ended", json.dumps(run), give_up)

    def stopped(self, base_url: str, key: str, fate: str, *, give_up: GiveUp = never) -> None:
        """Write down what became of a run whose wait was stopped."""
        self._set(base_url, key, "fate", fate, give_up)

    def forget(self, base_url: str, key: str, *, give_up: GiveUp = never) -> None:
        """Take back a start that was refused."""
        with self._open(give_up, writes=True) as database:
            database.execute("DELETE FROM starts WHERE base_url = ? AND key = ? AND run_id IS NULL", (base_url, key))

    def unanswered(self, base_url: str, project_id: str, *, give_up: GiveUp = never) -> list[Start]:
        """Return the starts of a project whose runs are not known."""
        with self._open(give_up) as database:
            rows = database.execute(
                f"SELECT {COLUMNS} FROM starts WHERE base_url = ? AND project_id = ? AND run_id IS NULL",  # noqa: S608
                (base_url, project_id),
            ).fetchall()
        return [start_of_row(row) for row in rows]

    def claimed(self, base_url: str, run_ids: Collection[str], *, give_up: GiveUp = never) -> set[str]:
        """Return which of these runs belong to a start on record."""
        with self._open(give_up) as database:
            return {
                run_id
                for run_id in run_ids
                if database.execute(
                    "SELECT 1 FROM starts WHERE base_url = ? AND run_id = ?", (base_url, run_id)
                ).fetchone()
            }

    def remember(self, base_url: str, project_id: str, run_id: str, at: float, *, give_up: GiveUp = never) -> None:
        """Write down a run's project that was found by searching."""
        with self._open(give_up, writes=True) as database:
            database.execute(
                "INSERT OR REPLACE INTO projects_of_runs VALUES (?, ?, ?, ?)", (base_url, run_id, project_id, at)
            )

    def project_of(self, base_url: str, run_id: str, *, give_up: GiveUp = never) -> str | None:
        """Return the project of a run that was started or found from here."""
        with self._open(give_up) as database:
            for table in ("starts", "projects_of_runs"):
                row = database.execute(
                    f"SELECT project_id FROM {table} WHERE base_url = ? AND run_id = ?",  # noqa: S608
                    (base_url, run_id),
                ).fetchone()
                if row:
                    return checked(str, row[0])
        return None

    def _set(self, base_url: str, key: str, column: str, value: str, give_up: GiveUp) -> None:
        with self._open(give_up, writes=True) as database:
            database.execute(
                f"UPDATE starts SET {column} = ? WHERE base_url = ? AND key = ?",  # noqa: S608
                (value, base_url, key),
            )

    def _keep_small(self, database: sqlite3.Connection, now: float) -> None:
        oldest = now - KEPT_DAYS * DAY
        database.execute(f"DELETE FROM starts WHERE {AGE} < ?", (oldest,))  # noqa: S608
        database.execute("DELETE FROM projects_of_runs WHERE seen_at < ?", (oldest,))
        database.execute(
            f"DELETE FROM starts WHERE {AGE} < (SELECT {AGE} FROM starts ORDER BY {AGE} DESC LIMIT 1 OFFSET ?)",  # noqa: S608
            (KEPT_STARTS,),
        )

    @contextmanager
    def _locked(self, name: str, give_up: GiveUp = never) -> Iterator[bool]:
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
    def _open(
        self, give_up: GiveUp = never, *, writes: bool = False, durable: bool = False
    ) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction. durable: what is written outlives a loss of power, not only the process.

        Whatever is wrong with the file is RecordError, RecordBusyError where another program keeps it for itself.
        """
        give_up = _at_last(give_up)
        try:
            # Somebody may have taken the file away since, or put another one in its place.
            if self._anchor is None or self._identity() != self._prepared:
                self._prepare(give_up)
            database = self._connected(self.path)
            try:
                # The wait for others is here, so that nothing that is done within is done twice.
                _patiently(lambda: _begin(database, writes=writes, durable=durable), give_up)
                yield database
                database.execute("COMMIT")
            finally:
                # What was not committed is taken back.
                database.close()
        except sqlite3.Error as error:
            raise (RecordBusyError if _is_busy(error) else RecordError)(str(error)) from error
        except OSError as error:
            raise RecordError(str(error)) from error

    def _identity(self) -> tuple[int, int] | None:
        """Return which file lies there; None where there is none. Raises RecordError for one that was emptied."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        if found.st_size == 0:
            # It is made whole, so it held something once: to begin anew would start again what it knew.
            raise RecordError(f"{self.path} is empty")
        return found.st_dev, found.st_ino

    def _prepare(self, give_up: GiveUp) -> None:
        # One process at a time: SQLite does not wait for its turn to switch to write-ahead logging.
        with self._locked("schema", give_up) as ours:
            if not ours:
                raise RecordBusyError("another program is opening it")
            if self._identity() is None:
                self._make()
            self.path.chmod(0o600)
            anchor = self._connected(self.path)
            try:
                _patiently(lambda: self._bring_up_to_date(anchor), give_up)
            except BaseException:
                anchor.close()
                raise
            self._prepared = self._identity()
        # It stays open and is never used: whoever closes the last handle has to tidy up, which takes longer than
        # all the rest.
        self._anchor = anchor
        finalize(self, anchor.close)

    def _make(self) -> None:
        """Make the file whole or not at all: one that is empty or lacks a table was spoilt by somebody."""
        made = self.path.with_name(f"{self.path.name}.new")
        # What is left of a file that was taken away would be taken for a part of this one.
        for left in (self.path, made):
            for ending in ("-wal", "-shm", "-journal"):
                left.with_name(left.name + ending).unlink(missing_ok=True)
        made.unlink(missing_ok=True)
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(self._connected(made)) as database:
            _change(database, 0)
            database.execute("PRAGMA journal_mode = WAL")
        made.rename(self.path)
        _keep_names(self.folder)

    def _bring_up_to_date(self, database: sqlite3.Connection) -> None:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise RecordError(f"{self.path} was written by a newer version")
        if version < 1:
            raise RecordError(f"{self.path} is no record of runs")
        if version < SCHEMA_VERSION:
            _change(database, version)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("SELECT 1 FROM starts LIMIT 1").fetchone()

    @staticmethod
    def _connected(path: Path) -> sqlite3.Connection:
        # Never makes a file: one that was taken away just now would be there again, and empty.
        uri = f"{path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(uri, timeout=LOOK_UP, isolation_level=None, check_same_thread=False, uri=True)


def _at_last(give_up: GiveUp) -> GiveUp:
    """Make of a reason to give up one that says so in the end, whatever the other says."""
    tries = iter(range(round(BUSY_SECONDS / LOOK_UP)))
    return lambda: give_up() or next(tries, None) is None


def _patiently(work: Callable[[], T], give_up: GiveUp) -> T:
    """Do what another program may keep us from, until that is possible or to be given up."""
    while True:
        try:
            return work()
        except sqlite3.Error as error:
            if not _is_busy(error) or give_up():
                raise


def _is_busy(error: sqlite3.Error) -> bool:
    # The lowest byte tells the kind, the others which one of it.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _begin(database: sqlite3.Connection, *, writes: bool, durable: bool) -> None:
    database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        # A reading begins with its first look.
        database.execute("SELECT 1 FROM starts LIMIT 1").fetchone()
    except sqlite3.Error:
        database.rollback()
        raise


def _change(database: sqlite3.Connection, version: int) -> None:
    """Make the tables of today from those of a version."""
    for number in range(version, SCHEMA_VERSION):
        try:
            database.executescript(f"BEGIN IMMEDIATE; {SCHEMA[number]}; PRAGMA user_version = {number + 1}; COMMIT")
        except sqlite3.Error:
            database.rollback()
            raise


def _keep_names(folder: Path) -> None:
    """Let the names in a folder outlive a loss of power, where the system lets one."""
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _digest(base_url: str, name: str) -> str:
    return hashlib.sha256(f"{base_url} {name}".encode()).hexdigest()[:3]
