"""Sliding windows in a PostgreSQL server, shared by any number of processes. Needs hex-blocks[postgres]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from hex_blocks.api.limits.shared_windows import REPLY_SECONDS, SharedWindows, StoreUnreachableError
from hex_blocks.api.limits.windows import Window, windows_in_memory
from hex_blocks.clock import Clock, SystemClock
from hex_blocks.postgres.schema import migrate
from hex_blocks.postgres.session import AwayError, Database, ServerError, Session

PART = "budget"
# One function checks and counts all windows of a request under a lock per token, so that processes do not interleave.
# It uses the server's clock, so that the machines' clocks need not agree. It returns the seconds to wait and how many
# requests could be sent now, null if no window has a limit.
CHANGES = (
    """
    CREATE TABLE hex_blocks.windows (
        who text NOT NULL,
        name text NOT NULL,
        amount integer NOT NULL,
        seconds integer NOT NULL,
        moments double precision[] NOT NULL,
        expires_at double precision NOT NULL,
        PRIMARY KEY (who, name, amount, seconds)
    );
    CREATE TABLE hex_blocks.closed (
        who text NOT NULL,
        name text NOT NULL,
        expires_at double precision NOT NULL,
        PRIMARY KEY (who, name)
    );
    CREATE FUNCTION hex_blocks.take(
        of_whom text, counting boolean, ahead integer, names text[], amounts integer[], lengths integer[],
        OUT wait double precision, OUT room integer
    ) LANGUAGE plpgsql AS $$
    DECLARE
        now_is double precision;
        counted double precision[];
        missing integer;
    BEGIN
        IF counting THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('hex_blocks.windows ' || of_whom, 0));
        END IF;
        now_is := extract(epoch FROM clock_timestamp());
        wait := 0;
        FOR i IN 1 .. cardinality(names) LOOP
            SELECT greatest(wait, max(c.expires_at) - now_is) INTO wait
            FROM hex_blocks.closed c WHERE c.who = of_whom AND c.name = names[i] AND c.expires_at > now_is;
            IF amounts[i] > 0 THEN
                counted := ARRAY(
                    SELECT moment FROM hex_blocks.windows w, unnest(w.moments) AS moment
                    WHERE w.who = of_whom AND w.name = names[i] AND w.amount = amounts[i] AND w.seconds = lengths[i]
                    AND moment > now_is - lengths[i] ORDER BY moment
                );
                room := least(room, greatest(0, amounts[i] - cardinality(counted)));
                missing := cardinality(counted) + ahead + 1 - amounts[i];
                IF missing > 0 THEN
                    -- Each full window of requests ahead takes another length of the window.
                    wait := greatest(
                        wait, 0.001, coalesce(counted[(missing - 1) % amounts[i] + 1], now_is)
                        + lengths[i] * ((missing - 1) / amounts[i] + 1) - now_is
                    );
                END IF;
            END IF;
        END LOOP;
        IF EXISTS (
            SELECT 1 FROM hex_blocks.closed c
            WHERE c.who = of_whom AND c.name = ANY(names) AND c.expires_at > now_is
        ) THEN
            room := 0;
        END IF;
        IF counting AND wait <= 0 THEN
            FOR i IN 1 .. cardinality(names) LOOP
                IF amounts[i] > 0 THEN
                    INSERT INTO hex_blocks.windows AS w (who, name, amount, seconds, moments, expires_at)
                    VALUES (of_whom, names[i], amounts[i], lengths[i], ARRAY[now_is], now_is + lengths[i])
                    ON CONFLICT (who, name, amount, seconds) DO UPDATE SET
                        moments = ARRAY(SELECT m FROM unnest(w.moments) AS m WHERE m > now_is - lengths[i]) || now_is,
                        expires_at = excluded.expires_at;
                END IF;
            END LOOP;
            DELETE FROM hex_blocks.windows WHERE ctid IN (
                SELECT w.ctid FROM hex_blocks.windows w WHERE w.expires_at < now_is FOR UPDATE SKIP LOCKED
            );
            DELETE FROM hex_blocks.closed WHERE ctid IN (
                SELECT c.ctid FROM hex_blocks.closed c WHERE c.expires_at < now_is FOR UPDATE SKIP LOCKED
            );
        END IF;
    END $$;
    """,
)
TAKE = b"SELECT wait, room FROM hex_blocks.take(%s, %s, %s, %s::text[], %s::integer[], %s::integer[])"
CLOSE = b"""
    INSERT INTO hex_blocks.closed AS c (who, name, expires_at)
    VALUES (%s, %s, extract(epoch FROM clock_timestamp()) + %s)
    ON CONFLICT (who, name) DO UPDATE SET expires_at = greatest(c.expires_at, excluded.expires_at)
"""


class PostgresWindows:
    """A WindowStore in a PostgreSQL server. Its methods raise StoreUnreachableError."""

    def __init__(self, address: str) -> None:
        seconds = f"{round(REPLY_SECONDS)}s"
        # A crash of the server may lose the last second; each process has counted its own requests as well.
        settings = {"lock_timeout": seconds, "statement_timeout": seconds, "synchronous_commit": "off"}
        # Works through any connection pooler: nothing is kept between statements.
        self._session = Session(address, _prepare, silence=REPLY_SECONDS, keeps=False, settings=settings)
        self._clock = SystemClock()

    def take(self, token_hash: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it, and return 0; otherwise the seconds until there is room."""
        return self._take(token_hash, windows, counting=True, ahead=0)[0]

    def wait(self, token_hash: str, windows: Sequence[Window], ahead: int) -> float:
        """Return the seconds until there is room for a request after `ahead` others."""
        return self._take(token_hash, windows, counting=False, ahead=ahead)[0]

    def left(self, token_hash: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        return self._take(token_hash, windows, counting=False, ahead=0)[1]

    def close(self, token_hash: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for some seconds."""
        self._execute(CLOSE, (token_hash, name, seconds))

    def _take(self, token_hash: str, windows: Sequence[Window], *, counting: bool, ahead: int) -> tuple[float, int]:
        names, amounts, lengths = zip(*windows, strict=True) if windows else ((), (), ())
        row = self._execute(TAKE, (token_hash, counting, ahead, list(names), list(amounts), list(lengths)))
        return float(row[0]), int(-1 if row[1] is None else row[1])

    def _execute(self, statement: bytes, parameters: tuple[Any, ...]) -> tuple[Any, ...]:
        until = self._clock.monotonic() + REPLY_SECONDS
        try:
            try:
                return self._execute_once(statement, parameters, until)
            except AwayError:
                # The connection may have been closed while it was idle.
                return self._execute_once(statement, parameters, until)
        except (AwayError, ServerError, psycopg.Error) as error:
            raise StoreUnreachableError(type(error.__cause__ or error).__name__) from error

    def _execute_once(self, statement: bytes, parameters: tuple[Any, ...], until: float) -> tuple[Any, ...]:
        with self._session.use(lambda: self._clock.monotonic() >= until) as database:
            cursor = database.execute(statement, parameters)
            return (cursor.fetchone() if cursor.description else None) or ()


def _prepare(database: Database) -> None:
    migrate(database, PART, CHANGES)


# One per server, so that a process opens one connection to it for all tokens.
_servers: dict[str, PostgresWindows] = {}


def windows_in_postgres(address: str, clock: Clock) -> SharedWindows:
    """Return windows that all processes with this server share. Connects on first use."""
    server = _servers.get(address) or _servers.setdefault(address, PostgresWindows(address))
    return SharedWindows(server, "PostgreSQL", windows_in_memory(clock), clock)
