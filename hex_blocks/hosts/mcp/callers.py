"""A connection for one request of one caller, with the token that the request brought."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from hex_blocks.api.connection import Connection
from hex_blocks.runs.record.configured import use_record
from hex_blocks.runs.record.sqlite import SqliteRecord, default_folder

if TYPE_CHECKING:
    from pathlib import Path


def connection_of_caller(token: str, server: Connection) -> Connection:
    """Return a connection with the caller's token and all else of the server's. It is closed when the call ends.

    The token is kept nowhere. The caller's record of runs stands in a folder named after the token's hash, so that
    no caller meets the idempotency keys and runs of another.
    """
    connection = Connection(
        token,
        server.given_base_url,
        allowed_hosts=server.allowed_hosts,
        pinned=True,
        patience=server.patience,
        clock=server.clock,
        limits=server.limits,
    )
    use_record(connection, SqliteRecord(_folder(token)))
    return connection


def _folder(token: str) -> Path:
    return default_folder() / "callers" / hashlib.sha256(token.encode()).hexdigest()[:32]
