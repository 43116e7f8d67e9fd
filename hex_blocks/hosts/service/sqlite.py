"""The database of the service in a SQLite file, which several processes of one machine may share.

Each process has one connection, used by one thread at a time. Only the owner can read the file, because results of
calls may contain confidential data.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from hex_blocks.clock import SystemClock
from hex_blocks.hosts.service.database import BUSY_SECONDS, RunStatement, StatementResult
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.tables import MIGRATIONS

T = TypeVar("T")
FILE = "service.sqlite3"


class SqliteDatabase:
    """The tables of the service in a SQLite file.

    Args:
        folder: The folder of the file; it is created if it does not exist.
    """

    # A transaction locks the whole file, so no query meets locked rows.
    skip_locked = ""
    clock = SystemClock()
    recovered_at = 0.0

    def __init__(self, folder: Path) -> None:
        self._lock = threading.RLock()
        self.path = folder / FILE
        with _as_problem():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._database = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._database.row_factory = sqlite3.Row
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
                self._database.execute(f"PRAGMA {pragma}")
        while self.transaction(_migrate):
            pass

    def transaction(self, work: Callable[[RunStatement], T]) -> T:
        """Call `work` in a transaction and return its result. Raises ProblemError (`store_unusable`)."""
        with self._lock, _as_problem():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                result = work(self._execute)
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            return result

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query. Raises ProblemError (`store_unusable`)."""
        return self.write(statement, values).rows

    def write(self, statement: str, values: Sequence[Any] = ()) -> StatementResult:
        """Run one statement and return its result. Raises ProblemError (`store_unusable`)."""
        with self._lock, _as_problem():
            return self._execute(statement, values)

    def _execute(self, statement: str, values: Sequence[Any]) -> StatementResult:
        cursor = self._database.execute(statement, values)
        return StatementResult(cursor.fetchall(), cursor.rowcount)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _migrate(run: RunStatement) -> bool:
    """Apply the next migration to the tables. Return False if they are up to date."""
    version: int = run("PRAGMA user_version", ()).rows[0][0]
    if version >= len(MIGRATIONS):
        return False
    for statement in filter(str.strip, MIGRATIONS[version].split(";")):
        run(statement, ())
    run(f"PRAGMA user_version = {version + 1}", ())
    return True


@contextmanager
def _as_problem() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise ProblemError("store_unusable") from error
