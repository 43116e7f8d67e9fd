"""The record that the calls on a connection use."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from hex_blocks.errors.classes import hex_error
from hex_blocks.postgres.address import RECORD_VARIABLE, address_of_record, fault_of
from hex_blocks.runs.record.sqlite import SqliteRecord, default_folder

if TYPE_CHECKING:
    from hex_blocks.api.connection import Connection
    from hex_blocks.runs.record.postgres import PostgresRecord
    from hex_blocks.runs.record.store import Record

_KEY = "record of runs"
# One a server, so that a process takes one place of the server's however many connections to Hex it has.
_servers: dict[str, PostgresRecord] = {}


def record_of(connection: Connection) -> Record:
    """Return a connection's record: that of the environment where no other was chosen."""
    return connection.shared.get(_KEY, record_of_environment)


def use_record(connection: Connection, record: Record) -> None:
    """Use a record for a connection's calls, those with a token of their own included."""
    connection.shared.put(_KEY, record)


def record_of_environment() -> Record:
    """Return the record in the PostgreSQL that HEX_BLOCKS_RECORD names, else the file in the platform's data folder.

    Raises HexError (`bad_record`) where the variable cannot be meant.
    """
    return _in_postgres() if address_of_record() else SqliteRecord()


def record_of_caller(token: str) -> Record:
    """Return the part of the environment's record that belongs to whoever has a token, named after its hash.

    No caller meets the idempotency keys and runs of another.
    """
    name = hashlib.sha256(token.encode()).hexdigest()[:32]
    return _in_postgres().of_caller(name) if address_of_record() else SqliteRecord(default_folder() / "callers" / name)


def _in_postgres() -> PostgresRecord:
    # Not held in a variable while anything is raised: tracebacks may show those, and the address a password.
    if fault := fault_of(address_of_record()):
        raise hex_error("bad_record", variable=RECORD_VARIABLE, reason=fault)
    from hex_blocks.runs.record.postgres import PostgresRecord

    address = address_of_record()
    return _servers.get(address) or _servers.setdefault(address, PostgresRecord(address))
