"""The record of runs in PostgreSQL, shared by any number of machines. Needs hex-blocks[postgres].

It gives the same guarantees as the SQLite file. Keys and projects are locked with advisory locks, which the server
frees when this process's connection ends. Writes that need a lock use the connection that holds it, so that a process
that lost its lock without noticing cannot write, and then sends nothing.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import psycopg

from hex_blocks.clock import SystemClock
from hex_blocks.i18n.texts import phrase
from hex_blocks.postgres.address import RECORD_VARIABLE
from hex_blocks.postgres.schema import migrate
from hex_blocks.postgres.session import (
    POLL_SECONDS,
    AwayError,
    Database,
    PooledError,
    ReplacedError,
    ServerError,
    Session,
    message_of,
)
from hex_blocks.runs.record.postgres_locks import NamedLocks
from hex_blocks.runs.record.rows import COLUMNS, DAY, KEPT_DAYS, KEPT_STARTS, T, checked, of_json, start_of_row
from hex_blocks.runs.record.store import GiveUp, RecordBusyError, RecordError, RecordLostError, Start, never

# How long to wait for an unreachable server or a locked table, in seconds.
BUSY_SECONDS = 30.0
PART = "record"
# The number of the advisory lock under which old rows are deleted.
DELETION_LOCK = 0x6865785F6F6C6400

# The statements of each version. A key can be of any length and contain characters that PostgreSQL's text cannot, so it
# is stored as JSON and found by a digest.
CHANGES = (
    """
    CREATE TABLE hex_blocks.starts (
        id bytea PRIMARY KEY,
        base_url text NOT NULL,
        key text NOT NULL,
        project_id text NOT NULL,
        fingerprint text NOT NULL,
        intended_at double precision NOT NULL,
        at_hex double precision,
        after text,
        run_id text,
        reply text,
        ended text,
        fate text,
        -- A machine's clock may have been wrong for a while.
        age double precision GENERATED ALWAYS AS (COALESCE(at_hex, intended_at)) STORED
    );
    CREATE UNIQUE INDEX starts_by_run ON hex_blocks.starts (base_url, run_id) WHERE run_id IS NOT NULL;
    CREATE INDEX starts_by_age ON hex_blocks.starts (age);
    CREATE INDEX starts_by_project ON hex_blocks.starts (base_url, project_id) WHERE run_id IS NULL;
    CREATE TABLE hex_blocks.projects_of_runs (
        base_url text NOT NULL,
        run_id text NOT NULL,
        project_id text NOT NULL,
        seen_at double precision NOT NULL,
        PRIMARY KEY (base_url, run_id)
    );
    CREATE INDEX projects_of_runs_by_age ON hex_blocks.projects_of_runs (seen_at);
    """,
)
FIND = f"SELECT {COLUMNS} FROM hex_blocks.starts WHERE id = %s".encode()  # noqa: S608
UNANSWERED = (
    f"SELECT {COLUMNS} FROM hex_blocks.starts WHERE base_url = %s AND project_id = %s AND run_id IS NULL".encode()  # noqa: S608
)
CLAIMED = b"SELECT run_id FROM hex_blocks.starts WHERE base_url = %s AND run_id = ANY(%s::text[])"
STARTED = b"UPDATE hex_blocks.starts SET run_id = %s, reply = %s WHERE id = %s"
ENDED = b"UPDATE hex_blocks.starts SET ended = %s WHERE id = %s"
STOPPED = b"UPDATE hex_blocks.starts SET fate = %s WHERE id = %s"
FORGET = b"DELETE FROM hex_blocks.starts WHERE id = %s AND run_id IS NULL"
# Only one process at a time deletes old rows; the others do not wait for it.
DELETE_OLD = b"""
    WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(%(number)s) AS ours),
    forgotten AS (
        DELETE FROM hex_blocks.starts
        WHERE (SELECT ours FROM turn) AND age < GREATEST(
            %(oldest)s::float8, (SELECT age FROM hex_blocks.starts ORDER BY age DESC LIMIT 1 OFFSET %(most)s)
        )
    )
    DELETE FROM hex_blocks.projects_of_runs WHERE (SELECT ours FROM turn) AND seen_at < %(oldest)s::float8
"""
INTEND = b"""
    INSERT INTO hex_blocks.starts (id, base_url, key, project_id, fingerprint, intended_at, at_hex, after)
    SELECT %s::bytea, %s::text, %s::text, %s::text, %s::text, %s::float8, %s::float8, %s::text
    WHERE pg_backend_pid() = %s
    ON CONFLICT (id) DO UPDATE
    SET intended_at = excluded.intended_at, at_hex = excluded.at_hex, after = excluded.after
"""
REMEMBER = b"""
    INSERT INTO hex_blocks.projects_of_runs (base_url, run_id, project_id, seen_at) VALUES (%s, %s, %s, %s)
    ON CONFLICT (base_url, run_id) DO UPDATE SET project_id = excluded.project_id, seen_at = excluded.seen_at
"""
PROJECT_OF = b"""
    SELECT project_id FROM hex_blocks.starts WHERE base_url = %s AND run_id = %s
    UNION ALL SELECT project_id FROM hex_blocks.projects_of_runs WHERE base_url = %s AND run_id = %s
    LIMIT 1
"""


class PostgresRecord:
    """The record in a PostgreSQL server. Connects on first use.

    Args:
        address: The address of the server, such as postgresql://user@host/database.
    """

    def __init__(self, address: str) -> None:
        self._session = Session(address, _prepare)
        self._locks = NamedLocks(self._session)
        self._clock = SystemClock()
        self._caller = ""

    def of_caller(self, name: str) -> PostgresRecord:
        """Return the part of the record for one of several callers, with the same connection."""
        part = copy.copy(self)
        part._caller = f"{name} "
        return part

    def close(self) -> None:
        """Close the connection and free its locks. It is opened again when it is needed."""
        self._session.close()

    def lock_key(self, base_url: str, key: str, give_up: GiveUp = never) -> AbstractContextManager[bool]:
        """Lock a key, and yield whether the lock was acquired."""
        return self._hold(self._name_of_key(base_url, key), give_up)

    def lock_project(self, base_url: str, project_id: str, give_up: GiveUp = never) -> AbstractContextManager[bool]:
        """Lock a project for sending a start, and yield whether the lock was acquired."""
        return self._hold(json.dumps(["sending", self._scope(base_url), project_id]), give_up)

    def find(self, base_url: str, key: str, *, give_up: GiveUp = never) -> Start | None:
        """Return the start with a key, or None if there is none."""
        rows = self._execute(FIND, (self.id_of(base_url, key),), give_up)
        return _start_of_row(rows[0]) if rows else None

    def intend(self, base_url: str, start: Start, *, give_up: GiveUp = never) -> None:
        """Record that a start is about to be sent."""
        after = None if start.after is None else json.dumps(start.after)
        names = (self.id_of(base_url, start.key), self._scope(base_url), json.dumps(start.key))
        given = (*names, start.project_id, start.fingerprint, start.intended_at, start.at_hex, after)

        def write(database: Database) -> None:
            with database.transaction():
                if not database.execute(INTEND, (*given, database.backend)).rowcount:
                    raise PooledError
                if start.at_hex is not None:
                    # Nothing is deleted by a machine's clock alone, because it may be wrong.
                    _delete_old(database, start.at_hex)

        self._run(write, give_up, self._connection_of(base_url, start.key))

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any], *, give_up: GiveUp = never) -> bool:
        """Record the run of a start, and return False if the run belongs to another start."""
        given = (run_id, json.dumps(reply), self.id_of(base_url, key))

        def write(database: Database) -> bool:
            try:
                database.execute(STARTED, given)
            except psycopg.errors.UniqueViolation:
                return False
            return True

        return self._run(write, give_up)

    def ended(self, base_url: str, key: str, run: dict[str, Any], *, give_up: GiveUp = never) -> None:
        """Record how the run of a start ended."""
        given = (json.dumps(run), self.id_of(base_url, key))
        self._execute(ENDED, given, give_up)

    def stopped(self, base_url: str, key: str, fate: str, *, give_up: GiveUp = never) -> None:
        """Record whether a run whose wait was stopped was left running or cancelled."""
        given = (fate, self.id_of(base_url, key))
        self._execute(STOPPED, given, give_up)

    def forget(self, base_url: str, key: str, *, give_up: GiveUp = never) -> None:
        """Delete a start that was refused."""
        # Only with the lock: a process that lost it must not delete what another one has written since.
        self._execute(FORGET, (self.id_of(base_url, key),), give_up, self._connection_of(base_url, key))

    def unanswered(self, base_url: str, project_id: str, *, give_up: GiveUp = never) -> list[Start]:
        """Return the starts of a project whose runs are not known."""
        return [_start_of_row(row) for row in self._execute(UNANSWERED, (self._scope(base_url), project_id), give_up)]

    def claimed(self, base_url: str, run_ids: Collection[str], *, give_up: GiveUp = never) -> set[str]:
        """Return those of some runs that belong to a start on record."""
        rows = self._execute(CLAIMED, (self._scope(base_url), list(run_ids)), give_up)
        return {checked(str, row[0]) for row in rows}

    def remember(self, base_url: str, project_id: str, run_id: str, at: float, *, give_up: GiveUp = never) -> None:
        """Record the project of a run that was found by searching."""
        self._execute(REMEMBER, (self._scope(base_url), run_id, project_id, at), give_up)

    def project_of(self, base_url: str, run_id: str, *, give_up: GiveUp = never) -> str | None:
        """Return the project of a run on record, or None if the run is not on record."""
        rows = self._execute(PROJECT_OF, (self._scope(base_url), run_id) * 2, give_up)
        return checked(str, rows[0][0]) if rows else None

    def _scope(self, base_url: str) -> str:
        """Return the base URL, with the caller before it if there are several."""
        return self._caller + base_url

    def id_of(self, base_url: str, key: str) -> bytes:
        """Return the digest by which the start with a key is found."""
        return hashlib.sha256(self._name_of_key(base_url, key).encode()).digest()

    def _name_of_key(self, base_url: str, key: str) -> str:
        return json.dumps(["alone", self._scope(base_url), key])

    def _connection_of(self, base_url: str, key: str) -> Database | None:
        return self._locks.connection_of(self._name_of_key(base_url, key))

    @contextmanager
    def _hold(self, name: str, give_up: GiveUp) -> Iterator[bool]:
        with ExitStack() as stack:
            with _record_errors():
                locked = stack.enter_context(self._locks.hold(name, give_up, self._limited(give_up)))
            yield locked

    def _execute(
        self, statement: bytes, given: tuple[Any, ...], give_up: GiveUp, only: Database | None = None
    ) -> list[tuple[Any, ...]]:
        """Execute one statement and return its rows."""

        def execute(database: Database) -> list[tuple[Any, ...]]:
            cursor = database.execute(statement, given)
            return cursor.fetchall() if cursor.description else []

        return self._run(execute, give_up, only)

    def _run(self, work: Callable[[Database], T], give_up: GiveUp, only: Database | None = None) -> T:
        """Do work on the connection, and repeat it after temporary errors, so it has to be idempotent.

        Args:
            work: The work.
            give_up: Returns whether to stop waiting for the server.
            only: The connection that holds the needed lock; no other is used.

        Raises:
            RecordLostError: The connection `only` is lost.
            RecordBusyError: The server cannot be reached in time.
            RecordError: Any other error.
        """
        give_up = self._limited(give_up)
        with _record_errors():
            while True:
                try:
                    with self._session.use(give_up, only) as database:
                        return work(database)
                except ReplacedError:
                    raise
                except AwayError:
                    if give_up():
                        raise
                self._clock.wait(POLL_SECONDS)

    def _limited(self, give_up: GiveUp) -> GiveUp:
        """Return a function that gives up when `give_up` does, and after BUSY_SECONDS at the latest."""
        until = self._clock.monotonic() + BUSY_SECONDS
        return lambda: give_up() or self._clock.monotonic() >= until


@contextmanager
def _record_errors() -> Iterator[None]:
    """Convert errors of the server to RecordErrors."""
    try:
        yield
    except ReplacedError as error:
        raise RecordLostError(str(error)) from error
    except AwayError as error:
        raise RecordBusyError(str(error)) from error
    except PooledError as error:
        raise RecordError(
            phrase(
                "{variable} leads to a pooler in transaction mode, which breaks its locks; give the address of the "
                "server itself, or of a pooler in session mode",
                variable=RECORD_VARIABLE,
            )
        ) from error
    except (ServerError, psycopg.Error, UnicodeError) as error:
        raise RecordError(message_of(error)) from error


def _prepare(database: Database) -> None:
    # Committed starts have to survive a crash of the server.
    database.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    migrate(database, PART, CHANGES)


def _delete_old(database: Database, now: float) -> None:
    oldest = now - KEPT_DAYS * DAY
    database.execute(DELETE_OLD, {"number": DELETION_LOCK, "oldest": oldest, "most": KEPT_STARTS})


def _start_of_row(row: tuple[Any, ...]) -> Start:
    return start_of_row((of_json(str, row[0]), *row[1:]))
