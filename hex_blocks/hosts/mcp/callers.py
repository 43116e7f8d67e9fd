"""A connection for one request of one caller, with the token that the request brought."""

from __future__ import annotations

from hex_blocks.api.connection import Connection
from hex_blocks.runs.record.configured import record_of_caller, use_record


def connection_of_caller(token: str, server: Connection) -> Connection:
    """Return a connection with the caller's token and all else of the server's. It is closed when the call ends.

    The token is kept nowhere. The caller's record of runs is a part of its own, so that no caller meets the
    idempotency keys and runs of another.
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
    use_record(connection, record_of_caller(token))
    return connection
