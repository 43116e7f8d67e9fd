"""The stores under the suite of promises: each of its tests runs over each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hex_blocks import Connection
from hex_blocks.runs.record.store import Record
from tests.calling import hex_on
from tests.faulty import Act
from tests.marks import mostly_slow
from tests.postgres import SERVER_VARIABLE, drop_databases
from tests.promises.stores import STORE_NAMES, STORES, Store
from tests.promises.works import MakeOne, inputs_of
from tests.starts import Through


@pytest.fixture(params=mostly_slow(STORES, "SQLite"))
def kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """Name the kind of the store, for other processes."""
    if request.param == "PostgreSQL":
        request.getfixturevalue("postgres")
    yield str(request.param)
    if request.param == "PostgreSQL":
        drop_databases(os.environ[SERVER_VARIABLE], STORE_NAMES)


@pytest.fixture
def store(kind: str, tmp_path: Path) -> Store:
    return STORES[kind](tmp_path / "store")


@pytest.fixture
def through(through: Through, store: Store) -> Through:
    """Make a new connection through a proxy that misbehaves from now on, with a record in the store."""

    def connect(*acts: Act, record: Record | None = None, **options: Any) -> Connection:
        return through(*acts, record=record or store.open(), **options)

    return connect


@pytest.fixture
def do(project: str) -> MakeOne:
    """Make one run with a tool: do(connection, tool, key) gives the outputs."""

    def make(connection: Connection, tool: str, key: str | None = None, **options: Any) -> dict[str, Any]:
        return hex_on(connection).call(tool, inputs_of(tool, project, key), **options)

    return make
