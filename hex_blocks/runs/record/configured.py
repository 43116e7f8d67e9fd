"""The record that the calls on a connection use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hex_blocks.runs.record.sqlite import SqliteRecord

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.runs.record.store import Record

_KEY = "record of runs"


def record_of(connection: Connection) -> Record:
    """Return a connection's record: the file in the platform's data folder where no other was chosen."""
    return connection.shared.get(_KEY, SqliteRecord)


def use_record(connection: Connection, record: Record) -> None:
    """Use a record for a connection's calls, those with a token of their own included."""
    connection.shared.put(_KEY, record)
