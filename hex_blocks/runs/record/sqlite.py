"""The record of runs in a SQLite file: intended starts, their runs, and the projects of runs.

The file is in the platform's data folder (or HEX_BLOCKS_DATA_DIR), readable by its owner only, safe for several
processes, and limited in size and age. It contains IDs, times, states and URLs of runs, but no tokens, inputs or
results.
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
# How long to wait for a file that another program locks, and how often to check whether to give up, in seconds.
BUSY_SECONDS = 30.0
POLL_SECONDS = 0.2


def default_folder() -> Path:
    """Return the folder of the record: HEX_BLOCKS_DATA_DIR, or the platform's data folder."""
    if folder := os.environ.get(DATA_DIR):
        return Path(folder)
    from platformdirs import user_data_path

    return user_data_path("hex-blocks", appauthor=False)


class SqliteRecord:
    """The record in a SQLite file. It is opened for each use, so that no handle is shared by threads or forks."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._anchor: sqlite3.Connection | None = None
        self._prepared: tuple[int, int] | None = None

    @property
    def folder(self) -> Path:
        """The folder of the file.

        Raises:
            RecordError: The user's home folder is not known.
        """
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
    def lock_key(self, base_url: str, key: str, give_up: GiveUp = never) -> Iterator[bool]:
        """Lock a key, and yield whether the lock was acquired."""
        # A fixed number of lock files, which need no clean-up. Keys with the same file wait for each other.
        with self._locked(_digest(base_url, key), give_up) as locked:
            yield locked

    @contextmanager
    def lock_project(self, base_url: str, project_id: str, give_up: GiveUp = never) -> Iterator[bool]:
        """Lock a project for sending a start, and yield whether the lock was acquired."""
        # Other files than for keys. They are always locked after those, so there are no deadlocks.
        with self._locked(f"project-{_digest(base_url, project_id)}", give_up) as locked:
            yield locked

    def find(self, base_url: str, key: str, *, give_up: GiveUp = never) -> Start | None:
        """Return the start with a key, or None if there is none."""
        with self._open(give_up) as database:
            row = database.execute(
                f"SELECT {COLUMNS} FROM starts WHERE base_url = ? AND key = ?",  # noqa: S608
                (base_url, key),
            ).fetchone()
        return start_of_row(row) if row else None

    def intend(self, base_url: str, start: Start, *, give_up: GiveUp = never) -> None:
        """Record that a start is about to be sent."""
        after = None if start.after is None else json.dumps(start.after)
        with self._open(give_up, writes=True, durable=True) as database:
            database.execute(
                "INSERT INTO starts (base_url, key, project_id, fingerprint, intended_at, at_hex, after) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "intended_at = excluded.intended_at, at_hex = excluded.at_hex, after = excluded.after",
                (base_url, start.key, start.project_id, start.fingerprint, start.intended_at, start.at_hex, after),
            )
            if start.at_hex is not None:
                # Nothing is deleted by a machine's clock alone, because it may be wrong.
                self._delete_old(database, start.at_hex)

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any], *, give_up: GiveUp = never) -> bool:
        """Record the run of a start, and return False if the run belongs to another start."""
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
        """Record how the run of a start ended."""
        self._set(base_url, key, "ended", json.dumps(run), give_up)

    def stopped(self, base_url: str, key: str, fate: str, *, give_up: GiveUp = never) -> None:
        """Record whether a run whose wait was stopped was left running or cancelled."""
        self._set(base_url, key, "fate", fate, give_up)

    def forget(self, base_url: str, key: str, *, give_up: GiveUp = never) -> None:
        """Delete a start that was refused."""
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
        """Return those of some runs that belong to a start on record."""
        with self._open(give_up) as database:
            return {
                run_id
                for run_id in run_ids
                if database.execute(
                    "SELECT 1 FROM starts WHERE base_url = ? AND run_id = ?", (base_url, run_id)
                ).fetchone()
            }

    def remember(self, base_url: str, project_id: str, run_id: str, at: float, *, give_up: GiveUp = never) -> None:
        """Record the project of a run that was found by searching."""
        with self._open(give_up, writes=True) as database:
            database.execute(
                "INSERT OR REPLACE INTO projects_of_runs VALUES (?, ?, ?, ?)", (base_url, run_id, project_id, at)
            )

    def project_of(self, base_url: str, run_id: str, *, give_up: GiveUp = never) -> str | None:
        """Return the project of a run on record, or None if the run is not on record."""
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

    def _delete_old(self, database: sqlite3.Connection, now: float) -> None:
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
            # One after the other, because `mode` does not apply to parents.
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
            lock.acquire(timeout=POLL_SECONDS)
        except Timeout:
            return False
        return True

    @contextmanager
    def _open(
        self, give_up: GiveUp = never, *, writes: bool = False, durable: bool = False
    ) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction.

        Args:
            give_up: Returns whether to stop waiting for other programs.
            writes: Whether the transaction writes.
            durable: Whether its writes have to survive a loss of power, not only the end of the process.

        Raises:
            RecordBusyError: Another program locks the file.
            RecordError: The file cannot be used.
        """
        give_up = _limited(give_up)
        try:
            # The file may have been deleted or replaced in the meantime.
            if self._anchor is None or self._identity() != self._prepared:
                self._prepare(give_up)
            database = self._connected(self.path)
            try:
                # Waits for other programs only here, so that nothing inside the transaction is repeated.
                _retry_while_busy(lambda: _begin(database, writes=writes, durable=durable), give_up)
                yield database
                database.execute("COMMIT")
            finally:
                # Rolls back what is not committed.
                database.close()
        except sqlite3.Error as error:
            raise (RecordBusyError if _is_busy(error) else RecordError)(str(error)) from error
        except OSError as error:
            raise RecordError(str(error)) from error

    def _identity(self) -> tuple[int, int] | None:
        """Return the device and inode of the file, or None if it does not exist.

        Raises:
            RecordError: The file is empty.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        if found.st_size == 0:
            # Files are created complete, so its content is lost. With a new file, runs could be started twice.
            raise RecordError(f"{self.path} is empty")
        return found.st_dev, found.st_ino

    def _prepare(self, give_up: GiveUp) -> None:
        # One process at a time, because SQLite does not wait for locks when it switches to write-ahead logging.
        with self._locked("schema", give_up) as ours:
            if not ours:
                raise RecordBusyError("another program is opening it")
            if self._identity() is None:
                self._create()
            self.path.chmod(0o600)
            anchor = self._connected(self.path)
            try:
                _retry_while_busy(lambda: self._migrate(anchor), give_up)
            except BaseException:
                anchor.close()
                raise
            self._prepared = self._identity()
        # Stays open without being used, because closing the last handle makes SQLite clean up, which is slow.
        self._anchor = anchor
        finalize(self, anchor.close)

    def _create(self) -> None:
        """Create the file atomically, so that one that is empty or lacks a table is known to be corrupt."""
        created = self.path.with_name(f"{self.path.name}.new")
        # SQLite would apply the remaining journal of a deleted file to the new one.
        for file in (self.path, created):
            for ending in ("-wal", "-shm", "-journal"):
                file.with_name(file.name + ending).unlink(missing_ok=True)
        created.unlink(missing_ok=True)
        os.close(os.open(created, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(self._connected(created)) as database:
            _apply_changes(database, 0)
            database.execute("PRAGMA journal_mode = WAL")
        created.rename(self.path)
        _sync_folder(self.folder)

    def _migrate(self, database: sqlite3.Connection) -> None:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise RecordError(f"{self.path} was written by a newer version")
        if version < 1:
            raise RecordError(f"{self.path} is not a record of runs")
        if version < SCHEMA_VERSION:
            _apply_changes(database, version)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("SELECT 1 FROM starts LIMIT 1").fetchone()

    @staticmethod
    def _connected(path: Path) -> sqlite3.Connection:
        # Mode rw does not create a file: an empty one would replace a file that was just deleted.
        uri = f"{path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(uri, timeout=POLL_SECONDS, isolation_level=None, check_same_thread=False, uri=True)


def _limited(give_up: GiveUp) -> GiveUp:
    """Return a function that gives up when `give_up` does, and after BUSY_SECONDS at the latest."""
    tries = iter(range(round(BUSY_SECONDS / POLL_SECONDS)))
    return lambda: give_up() or next(tries, None) is None


def _retry_while_busy(work: Callable[[], T], give_up: GiveUp) -> T:
    """Do work, and repeat it while another program locks the file, until `give_up`."""
    while True:
        try:
            return work()
        except sqlite3.Error as error:
            if not _is_busy(error) or give_up():
                raise


def _is_busy(error: sqlite3.Error) -> bool:
    # The lowest byte is the primary result code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _begin(database: sqlite3.Connection, *, writes: bool, durable: bool) -> None:
    database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        # SQLite takes the lock of a reading transaction with its first statement.
        database.execute("SELECT 1 FROM starts LIMIT 1").fetchone()
    except sqlite3.Error:
        database.rollback()
        raise


def _apply_changes(database: sqlite3.Connection, version: int) -> None:
    """Migrate the tables from a version to the current one."""
    for number in range(version, SCHEMA_VERSION):
        try:
            database.executescript(f"BEGIN IMMEDIATE; {SCHEMA[number]}; PRAGMA user_version = {number + 1}; COMMIT")
        except sqlite3.Error:
            database.rollback()
            raise


def _sync_folder(folder: Path) -> None:
    """Write the names in a folder to disk, if the system supports it, so that they survive a loss of power."""
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _digest(base_url: str, name: str) -> str:
    return hashlib.sha256(f"{base_url} {name}".encode()).hexdigest()[:3]
