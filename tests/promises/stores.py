"""The stores that a record of runs can be kept in, as the suite of promises uses them.

A store is added by a class here and its entry in STORES: everything in this folder then runs over it too.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

from hex_blocks.clock import Clock
from hex_blocks.runs.record import postgres, sqlite
from hex_blocks.runs.record.postgres import PostgresRecord
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.runs.record.store import Record, Start
from tests.postgres import SERVER_VARIABLE, address_in, connected, make_database

# What another process may keep others from.
HELD = ("writing", "all")
# How the names of databases begin that are a store each.
STORE_NAMES = "store_"
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

    def put(self, start: Start, base_url: str, count: int) -> None:
        """Put so many starts into it at once, with keys from "0" on, each a thousandth of a second later."""
        ...

    def spoil(self, column: str, value: Any) -> None:
        """Change a column of all starts, as only another program does."""
        ...

    def written(self) -> bytes:
        """Give all that it holds."""
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

    def put(self, start: Start, base_url: str, count: int) -> None:
        rows = (
            (base_url, str(number), start.project_id, start.fingerprint, start.intended_at + number / 1000)
            for number in range(count)
        )
        columns = "base_url, key, project_id, fingerprint, intended_at"
        with closing(sqlite3.connect(self._path())) as database, database:
            database.executemany(f"INSERT INTO starts ({columns}) VALUES (?, ?, ?, ?, ?)", rows)

    def spoil(self, column: str, value: Any) -> None:
        with closing(sqlite3.connect(self._path())) as database, database:
            database.execute(f"UPDATE starts SET {column} = ?", (value,))

    def written(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.where.rglob("*") if file.is_file())

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


class PostgresStore(Store):
    """A database of its own in the session's PostgreSQL server."""

    def __init__(self, where: Path) -> None:
        self.database = f"{STORE_NAMES}{hashlib.sha256(bytes(where.absolute())).hexdigest()[:16]}"
        self._user = "postgres"
        make_database(os.environ[SERVER_VARIABLE], self.database)

    def open(self) -> PostgresRecord:
        return PostgresRecord(address_in(os.environ[SERVER_VARIABLE], self.database, self._user))

    def fill(self) -> None:
        self._made()
        with self.administering() as database:
            database.execute(FULL)
            for table in POSTGRES_TABLES:
                trigger = f"CREATE TRIGGER is_full BEFORE INSERT OR UPDATE OR DELETE ON {table}"
                database.execute(f"{trigger} EXECUTE FUNCTION is_full()".encode())

    def protect(self) -> None:
        self._made()
        self._user = f"reader_of_{self.database}"
        with self.administering() as database:
            for statement in (
                f"CREATE ROLE {self._user} LOGIN",
                f"GRANT USAGE ON SCHEMA hex_blocks TO {self._user}",
                f"GRANT SELECT ON ALL TABLES IN SCHEMA hex_blocks TO {self._user}",
            ):
                database.execute(statement.encode())

    @contextmanager
    def held(self, what: str, waits: float = 0.6) -> Iterator[None]:
        self._made()
        how = {"writing": "EXCLUSIVE", "all": "ACCESS EXCLUSIVE"}[what]
        with pytest.MonkeyPatch.context() as patched, self.administering() as database, database.transaction():
            patched.setattr(postgres, "BUSY_SECONDS", waits)
            database.execute(f"LOCK TABLE {', '.join(POSTGRES_TABLES)} IN {how} MODE".encode())
            yield

    def put(self, start: Start, base_url: str, count: int) -> None:
        # By its own words: what stands in a row besides, one start shows.
        record = PostgresRecord(address_in(os.environ[SERVER_VARIABLE], self.database))
        ids = [record.id_of(base_url, str(number)) for number in range(count)]
        with closing(record), self.administering() as database:
            database.execute(
                "INSERT INTO hex_blocks.starts (id, base_url, key, project_id, fingerprint, intended_at) "
                "SELECT id, %s, to_json((number - 1)::text), %s, %s, %s + (number - 1) / 1000.0 "
                "FROM unnest(%s::bytea[]) WITH ORDINALITY AS given (id, number)",
                (base_url, start.project_id, start.fingerprint, start.intended_at, ids),
            )

    def spoil(self, column: str, value: Any) -> None:
        with self.administering() as database:
            database.execute(f"UPDATE hex_blocks.starts SET {column} = %s".encode(), (value,))

    def written(self) -> bytes:
        with self.administering() as database:
            rows = [database.execute(f"SELECT * FROM {table}".encode()).fetchall() for table in POSTGRES_TABLES]
        return repr(rows).encode()

    @contextmanager
    def administering(self) -> Iterator[psycopg.Connection[Any]]:
        """Open the database as its administrator does."""
        address = address_in(os.environ[SERVER_VARIABLE], self.database)
        with closing(connected(address)) as database:
            yield database

    def _made(self) -> None:
        """Let the tables be made where they are not there yet."""
        with closing(self.open()) as record:
            record.find("", "")


POSTGRES_TABLES = ("hex_blocks.starts", "hex_blocks.projects_of_runs")
FULL = b"""
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
STORES: dict[str, type[Store]] = {"SQLite": SqliteStore, "PostgreSQL": PostgresStore}


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
