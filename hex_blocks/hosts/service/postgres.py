"""What the service keeps, in the PostgreSQL server of the shared record, for replicas on any number of machines.

One connection for each process. What the server cannot do just now, since it is restarted or another replica is in
the way, is done again until it can, for some seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from psycopg.rows import dict_row

from hex_blocks.clock import SystemClock
from hex_blocks.hosts.service.database import BUSY_SECONDS, Done, Run
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.tables import changes_in_postgres
from hex_blocks.postgres.schema import SCHEMA, bring_up_to_date
from hex_blocks.postgres.session import LOOK_UP, AwayError, PooledError, ServerError, Session
from hex_blocks.postgres.session import Database as Connected

T = TypeVar("T")
PART = "service"
COMPARED_SECONDS = 60.0


class ServerClock(SystemClock):
    """The server's time. Leases that several machines keep are told by one clock, whatever the machines' own say."""

    def __init__(self) -> None:
        self._ahead = super().time() - self.monotonic()
        self._compared_at = 0.0

    def time(self) -> float:
        """Return seconds since the Unix epoch, as the server counts them."""
        return self.monotonic() + self._ahead

    @property
    def is_stale(self) -> bool:
        """Whether it is time to look at the server's clock again."""
        return self.monotonic() - self._compared_at >= COMPARED_SECONDS

    def compare(self, connected: Connected) -> None:
        """Look at the server's clock."""
        began = self.monotonic()
        row = connected.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        self._compared_at = self.monotonic()
        if row:
            self._ahead = row[0] - (began + self._compared_at) / 2


class PostgresDatabase:
    """The tables in a server.

    Args:
        address: The server's, as libpq reads it.
    """

    unlocked = "FOR UPDATE SKIP LOCKED"

    def __init__(self, address: str) -> None:
        self.clock = ServerClock()
        self.back_since = 0.0
        self._away = False
        self._session = Session(address, self._prepare, settings={"search_path": SCHEMA})
        self.read("SELECT 1 AS here")

    def _prepare(self, connected: Connected) -> None:
        connected.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        bring_up_to_date(connected, PART, changes_in_postgres())
        self.clock.compare(connected)

    def transaction(self, work: Callable[[Run], T]) -> T:
        """Do work with statements, all of them or none. Raises ProblemError (`store_unusable`)."""

        def do(connected: Connected) -> T:
            with connected.transaction():
                return work(_runner(connected))

        return self._do(do)

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query. Raises ProblemError (`store_unusable`)."""
        return self.write(statement, values).rows

    def write(self, statement: str, values: Sequence[Any] = ()) -> Done:
        """Run one statement. Raises ProblemError (`store_unusable`)."""
        return self._do(lambda connected: _runner(connected)(statement, values))

    def close(self) -> None:
        """Close the connection; it is made anew when it is needed."""
        self._session.close()

    def _do(self, work: Callable[[Connected], T]) -> T:
        until = self.clock.monotonic() + BUSY_SECONDS

        def give_up() -> bool:
            return self.clock.monotonic() >= until

        while True:
            try:
                with self._session.use(give_up) as connected:
                    done = work(connected)
                    if self.clock.is_stale:
                        self.clock.compare(connected)
            except AwayError as error:
                self._away = True
                if give_up():
                    raise ProblemError("store_unusable") from error
            except (PooledError, ServerError, psycopg.Error) as error:
                raise ProblemError("store_unusable") from error
            else:
                if self._away:
                    self._away, self.back_since = False, self.clock.time()
                return done
            self.clock.wait(LOOK_UP)


def _runner(connected: Connected) -> Run:
    def run(statement: str, values: Sequence[Any]) -> Done:
        made = connected.cursor(row_factory=dict_row).execute(_translated(statement), [*map(_storable, values)])
        return Done(made.fetchall() if made.description else [], made.rowcount)

    return run


@lru_cache(maxsize=256)
def _translated(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()


def _storable(value: Any) -> Any:
    """Return a value that the server takes. What callers ask for may hold what no text of the server's can."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return value
