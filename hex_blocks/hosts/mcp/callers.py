"""A connection for one request, with the token that the caller sent."""

from __future__ import annotations

from hex_blocks.api.connection import Connection
from hex_blocks.runs.record.configured import record_of_caller, use_record


def connection_of_caller(token: str, server: Connection) -> Connection:
    """Return a connection with the caller's token and the server's other settings. Close it when the call has ended.

    The token is not stored. Each caller has its own part of the record of runs, so that no caller can use the
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
