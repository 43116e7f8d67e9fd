"""Starts of an engine's work, kept in the engine's own store beside the record of runs.

The record is a file on one machine unless it was put elsewhere. An engine has a store that all its workers reach:
what a worker started is found there by the one that takes the work up, on whatever machine that is.
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

# Ends the name of a piece of work in the keys of its starts.
OF_WORK = "#"
START = "start "
_KEY = "record of runs, kept by engines"
_NAMES = {field.name for field in fields(Start)}


class Store(Protocol):
    """What an engine keeps for one piece of its work over its retries: JSON documents by name."""

    def get(self, name: str) -> dict[str, Any] | None:
        """Return what was put; None for nothing."""
        ...

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep a document."""
        ...


class NoStore:
    """The store of an engine that has none: what it is given lasts as long as the process."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Any]] = {}

    def get(self, name: str) -> dict[str, Any] | None:
        """Return what was put; None for nothing."""
        return self._documents.get(name)

    def put(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep a document."""
        self._documents[name] = dict(document)


class KeptRecord:
    """A record of runs that also knows what engines keep. Safe under threads.

    All but the starts of work that goes on is the record's own business.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._stores: dict[str, Store] = {}
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._record, name)

    @contextmanager
    def kept_in(self, work: str, store: Store) -> Iterator[None]:
        """Keep the starts of a piece of work in a store meanwhile."""
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
        """Return the start of a key; one that only the engine knows is on record from then on."""
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
        """Write down the run that a start became, here and in the engine's store."""
        ours = self._record.started(base_url, key, run_id, reply, give_up=give_up)
        store = self._store_of(key)
        start = self._record.find(base_url, key, give_up=give_up) if store and ours else None
        if store and start:
            try:
                store.put(START + key, asdict(start) | {"base_url": base_url, "after": None})
            except Exception:  # an engine may raise anything
                # The run is there and on record, so the work goes on.
                log.exception("run %s could not be kept in the engine's store", run_id)
        return ours

    def _store_of(self, key: str) -> Store | None:
        return self._stores.get(key.partition(OF_WORK)[0])


def kept_record_of(connection: Connection) -> KeptRecord:
    """Return the record of a connection's calls, made one that also knows what engines keep."""

    def make() -> KeptRecord:
        return KeptRecord(record)

    record = record_of(connection)
    kept = record if isinstance(record, KeptRecord) else connection.shared.get(_KEY, make)
    if kept is not record:
        use_record(connection, cast("Record", kept))
    return kept
