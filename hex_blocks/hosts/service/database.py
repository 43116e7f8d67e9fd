"""The interface to the database of the service: a SQLite file, or a PostgreSQL server that several machines share.

The same statements are used for both, with a question mark for each value. A database class translates what differs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from hex_blocks.clock import Clock

T = TypeVar("T")
# How long to wait for a file that another process writes to, or for a server that cannot be reached.
BUSY_SECONDS = 10.0


class Row(Protocol):
    """A row, indexed by column name."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a column."""
        ...


class StatementResult(NamedTuple):
    """The result of a statement: the rows it returned, and the number of rows it changed."""

    rows: list[Any]
    changed: int


RunStatement = Callable[[str, Sequence[Any]], StatementResult]


class Database(Protocol):
    """A database. Every method but `close` may raise ProblemError (`store_unusable`).

    Attributes:
        skip_locked: The end of a query that skips rows which another transaction has locked.
    """

    skip_locked: str

    @property
    def clock(self) -> Clock:
        """The clock for all times in the database, the same for all processes that share it."""
        ...

    @property
    def recovered_at(self) -> float:
        """When it became available again after an outage, by its clock; 0 if there was none."""
        ...

    def transaction(self, work: Callable[[RunStatement], T]) -> T:
        """Call `work` in a transaction and return its result. After a conflict, `work` is called again."""
        ...

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query."""
        ...

    def write(self, statement: str, values: Sequence[Any] = ()) -> StatementResult:
        """Run one statement and return its result."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...


def stored_random(database: Database, name: str, length: int = 32) -> bytes:
    """Return random bytes that are generated once and stored: the same for all processes that use the database."""
    made = secrets.token_bytes(length)
    database.write("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, made))
    return bytes(database.read("SELECT value FROM settings WHERE name = ?", (name,))[0]["value"])
