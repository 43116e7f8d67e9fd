"""The record of runs in PostgreSQL, for any number of machines. Needs hex-blocks[postgres].

It promises what the file promises. One at a time is kept by locks of this process's connection, which the server
frees when that ends. What is written under such a lock is written on the connection that has it, so that nothing is
sent by a process that has lost it without knowing.
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
from hex_blocks.postgres.schema import bring_up_to_date
from hex_blocks.postgres.session import (
    LOOK_UP,
    AwayError,
    Database,
    PooledError,
    ReplacedError,
    ServerError,
    Session,
    words_of,
)
from hex_blocks.runs.record.holds import Holds
from hex_blocks.runs.record.rows import COLUMNS, DAY, KEPT_DAYS, KEPT_STARTS, T, checked, of_json, start_of_row
from hex_blocks.runs.record.store import GiveUp, RecordBusyError, RecordError, RecordLostError, Start, never

# So long it is waited for a server that cannot be reached, or a table that another program keeps for itself.
BUSY_SECONDS = 30.0
PART = "record"
# The number of the lock under which what is old is deleted.
FORGETTING = 0x6865785F6F6C6400

# Each version's changes, from nothing on. A key can be of any length and hold what no text of the server's can, so it
# is kept as JSON, and found by a digest.
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
# One process at a time forgets, and no other waits for it.
FORGET_OLD = b"""
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
    """The record in a PostgreSQL server, over one connection of this process. Connected to when first used.

    address: as libpq reads it, postgresql://…
    """

    def __init__(self, address: str) -> None:
        self._session = Session(address, _prepare)
        self._holds = Holds(self._session)
        self._clock = SystemClock()
        self._caller = ""

    def of_caller(self, name: str) -> PostgresRecord:
        """Return the part of it that belongs to one of several callers, over the same connection."""
        part = copy.copy(self)
        part._caller = f"{name} "
        return part

    def close(self) -> None:
        """Close the connection, and free what is kept by it. It is made anew when it is needed."""
        self._session.close()

    def alone(self, base_url: str, key: str, give_up: GiveUp = never) -> AbstractContextManager[bool]:
        """Keep every other process and thread from working on the same key."""
        return self._hold(self._name_of_key(base_url, key), give_up)

    def sending(self, base_url: str, project_id: str, give_up: GiveUp = never) -> AbstractContextManager[bool]:
        """Keep every other process and thread from sending a start of a project."""
        return self._hold(json.dumps(["sending", self._place(base_url), project_id]), give_up)

    def find(self, base_url: str, key: str, *, give_up: GiveUp = never) -> Start | None:
        """Return the start of a key."""
        rows = self._ask(FIND, (self.id_of(base_url, key),), give_up)
        return _start_of_row(rows[0]) if rows else None

    def intend(self, base_url: str, start: Start, *, give_up: GiveUp = never) -> None:
        """Write down that a start is about to be sent."""
        after = None if start.after is None else json.dumps(start.after)
        where = (self.id_of(base_url, start.key), self._place(base_url), json.dumps(start.key))
        given = (*where, start.project_id, start.fingerprint, start.intended_at, start.at_hex, after)

        def write(database: Database) -> None:
            with database.transaction():
                if not database.execute(INTEND, (*given, database.backend)).rowcount:
                    raise PooledError
                if start.at_hex is not None:
                    # By a machine's clock alone, which may be wrong, nothing is forgotten.
                    _keep_small(database, start.at_hex)

        self._do(write, give_up, self._keeper_of(base_url, start.key))

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any], *, give_up: GiveUp = never) -> bool:
        """Write down the run that a start became, unless another start has it."""
        given = (run_id, json.dumps(reply), self.id_of(base_url, key))

        def write(database: Database) -> bool:
            try:
                database.execute(STARTED, given)
            except psycopg.errors.UniqueViolation:
                return False
            return True

        return self._do(write, give_up)

    def ended(self, base_url: str, key: str, run: dict[str, Any], *, give_up: GiveUp = never) -> None:
        """Write down how the run of a start ended."""
        given = (json.dumps(run), self.id_of(base_url, key))
        self._ask(ENDED, given, give_up)

    def stopped(self, base_url: str, key: str, fate: str, *, give_up: GiveUp = never) -> None:
        """Write down what became of a run whose wait was stopped."""
        given = (fate, self.id_of(base_url, key))
        self._ask(STOPPED, given, give_up)

    def forget(self, base_url: str, key: str, *, give_up: GiveUp = never) -> None:
        """Take back a start that was refused."""
        # Who has lost the key must not take back what another one has written since.
        self._ask(FORGET, (self.id_of(base_url, key),), give_up, self._keeper_of(base_url, key))

    def unanswered(self, base_url: str, project_id: str, *, give_up: GiveUp = never) -> list[Start]:
        """Return the starts of a project whose runs are not known."""
        return [_start_of_row(row) for row in self._ask(UNANSWERED, (self._place(base_url), project_id), give_up)]

    def claimed(self, base_url: str, run_ids: Collection[str], *, give_up: GiveUp = never) -> set[str]:
        """Return which of these runs belong to a start on record."""
        rows = self._ask(CLAIMED, (self._place(base_url), list(run_ids)), give_up)
        return {checked(str, row[0]) for row in rows}

    def remember(self, base_url: str, project_id: str, run_id: str, at: float, *, give_up: GiveUp = never) -> None:
        """Write down a run's project that was found by searching."""
        self._ask(REMEMBER, (self._place(base_url), run_id, project_id, at), give_up)

    def project_of(self, base_url: str, run_id: str, *, give_up: GiveUp = never) -> str | None:
        """Return the project of a run that was started or found from here."""
        rows = self._ask(PROJECT_OF, (self._place(base_url), run_id) * 2, give_up)
        return checked(str, rows[0][0]) if rows else None

    def _place(self, base_url: str) -> str:
        return self._caller + base_url

    def id_of(self, base_url: str, key: str) -> bytes:
        """Return under what the start of a key is found."""
        return hashlib.sha256(self._name_of_key(base_url, key).encode()).digest()

    def _name_of_key(self, base_url: str, key: str) -> str:
        return json.dumps(["alone", self._place(base_url), key])

    def _keeper_of(self, base_url: str, key: str) -> Database | None:
        return self._holds.keeper_of(self._name_of_key(base_url, key))

    @contextmanager
    def _hold(self, name: str, give_up: GiveUp) -> Iterator[bool]:
        with ExitStack() as held:
            with _told():
                ours = held.enter_context(self._holds.hold(name, give_up, self._at_last(give_up)))
            yield ours

    def _ask(
        self, statement: bytes, given: tuple[Any, ...], give_up: GiveUp, only: Database | None = None
    ) -> list[tuple[Any, ...]]:
        """Carry out one statement and return its rows."""

        def ask(database: Database) -> list[tuple[Any, ...]]:
            done = database.execute(statement, given)
            return done.fetchall() if done.description else []

        return self._do(ask, give_up, only)

    def _do(self, work: Callable[[Database], T], give_up: GiveUp, only: Database | None = None) -> T:
        """Do work that may be done twice, as soon as the server does it. only: on this connection alone.

        Raises RecordLostError where that connection is lost, RecordBusyError where the server cannot be waited for,
        RecordError for the rest.
        """
        give_up = self._at_last(give_up)
        with _told():
            while True:
                try:
                    with self._session.use(give_up, only) as database:
                        return work(database)
                except ReplacedError:
                    raise
                except AwayError:
                    if give_up():
                        raise
                self._clock.wait(LOOK_UP)

    def _at_last(self, give_up: GiveUp) -> GiveUp:
        """Make of a reason to give up one that says so in the end, whatever the other says."""
        until = self._clock.monotonic() + BUSY_SECONDS
        return lambda: give_up() or self._clock.monotonic() >= until


@contextmanager
def _told() -> Iterator[None]:
    """Make of whatever is wrong with the server an error of the record."""
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
        raise RecordError(words_of(error)) from error


def _prepare(database: Database) -> None:
    # What was written down has to outlive the server's end.
    database.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    bring_up_to_date(database, PART, CHANGES)


def _keep_small(database: Database, now: float) -> None:
    oldest = now - KEPT_DAYS * DAY
    database.execute(FORGET_OLD, {"number": FORGETTING, "oldest": oldest, "most": KEPT_STARTS})


def _start_of_row(row: tuple[Any, ...]) -> Start:
    return start_of_row((of_json(str, row[0]), *row[1:]))
