"""The service's own SQLite file, which several processes of one machine may share.

One connection for each process, used by one thread at a time. The file is readable by its owner only, since results
hold what customers' data hold.
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
from hex_blocks.hosts.service.database import BUSY_SECONDS, Done, Run
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.tables import CHANGES

T = TypeVar("T")
FILE = "service.sqlite3"


class SqliteDatabase:
    """The file, opened.

    Args:
        folder: Where it lies; made if it is not there.
    """

    # Whoever writes has the whole file.
    unlocked = ""
    clock = SystemClock()
    back_since = 0.0

    def __init__(self, folder: Path) -> None:
        self._lock = threading.RLock()
        self.path = folder / FILE
        with _told():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._database = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._database.row_factory = sqlite3.Row
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
                self._database.execute(f"PRAGMA {pragma}")
        while self.transaction(_changed):
            pass

    def transaction(self, work: Callable[[Run], T]) -> T:
        """Do work with statements, all of them or none. Raises ProblemError (`store_unusable`)."""
        with self._lock, _told():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                done = work(self._run)
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
            return done

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query. Raises ProblemError (`store_unusable`)."""
        return self.write(statement, values).rows

    def write(self, statement: str, values: Sequence[Any] = ()) -> Done:
        """Run one statement. Raises ProblemError (`store_unusable`)."""
        with self._lock, _told():
            return self._run(statement, values)

    def _run(self, statement: str, values: Sequence[Any]) -> Done:
        made = self._database.execute(statement, values)
        return Done(made.fetchall(), made.rowcount)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _changed(run: Run) -> bool:
    """Bring the tables to their next version; False where there is none."""
    version: int = run("PRAGMA user_version", ()).rows[0][0]
    if version >= len(CHANGES):
        return False
    for statement in filter(str.strip, CHANGES[version].split(";")):
        run(statement, ())
    run(f"PRAGMA user_version = {version + 1}", ())
    return True


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise ProblemError("store_unusable") from error
