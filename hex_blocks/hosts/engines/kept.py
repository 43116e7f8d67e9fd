"""Storing the starts of an engine's work in the engine's own store, besides the record of runs.

By default, the record is a file on one machine. An engine has a store that all its workers can read, so a worker on
another machine finds there what an earlier worker started.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Protocol, cast

from hex_blocks.runs.record.configured import record_of, use_record
from hex_blocks.runs.record.store import GiveUp, Record, Start, never

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hex_blocks.api.connection import Connection

log = logging.getLogger(__name__)

# Separates the name of the work from the rest of an idempotency key.
OF_WORK = "#"
START = "start "
_KEY = "record of runs, kept by engines"
_NAMES = {field.name for field in fields(Start)}


class Store(Protocol):
    """The storage of an engine for one piece of its work, kept over retries: JSON documents by name."""

    def get(self, name: str) -> dict[str, Any] | None:
        """Return a stored document; None if there is none."""
        ...

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a document."""
        ...


class NoStore:
    """A store for engines that have none: it holds documents in memory."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Any]] = {}

    def get(self, name: str) -> dict[str, Any] | None:
        """Return a stored document; None if there is none."""
        return self._documents.get(name)

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Store a document."""
        self._documents[name] = dict(document)


class KeptRecord:
    """A record of runs that also reads and writes starts in the stores of engines. It is thread-safe.

    Everything except the starts of active work is passed to the record.

    Args:
        record: The record of the connection.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._stores: dict[str, Store] = {}
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._record, name)

    @contextmanager
    def kept_in(self, work: str, store: Store) -> Iterator[None]:
        """Store the starts of a piece of work in a store too, while the context is open."""
        with self._lock:
            before = self._stores.get(work)
            self._stores[work] = store
        try:
            yield
        finally:
            with self._lock:
                if before is None:
                    self._stores.pop(work, None)
                else:
                    self._stores[work] = before

    def find(self, base_url: str, key: str, *, give_up: GiveUp = never) -> Start | None:
        """Return the start with a key. If only the engine's store has it, it is added to the record."""
        start = self._record.find(base_url, key, give_up=give_up)
        store = self._store_of(key)
        if store is None or (start and start.run_id):
            return start
        kept = store.get(START + key)
        if not kept or kept.get("base_url") != base_url:
            return start
        known = Start(**{name: value for name, value in kept.items() if name in _NAMES})
        self._record.intend(base_url, known, give_up=give_up)
        self._record.started(base_url, key, str(known.run_id), known.reply, give_up=give_up)
        return self._record.find(base_url, key, give_up=give_up)

    def started(self, base_url: str, key: str, run_id: str, reply: dict[str, Any], *, give_up: GiveUp = never) -> bool:
        """Store the run of a start in the record and in the engine's store. Return whether the record accepted it."""
        ours = self._record.started(base_url, key, run_id, reply, give_up=give_up)
        store = self._store_of(key)
        start = self._record.find(base_url, key, give_up=give_up) if store and ours else None
        if store and start:
            try:
                store.put(START + key, asdict(start) | {"base_url": base_url, "after": None})
            except Exception:  # an engine may raise any exception
                # The run exists and is on record, so this is no reason to fail.
                log.exception("run %s could not be stored in the engine's store", run_id)
        return ours

    def _store_of(self, key: str) -> Store | None:
        return self._stores.get(key.partition(OF_WORK)[0])


def kept_record_of(connection: Connection) -> KeptRecord:
    """Return the record of a connection, wrapped so that it also uses the stores of engines."""

    def make() -> KeptRecord:
        return KeptRecord(record)

    record = record_of(connection)
    kept = record if isinstance(record, KeptRecord) else connection.shared.get(_KEY, make)
    if kept is not record:
        use_record(connection, cast("Record", kept))
    return kept
