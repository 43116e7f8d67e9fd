"""Opens the database that the settings of a service select."""

from __future__ import annotations

from hex_blocks.hosts.service.database import Database
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.hosts.service.sqlite import SqliteDatabase


def database_of(settings: Settings) -> Database:
    """Return the database of a service.

    Raises:
        ProblemError: It cannot be opened (`store_unusable`).
    """
    if settings.server:
        from hex_blocks.hosts.service.postgres import PostgresDatabase

        return PostgresDatabase(settings.server)
    return SqliteDatabase(settings.folder)
