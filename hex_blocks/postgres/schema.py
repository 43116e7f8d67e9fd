"""Creates and migrates our tables in the shared PostgreSQL server."""

from __future__ import annotations

from collections.abc import Sequence

from hex_blocks.i18n.texts import phrase
from hex_blocks.postgres.session import Database, ServerError

# All tables are in this schema, so that the database can be shared with other programs.
SCHEMA = "hex_blocks"
# The number of the advisory lock that is held during a migration.
MIGRATION_LOCK = 0x6865785F626C6F63


def migrate(database: Database, part: str, changes: Sequence[str]) -> None:
    """Create the tables of a part of the program, or migrate them from an earlier version.

    Args:
        database: The connection.
        part: The name of the part.
        changes: The statements of each version, from the first one on.

    Raises:
        ServerError: The tables are of a newer version of this program.
    """
    if _version(database, part) == len(changes):
        return
    with database.transaction():
        database.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        version = _version(database, part)
        if version > len(changes):
            raise ServerError(phrase("it was written by a newer version of this program"))
        _create_schema(database)
        for change in changes[version:]:
            database.execute(change.encode())
        database.execute(
            f"INSERT INTO {SCHEMA}.versions (part, number) VALUES (%s, %s) "  # noqa: S608
            "ON CONFLICT (part) DO UPDATE SET number = excluded.number".encode(),
            (part, len(changes)),
        )


def _version(database: Database, part: str) -> int:
    # Read from pg_tables, because a session's cache of names can be older than another process's migration.
    known = database.execute(
        "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'versions'", (SCHEMA,)
    ).fetchone()
    if not known:
        return 0
    found = database.execute(f"SELECT number FROM {SCHEMA}.versions WHERE part = %s".encode(), (part,)).fetchone()  # noqa: S608
    return int(found[0]) if found else 0


def _create_schema(database: Database) -> None:
    # Not CREATE SCHEMA IF NOT EXISTS, which fails for a user without that permission even if the schema exists.
    if not database.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (SCHEMA,)).fetchone():
        database.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    database.execute(
        f"CREATE TABLE IF NOT EXISTS {SCHEMA}.versions (part text PRIMARY KEY, number integer NOT NULL)".encode()
    )
