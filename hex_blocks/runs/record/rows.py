"""The tables of the SQLite file, and the parsing of rows. Values that this program cannot have written are errors."""

from __future__ import annotations

import json
import math
from typing import Any, TypeVar, cast

from hex_blocks.runs.model import ENDS, Run
from hex_blocks.runs.record.store import RecordError, Start

SCHEMA_VERSION = 2
# How long and how many starts are kept, in any store.
KEPT_DAYS = 120
KEPT_STARTS = 100_000
DAY = 86_400

# The end of the year 9999, in seconds since the Unix epoch.
LATEST_TIME = 253_402_300_800.0


# The statements of each version, from an empty file on.
SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS starts (
        base_url TEXT NOT NULL,
        key TEXT NOT NULL,
        project_id TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        intended_at REAL NOT NULL,
        run_id TEXT,
        reply TEXT,
        PRIMARY KEY (base_url, key)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS starts_by_run ON starts (base_url, run_id);
    CREATE INDEX IF NOT EXISTS starts_by_age ON starts (intended_at);
    CREATE TABLE IF NOT EXISTS projects_of_runs (
        base_url TEXT NOT NULL,
        run_id TEXT NOT NULL,
        project_id TEXT NOT NULL,
        seen_at REAL NOT NULL,
        PRIMARY KEY (base_url, run_id)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE starts ADD COLUMN at_hex REAL;
    ALTER TABLE starts ADD COLUMN after TEXT;
    ALTER TABLE starts ADD COLUMN ended TEXT;
    ALTER TABLE starts ADD COLUMN fate TEXT;
    DROP INDEX starts_by_age;
    CREATE INDEX starts_by_age ON starts (COALESCE(at_hex, intended_at));
    CREATE INDEX starts_by_project ON starts (base_url, project_id, run_id);
    """,
)


# By Hex's clock if known, because a machine's clock may have been wrong.
AGE = "COALESCE(at_hex, intended_at)"
COLUMNS = "key, project_id, fingerprint, intended_at, at_hex, after, run_id, reply, ended, fate"


T = TypeVar("T")


def start_of_row(row: tuple[Any, ...]) -> Start:
    """Return the start in a row of COLUMNS.

    Raises:
        RecordError: The row has values that this program cannot have written.
    """
    key, project_id, fingerprint, intended_at, at_hex, after, run_id, reply, ended, fate = row
    start = Start(
        checked(str, key),
        checked(str, project_id),
        checked(str, fingerprint),
        _time(intended_at),
        None if at_hex is None else _time(at_hex),
        None if after is None else tuple(checked(str, each) for each in of_json(list, after)),
        None if run_id is None else checked(str, run_id),
        of_json(dict, reply or "{}"),
        cast("Run", of_json(dict, ended or "{}")),
        None if fate is None else checked(str, fate),
    )
    if start.ended and checked(str, start.ended.get("status")) not in ENDS:
        raise _corrupt(start.ended["status"])
    return start


def checked(kind: type[T], value: Any) -> T:
    """Return a value after checking its type.

    Raises:
        RecordError: It is of another type.
    """
    if not isinstance(value, kind):
        raise _corrupt(value)
    return value


def _time(value: Any) -> float:
    seconds = float(checked(int, value) if isinstance(value, int) else checked(float, value))
    if not math.isfinite(seconds) or not 0 <= seconds < LATEST_TIME:
        raise _corrupt(value)
    return seconds


def of_json(kind: type[T], text: Any) -> T:
    """Return the value of a JSON text after checking its type.

    Raises:
        RecordError: It is not JSON, or of another type.
    """
    try:
        value = json.loads(checked(str, text))
    except (ValueError, RecursionError) as error:
        raise _corrupt(text) from error
    return checked(kind, value)


def _corrupt(value: Any) -> RecordError:
    return RecordError(f"it holds what was not written by this program: {value!r:.40}")
