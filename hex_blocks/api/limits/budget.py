"""The request budget of a token: Hex's rate limits, applied before requests are sent.

Requests are counted in sliding windows. By default each process counts its own; with HEX_BLOCKS_BUDGET=redis://… or
postgresql://…, or with a record of runs in PostgreSQL, all processes count together. Waiting requests are served in
the order of their arrival. If Hex refuses a request all the same, because others use the token too, its limit group is
closed until Hex accepts requests again.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections import deque
from collections.abc import Callable
from importlib.util import find_spec
from weakref import WeakKeyDictionary

from hex_blocks.api.limits.groups import ALL, HEX_LIMITS, Limits
from hex_blocks.api.limits.windows import MemoryWindows, Window, WindowStore, windows_in_memory
from hex_blocks.clock import Clock
from hex_blocks.errors.classes import BusyError, hex_error
from hex_blocks.i18n.texts import phrase
from hex_blocks.postgres.address import RECORD_VARIABLE, address_of_record, fault_of, is_postgres

BUDGET_VARIABLE = "HEX_BLOCKS_BUDGET"
OFF = "off"
IN_MEMORY = ("", "memory://")
# The schemes of Redis addresses, without an option such as in redis+unix://, and the package that each needs.
REDIS_SCHEMES = {"redis": "redis", "rediss": "redis", "valkey": "valkey", "valkeys": "valkey"}
# Seconds by which windows are longer than Hex's: Hex counts a request when it arrives, and the delay varies.
ARRIVAL_MARGIN = 1
# The longest time in seconds that a group stays closed: Hex's longest window.
MAX_CLOSED = 3_600
# How often a request that is not first in its queue checks again, in real seconds: no Clock controls this wait.
QUEUE_CHECK_SECONDS = 0.1

OnWait = Callable[[float, BusyError], None]


class WaitQueue:
    """The requests of one process that wait for a limit group, in the order of their arrival.

    The first waits on the clock, the others until they are first. Without a queue, one request could lose every race
    for a free place.
    """

    def __init__(self) -> None:
        self._places: deque[object] = deque()
        self._moved = threading.Condition()

    def __len__(self) -> int:
        return len(self._places)

    def join(self) -> object:
        """Add a request at the end and return its place."""
        place = object()
        with self._moved:
            self._places.append(place)
        return place

    def ahead(self, place: object) -> int:
        """Return how many requests are before a place."""
        with self._moved:
            return self._places.index(place)

    def leave(self, place: object) -> None:
        """Remove a place and wake the requests behind it."""
        with self._moved:
            self._places.remove(place)
            self._moved.notify_all()

    def wait_to_move(self) -> None:
        """Wait until a request leaves the queue, for at most QUEUE_CHECK_SECONDS."""
        with self._moved:
            self._moved.wait(QUEUE_CHECK_SECONDS)


_queues: WeakKeyDictionary[MemoryWindows, dict[tuple[str, str | None], WaitQueue]] = WeakKeyDictionary()
_queues_lock = threading.Lock()


class Budget:
    """The request budget of one token at one host. All connections of the process with that token share it.

    Args:
        host: The host of the base URL.
        token: The token. Only a hash of it is kept.
        clock: The clock for all waits.
        limits: Limits that replace Hex's, by group, for workspaces that have others.
        storage_uri: Where processes count together, or `off` for no limits. Default: HEX_BLOCKS_BUDGET, else the
            server of the shared record of runs, else this process's memory.
    """

    def __init__(
        self, host: str, token: str, clock: Clock, limits: Limits | None = None, storage_uri: str | None = None
    ) -> None:
        self.clock = clock
        given = storage_uri or os.environ.get(BUDGET_VARIABLE, "")
        uri = given or address_of_record()
        self._token_hash = hashlib.sha256(f"{host} {token}".encode()).hexdigest()[:24]
        known = {} if uri == OFF else {**HEX_LIMITS, **(limits or {})}
        whole = _windows_of_limits(ALL, known)
        self._windows: dict[str | None, list[Window]] = {None: whole, ALL: whole}
        self._windows |= {group: [*_windows_of_limits(group, known), *whole] for group in known if group != ALL}
        self._store = _window_store(uri, clock, BUDGET_VARIABLE if given else RECORD_VARIABLE)
        self._queues: dict[str | None, WaitQueue] = {}

    def take(
        self,
        group: str | None,
        until: float,
        stop: threading.Event | None = None,
        on_wait: OnWait | None = None,
    ) -> None:
        """Wait until a request may be sent, and count it in its limit group and in the whole API's limits.

        Args:
            group: Its limit group, or None if only the whole API's limits apply.
            until: The deadline, in the clock's monotonic time.
            stop: An event that ends the wait when it is set.
            on_wait: Is called before each wait, with its seconds and its reason.

        Raises:
            BusyError: The request cannot be sent before the deadline, or `stop` was set (`budget_spent`).
        """
        windows = self._windows_of(group)
        queue = self._queue(group)
        if not queue and self._store.take(self._token_hash, windows) <= 0:
            return
        place = queue.join()
        reported = False
        try:
            while True:
                ahead = queue.ahead(place)
                wait = (
                    self._store.wait(self._token_hash, windows, ahead)
                    if ahead
                    else self._store.take(self._token_hash, windows)
                )
                if wait <= 0 and not ahead:
                    return
                error = _budget_spent(wait)
                now = self.clock.monotonic()
                if now + wait > until or now >= until or (stop and stop.is_set()):
                    raise error
                if on_wait and wait > 0 and not (reported and ahead):
                    reported = True
                    on_wait(wait, error)
                if ahead:
                    queue.wait_to_move()
                elif self.clock.wait(wait, stop):
                    raise error
        finally:
            queue.leave(place)

    def wait_for(self, group: str | None = None) -> float:
        """Return the seconds until another request of a group could be sent, after those that already wait."""
        return self._store.wait(self._token_hash, self._windows_of(group), len(self._queue(group)))

    def longest_window(self, group: str | None = None) -> int:
        """Return the seconds after which a request of a group is certainly no longer counted."""
        return max((window.seconds for window in self._windows_of(group)), default=0)

    def per_second(self, group: str | None = None) -> float:
        """Return the sustained rate of a group, in requests per second."""
        windows = self._windows_of(group)
        return min((window.amount / window.seconds for window in windows if window.amount), default=math.inf)

    def left(self, group: str | None = None) -> int | None:
        """Return how many requests of a group could be sent now, or None if the group has no limit."""
        windows = self._windows_of(group)
        return self._store.left(self._token_hash, windows) if any(window.amount for window in windows) else None

    def close_group(self, group: str | None, seconds: float) -> None:
        """After a 429, close the group, or the whole API if there is no group, for some seconds.

        Hex does not say which limit was exceeded. If it was the whole API's, each other group gets a 429 of its own.
        """
        self._store.close(self._token_hash, group or ALL, min(seconds, MAX_CLOSED))

    def _windows_of(self, group: str | None) -> list[Window]:
        return self._windows.get(group, self._windows[None])

    def _queue(self, group: str | None) -> WaitQueue:
        queue = self._queues.get(group)
        if queue is None:
            with _queues_lock:
                queues_of_clock = _queues.setdefault(windows_in_memory(self.clock), {})
                queue = self._queues[group] = queues_of_clock.setdefault((self._token_hash, group), WaitQueue())
        return queue


def _windows_of_limits(name: str, limits: Limits) -> list[Window]:
    pairs = limits.get(name)
    if pairs is None:
        return []
    # A group without limits gets a window too, so that it can be closed.
    return [Window(name, count, seconds + ARRIVAL_MARGIN) for count, seconds in pairs] or [Window(name)]


def _budget_spent(wait: float) -> BusyError:
    error = hex_error("budget_spent", seconds=max(1, math.ceil(wait)))
    assert isinstance(error, BusyError)  # noqa: S101
    return error


def _window_store(uri: str, clock: Clock, variable: str) -> WindowStore:
    if uri in (*IN_MEMORY, OFF):
        return windows_in_memory(clock)
    if is_postgres(uri) or variable == RECORD_VARIABLE:
        if fault := fault_of(uri):
            key = "bad_record" if variable == RECORD_VARIABLE else "bad_budget"
            raise hex_error(key, variable=variable, reason=fault)
        from hex_blocks.api.limits.postgres_windows import windows_in_postgres

        return windows_in_postgres(uri, clock)
    scheme, sign, _ = uri.partition("://")
    package = REDIS_SCHEMES.get(scheme.partition("+")[0])
    if package is None or not sign:
        reason = phrase("it begins with neither {one} nor {other}", one="redis://", other="postgresql://")
        raise hex_error("bad_budget", variable=variable, reason=reason)
    try:
        # Imported here because it needs the packages of an extra.
        from hex_blocks.api.limits.redis_windows import windows_in_redis

        return windows_in_redis(uri, clock)
    except (ImportError, ValueError):
        # The error's text is not shown: it can repeat the address, which may hold a password.
        missing = [name for name in ("limits", package) if find_spec(name) is None]
        reason = phrase("the client of Redis cannot read it")
        if missing:
            reason = phrase("the package {name} is missing", name=missing[-1])
        raise hex_error("bad_budget", variable=variable, reason=reason) from None
