"""What the record costs a start: in the file and in PostgreSQL, by one process and by eight at once.

    PYTHONPATH=. python bench/records.py [--full] [ADDRESS]

ADDRESS: a database of PostgreSQL that is empty but for our tables; a server of its own, on this machine, where none is
given. --full: with as many starts on record in PostgreSQL as are kept.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import psycopg

from hex_blocks.runs.record.postgres import PostgresRecord
from hex_blocks.runs.record.rows import KEPT_STARTS
from hex_blocks.runs.record.sqlite import SqliteRecord
from hex_blocks.runs.record.store import Record, Start
from tests.postgres import PostgresServer, programs

HEX = "https://app.hex.tech/api/v1"
NOW = 1_800_000_000.0
STARTS = 300
PROCESSES = 8


def record_at(place: str) -> Record:
    """Open the record at an address, or in a folder."""
    return PostgresRecord(place) if "://" in place else SqliteRecord(Path(place))


def starts(place: str, name: str) -> list[float]:
    """Record starts one after the other, as run_project does with a key, and give the seconds of each."""
    record, took = record_at(place), []
    for number in range(STARTS):
        key = f"{name} {number}"
        began = time.perf_counter()
        record.find(HEX, key)
        with record.lock_key(HEX, key):
            record.find(HEX, key)
            with record.lock_project(HEX, name):
                record.unanswered(HEX, name)
                record.intend(HEX, Start(key, name, "f", NOW, NOW))
                record.started(HEX, key, f"run of {key}", {"runId": f"run of {key}"})
        took.append(time.perf_counter() - began)
    return took


def fill(address: str) -> None:
    """Let as many starts be on record as are kept."""
    record_at(address).find(HEX, "")
    with closing(psycopg.connect(address, autocommit=True)) as database:
        database.execute(
            "INSERT INTO hex_blocks.starts (id, base_url, key, project_id, fingerprint, intended_at, run_id) "
            "SELECT sha256(convert_to(n::text, 'UTF8')), %s, to_json(n::text), 'p', 'f', %s + n / 1000.0, n::text "
            "FROM generate_series(1, %s) AS n",
            (HEX, NOW - KEPT_STARTS, KEPT_STARTS),
        )
        # As a server does by itself after a while.
        database.execute("VACUUM ANALYZE hex_blocks.starts")


def measure(name: str, place: str) -> None:
    """Print a line for a store."""
    alone = starts(place, "alone")
    began = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        names = [f"p{number}" for number in range(PROCESSES)]
        together = [took for each in pool.map(starts, [place] * PROCESSES, names) for took in each]
    wall = time.perf_counter() - began
    print(
        f"{name:12} {1000 * statistics.median(alone):8.1f} {1000 * max(alone):8.1f}"
        f" {1000 * statistics.median(together):10.1f} {1000 * max(together):8.1f} {len(together) / wall:12.0f}"
    )


def main() -> None:
    """Measure each store."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("address", nargs="?")
    options.add_argument("--full", action="store_true")
    given = options.parse_args()
    print("             one process, ms     eight at once, ms")
    print("               median     most     median     most  starts a second")
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", folder)
    if given.address:
        fill(given.address) if given.full else None
        measure("PostgreSQL", given.address)
        return
    found = programs()
    if found is None:
        sys.exit("PostgreSQL is not installed")
    with PostgresServer(found, fsync="on") as server:
        fill(server.address()) if given.full else None
        measure("PostgreSQL", server.address())


if __name__ == "__main__":
    main()
