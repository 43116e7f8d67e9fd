"""The tables of the service, defined once for SQLite and PostgreSQL: settings, jobs, events, hooks and deliveries."""

from __future__ import annotations

# The migrations of the tables in SQLite's dialect, from an empty database on. `jobs.told` is 1 if the messages about
# the end of a job are stored.
MIGRATIONS = (
    """
    CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        caller TEXT NOT NULL,
        tool TEXT NOT NULL,
        inputs TEXT NOT NULL,
        language TEXT,
        status TEXT NOT NULL,
        created_at REAL NOT NULL,
        started_at REAL,
        ended_at REAL,
        expires_at REAL NOT NULL,
        key TEXT,
        fingerprint TEXT,
        answered INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        leased_until REAL,
        fence INTEGER NOT NULL DEFAULT 0,
        resumable INTEGER NOT NULL,
        cancelled INTEGER NOT NULL DEFAULT 0,
        token BLOB,
        progress TEXT,
        result TEXT,
        problem TEXT,
        events INTEGER NOT NULL DEFAULT 0,
        told INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX jobs_untold ON jobs (ended_at) WHERE told = 0 AND ended_at IS NOT NULL;
    CREATE UNIQUE INDEX jobs_by_key ON jobs (caller, key) WHERE key IS NOT NULL;
    CREATE INDEX jobs_open ON jobs (leased_until, created_at) WHERE status IN ('queued', 'running');
    CREATE INDEX jobs_by_caller ON jobs (caller, created_at);
    CREATE INDEX jobs_by_age ON jobs (expires_at);
    CREATE TABLE events (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        name TEXT NOT NULL,
        data TEXT NOT NULL,
        PRIMARY KEY (job, number)
    ) WITHOUT ROWID;
    CREATE TABLE hooks (
        id TEXT PRIMARY KEY,
        caller TEXT NOT NULL,
        target_url TEXT NOT NULL,
        events TEXT NOT NULL,
        projects TEXT NOT NULL,
        secret BLOB NOT NULL,
        token BLOB,
        language TEXT,
        status TEXT NOT NULL,
        reason TEXT,
        created_at REAL NOT NULL,
        failing_since REAL,
        cursor TEXT,
        looked_at REAL NOT NULL DEFAULT 0,
        owner TEXT,
        leased_until REAL
    ) WITHOUT ROWID;
    CREATE INDEX hooks_by_caller ON hooks (caller, created_at);
    CREATE TABLE deliveries (
        id TEXT NOT NULL,
        hook TEXT NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
        event TEXT NOT NULL,
        body TEXT NOT NULL,
        status TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        created_at REAL NOT NULL,
        next_at REAL,
        last_status INTEGER,
        last_error TEXT,
        owner TEXT,
        leased_until REAL,
        PRIMARY KEY (hook, id)
    ) WITHOUT ROWID;
    CREATE INDEX deliveries_due ON deliveries (next_at) WHERE status = 'pending';
    """,
)
# What is different in PostgreSQL's dialect.
_IN_POSTGRES = {" WITHOUT ROWID": "", " REAL": " double precision", " BLOB": " bytea"}


def postgres_migrations() -> tuple[str, ...]:
    """Return the migrations in PostgreSQL's dialect."""
    return tuple(map(_in_postgres, MIGRATIONS))


def _in_postgres(change: str) -> str:
    for name, other in _IN_POSTGRES.items():
        change = change.replace(name, other)
    return change
