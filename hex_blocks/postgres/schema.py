"""Our tables in a PostgreSQL server, each part of them made and brought up to date by whoever comes first."""

from __future__ import annotations

from collections.abc import Sequence

from hex_blocks.i18n.texts import phrase
from hex_blocks.postgres.session import Database, ServerError

# All of it is in a schema of this name, so that it can share a database with other programs.
SCHEMA = "hex_blocks"
# The number of the lock under which tables are changed.
CHANGING = 0x6865785F626C6F63


def bring_up_to_date(database: Database, part: str, changes: Sequence[str]) -> None:
    """Make the tables of a part, or change those of an earlier version. changes: from nothing on, one a version.

    Raises ServerError where a newer version of this program has changed them.
    """
    if _version(database, part) == len(changes):
        return
    with database.transaction():
        database.execute("SELECT pg_advisory_xact_lock(%s)", (CHANGING,))
        version = _version(database, part)
        if version > len(changes):
            raise ServerError(phrase("it was written by a newer version of this program"))
        _make_room(database)
        for change in changes[version:]:
            database.execute(change.encode())
        database.execute(
            f"INSERT INTO {SCHEMA}.versions (part, number) VALUES (%s, %s) "  # noqa: S608
            "ON CONFLICT (part) DO UPDATE SET number = excluded.number".encode(),
            (part, len(changes)),
        )


def _version(database: Database, part: str) -> int:
    # Looked up as rows: what the server keeps of names in a connection may be of before another's change.
    known = database.execute(
        "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'versions'", (SCHEMA,)
    ).fetchone()
    if not known:
        return 0
    found = database.execute(f"SELECT number FROM {SCHEMA}.versions WHERE part = %s".encode(), (part,)).fetchone()  # noqa: S608
    return int(found[0]) if found else 0


def _make_room(database: Database) -> None:
    # One that is there, an administrator may have made for somebody who may make none.
    if not database.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (SCHEMA,)).fetchone():
        database.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    database.execute(
        f"CREATE TABLE IF NOT EXISTS {SCHEMA}.versions (part text PRIMARY KEY, number integer NOT NULL)".encode()
    )
