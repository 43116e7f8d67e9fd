"""The database of the service in the PostgreSQL server of the shared record, for replicas on several machines.

Each process has one connection. If the server is restarting, or another replica causes a conflict, a transaction is
repeated for some seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from hex_blocks.clock import SystemClock
from hex_blocks.hosts.service.database import BUSY_SECONDS, RunStatement, StatementResult
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.tables import postgres_migrations
from hex_blocks.postgres.schema import SCHEMA, migrate
from hex_blocks.postgres.session import POLL_SECONDS, AwayError, PooledError, ServerError, Session
from hex_blocks.postgres.session import Database as Connected

T = TypeVar("T")
PART = "service"
CLOCK_CHECK_SECONDS = 60.0


class ServerClock(SystemClock):
    """The clock of the database server, so that leases do not depend on the clocks of several machines."""

    def __init__(self) -> None:
        self._ahead = super().time() - self.monotonic()
        self._measured_at = 0.0

    def time(self) -> float:
        """Return the server's time in seconds since the Unix epoch."""
        return self.monotonic() + self._ahead

    @property
    def is_stale(self) -> bool:
        """Whether the offset to the server's clock must be measured again."""
        return self.monotonic() - self._measured_at >= CLOCK_CHECK_SECONDS

    def measure(self, connected: Connected) -> None:
        """Measure the offset to the server's clock."""
        began = self.monotonic()
        row = connected.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        self._measured_at = self.monotonic()
        if row:
            self._ahead = row[0] - (began + self._measured_at) / 2


class PostgresDatabase:
    """The tables of the service in a PostgreSQL server.

    Args:
        address: The address of the server, in a form of libpq.
    """

    skip_locked = "FOR UPDATE SKIP LOCKED"

    def __init__(self, address: str) -> None:
        self.clock = ServerClock()
        self.recovered_at = 0.0
        self._was_unavailable = False
        self._session = Session(address, self._prepare, settings={"search_path": SCHEMA})
        self.read("SELECT 1 AS here")

    def _prepare(self, connected: Connected) -> None:
        connected.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        migrate(connected, PART, postgres_migrations())
        self.clock.measure(connected)

    def transaction(self, work: Callable[[RunStatement], T]) -> T:
        """Call `work` in a transaction and return its result. Raises ProblemError (`store_unusable`)."""

        def in_transaction(connected: Connected) -> T:
            with connected.transaction():
                return work(_statement_runner(connected))

        return self._with_retries(in_transaction)

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query. Raises ProblemError (`store_unusable`)."""
        return self.write(statement, values).rows

    def write(self, statement: str, values: Sequence[Any] = ()) -> StatementResult:
        """Run one statement and return its result. Raises ProblemError (`store_unusable`)."""
        return self._with_retries(lambda connected: _statement_runner(connected)(statement, values))

    def close(self) -> None:
        """Close the connection; the next statement opens a new one."""
        self._session.close()

    def _with_retries(self, work: Callable[[Connected], T]) -> T:
        until = self.clock.monotonic() + BUSY_SECONDS

        def timed_out() -> bool:
            return self.clock.monotonic() >= until

        while True:
            try:
                with self._session.use(timed_out) as connected:
                    result = work(connected)
                    if self.clock.is_stale:
                        self.clock.measure(connected)
            except AwayError as error:
                self._was_unavailable = True
                if timed_out():
                    raise ProblemError("store_unusable") from error
            except (PooledError, ServerError, psycopg.Error) as error:
                raise ProblemError("store_unusable") from error
            else:
                if self._was_unavailable:
                    self._was_unavailable, self.recovered_at = False, self.clock.time()
                return result
            self.clock.wait(POLL_SECONDS)


def _statement_runner(connected: Connected) -> RunStatement:
    def run(statement: str, values: Sequence[Any]) -> StatementResult:
        cursor = connected.cursor(row_factory=dict_row).execute(_for_psycopg(statement), [*map(_storable, values)])
        return StatementResult(cursor.fetchall() if cursor.description else [], cursor.rowcount)

    return run


@lru_cache(maxsize=256)
def _for_psycopg(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()


def _storable(value: Any) -> Any:
    """Return a value in a form that PostgreSQL can store: its strings hold neither NUL nor lone surrogates."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return value
