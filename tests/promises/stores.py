"""The stores that a record of runs can be kept in, as the suite of promises uses them.

A store is added by a class here and its entry in STORES: everything in this folder then runs over it too.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from hex_blocks.clock import Clock
from hex_blocks.runs.record import sqlite
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.runs.record.store import Record

# What another process may keep others from.
HELD = ("writing", "all")
WRITES = ("intend", "started", "ended", "stopped", "forget", "remember")


class Store(Protocol):
    """A place where records are kept, and what can go wrong with it. `where`: a folder of its own."""

    def __init__(self, where: Path) -> None: ...

    def open(self) -> Record:
        """Open the record once more, as another process does."""
        ...

    def fill(self) -> None:
        """Let nothing be written from now on, as where no space is left."""
        ...

    def protect(self) -> None:
        """Let what is opened from now on be read, and not be written."""
        ...

    def held(self, what: str, waits: float = 0.6) -> AbstractContextManager[None]:
        """Let another process keep the store for itself meanwhile.

        what: one of HELD; "all" only where nobody has it open. waits: seconds after which a wait for it ends.
        """
        ...


class SqliteStore(Store):
    """One SQLite file."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self._kind: type[SqliteRecord] = SqliteRecord

    def open(self) -> SqliteRecord:
        return self._kind(self.where)

    def fill(self) -> None:
        tables = ("starts", "projects_of_runs")
        with closing(sqlite3.connect(self._path())) as database, database:
            for table in tables:
                for change in ("INSERT", "UPDATE", "DELETE"):
                    database.execute(
                        f"CREATE TRIGGER full_{table}_{change} BEFORE {change} ON {table} "
                        "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
                    )

    def protect(self) -> None:
        self._path()
        self._kind = Protected

    @contextmanager
    def held(self, what: str, waits: float = 0.6) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sqlite, "BUSY_SECONDS", waits)
            process = subprocess.Popen(
                [sys.executable, "-c", HOLDER, str(self._path()), what],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            try:
                yield
            finally:
                process.communicate("done\n", timeout=60)

    def _path(self) -> Path:
        """Give the file, made where it is not there yet."""
        record = SqliteRecord(self.where)
        record.find("", "")
        return record.path


class Protected(SqliteRecord):
    """A record whose file may only be read, for an administrator too."""

    @staticmethod
    def _connected(path: Path) -> sqlite3.Connection:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(uri, isolation_level=None, check_same_thread=False, uri=True)


HOLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "all":
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
database.execute("BEGIN IMMEDIATE")
database.execute("DELETE FROM starts WHERE key = ''")
print("held", flush=True)
sys.stdin.readline()
"""
STORES: dict[str, type[Store]] = {"SQLite": SqliteStore}


class Around:
    """A record of any store, with something done around its methods."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def __getattr__(self, name: str) -> Any:
        return getattr(self.record, name)


class Slow(Around):
    """A record that needs long for each write, by a clock."""

    def __init__(self, record: Record, clock: Clock, seconds: float) -> None:
        super().__init__(record)
        self.clock = clock
        self.seconds = seconds

    def __getattr__(self, name: str) -> Any:
        method = super().__getattr__(name)
        if name not in WRITES:
            return method

        def slowly(*given: Any, **options: Any) -> Any:
            done = method(*given, **options)
            self.clock.wait(self.seconds)
            return done

        return slowly
