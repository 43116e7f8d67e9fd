"""Selects the record that the calls on a connection use."""

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
# One per server, so that a process opens one connection to it for all connections to Hex.
_servers: dict[str, PostgresRecord] = {}


def record_of(connection: Connection) -> Record:
    """Return the record of a connection. Default: that of the environment."""
    return connection.shared.get(_KEY, record_of_environment)


def use_record(connection: Connection, record: Record) -> None:
    """Set the record of a connection's calls, including those with another token among their inputs."""
    connection.shared.put(_KEY, record)


def record_of_environment() -> Record:
    """Return the record in the PostgreSQL server of HEX_BLOCKS_RECORD, or else in the platform's data folder.

    Raises:
        HexError: The variable is not a valid address (`bad_record`).
    """
    return _in_postgres() if address_of_record() else SqliteRecord()


def record_of_caller(token: str) -> Record:
    """Return the part of the environment's record for the calls with a token, named after the token's hash.

    So callers cannot see or use each other's idempotency keys and runs.
    """
    name = hashlib.sha256(token.encode()).hexdigest()[:32]
    return _in_postgres().of_caller(name) if address_of_record() else SqliteRecord(default_folder() / "callers" / name)


def _in_postgres() -> PostgresRecord:
    # No variable holds the address while an error can be raised: tracebacks show variables, and it can have a password.
    if fault := fault_of(address_of_record()):
        raise hex_error("bad_record", variable=RECORD_VARIABLE, reason=fault)
    from hex_blocks.runs.record.postgres import PostgresRecord

    address = address_of_record()
    return _servers.get(address) or _servers.setdefault(address, PostgresRecord(address))
