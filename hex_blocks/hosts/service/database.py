"""Where the service keeps things: a SQLite file of its own, or the PostgreSQL server that several machines share.

Statements are written once, with a question mark for each value; what the two kinds say otherwise, each says here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from hex_blocks.clock import Clock

T = TypeVar("T")
# So long it is waited for a file that another process writes to, or a server that cannot be reached.
BUSY_SECONDS = 10.0


class Row(Protocol):
    """A row, by the names of its columns."""

    def __getitem__(self, name: str, /) -> Any:
        """Return what stands in a column."""
        ...


class Done(NamedTuple):
    """What came of a statement: the rows that it gives, and how many it changed."""

    rows: list[Any]
    changed: int


Run = Callable[[str, Sequence[Any]], Done]


class Database(Protocol):
    """A database. Everything that asks it may raise ProblemError (`store_unusable`).

    Attributes:
        clock: The time that everybody who shares it goes by.
        unlocked: What a query says at its end to pass over rows that another one is changing.
    """

    unlocked: str

    @property
    def clock(self) -> Clock:
        """The time that everybody who shares it goes by."""
        ...

    @property
    def back_since(self) -> float:
        """When it answered again after it had not, by its clock; 0 where it always has."""
        ...

    def transaction(self, work: Callable[[Run], T]) -> T:
        """Do work with statements, all of them or none. The work may be done again, from its beginning."""
        ...

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query."""
        ...

    def write(self, statement: str, values: Sequence[Any] = ()) -> Done:
        """Run one statement."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


def kept(database: Database, name: str, length: int = 32) -> bytes:
    """Return random bytes that are made once and are the same for every process that uses the database."""
    made = secrets.token_bytes(length)
    database.write("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, made))
    return bytes(database.read("SELECT value FROM settings WHERE name = ?", (name,))[0]["value"])
