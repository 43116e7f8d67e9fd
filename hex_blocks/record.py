"""The record of runs started from here, so that a run is found again by its id alone, and never started twice.

One SQLite file in the platform's data folder (or HEX_BLOCKS_DATA_DIR), readable by its owner only, safe under
several processes, bounded in size and age. It holds ids, times and states; never a token, an input or a result.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

DATA_DIR = "HEX_BLOCKS_DATA_DIR"
SCHEMA_VERSION = 1
KEPT_DAYS = 120
KEPT_RUNS = 100_000
BUSY_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    base_url TEXT NOT NULL,
    run_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    started_at REAL NOT NULL,
    PRIMARY KEY (base_url, run_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_age ON runs (started_at);
"""


class Record(Protocol):
    """What the rest of the project asks of a record. Times are seconds since the Unix epoch."""

    def started(self, base_url: str, project_id: str, run_id: str, at: float) -> None:
        """Remember a run that was started."""
        ...

    def project_of(self, base_url: str, run_id: str) -> str | None:
        """Give the project of a run that was started from here."""
        ...


def default_path() -> Path:
    """Where the record lies."""
    if folder := os.environ.get(DATA_DIR):
        return Path(folder) / "runs.sqlite3"
    from platformdirs import user_data_path

    return user_data_path("hex-blocks", appauthor=False) / "runs.sqlite3"


class SqliteRecord:
    """The record in one SQLite file. Opened for each use: no handle outlives a fork or a thread."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self._ready = False

    def started(self, base_url: str, project_id: str, run_id: str, at: float) -> None:
        """Remember a run that was started."""
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO runs (base_url, run_id, project_id, started_at) VALUES (?, ?, ?, ?)",
                (base_url, run_id, project_id, at),
            )
            database.execute("DELETE FROM runs WHERE started_at < ?", (at - KEPT_DAYS * 86_400,))
            database.execute(
                "DELETE FROM runs WHERE started_at < "
                "(SELECT started_at FROM runs ORDER BY started_at DESC LIMIT 1 OFFSET ?)",
                (KEPT_RUNS,),
            )

    def project_of(self, base_url: str, run_id: str) -> str | None:
        """Give the project of a run that was started from here."""
        with self._open() as database:
            row = database.execute(
                "SELECT project_id FROM runs WHERE base_url = ? AND run_id = ?", (base_url, run_id)
            ).fetchone()
        return row[0] if row else None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if not self._ready:
            self._make_private_file()
        database = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
        try:
            if not self._ready:
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(_SCHEMA)
                database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                self._ready = True
            with database:
                yield database
        finally:
            database.close()

    def _make_private_file(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        os.close(handle)
