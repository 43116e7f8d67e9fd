"""Hex's request limits, kept on this side so that requests wait their turn instead of being refused.

The limits are data; moving windows keep them. By default a process keeps count for itself; with
HEX_BLOCKS_BUDGET=redis://… or postgresql://… any number of processes on any number of machines keep count together,
and where the record of runs is in PostgreSQL, they do so there if nothing else is said. Who waits is served in the
order of coming. A refusal that comes all the same (others use the token too) closes the group until
Hex opens it again.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from weakref import WeakKeyDictionary

from hex_blocks.api.limits.windows import InMemory, Window, Windows, windows_in_memory
from hex_blocks.clock import Clock
from hex_blocks.errors.classes import BusyError, hex_error
from hex_blocks.i18n.texts import Phrase, phrase
from hex_blocks.postgres.address import RECORD_VARIABLE, address_of_record, fault_of, is_postgres

BUDGET_VARIABLE = "HEX_BLOCKS_BUDGET"
OFF = "off"
IN_MEMORY = ("", "memory://")
ALL = "all"
Limits = Mapping[str, tuple[tuple[int, int], ...]]

# What Hex allows, as (requests, seconds): the whole API by its documentation, the groups by its API document.
# Runs and messages to threads share a group, for which Hex publishes no number any more: its last ones stand.
HEX_LIMITS: Limits = {
    ALL: ((60, 60),),
    "hex-api": ((30, 60), (1800, 3600)),
    "hex-api-30rpm": ((30, 60),),
    "runs": ((20, 60), (60, 3600)),
    "charts": ((20, 60),),
    "ingest": ((3, 60),),
}
# A request is counted when it arrives, which may be later for the first of a window than for the last.
ARRIVAL_MARGIN = 1
# No window of Hex's is longer, so no refusal that is for longer is believed.
LONGEST_CLOSED = 3_600
# Who stands behind others in a line looks up this often; real seconds, since no clock of ours drives it.
LOOK_UP = 0.1

OnWait = Callable[[float, BusyError], None]


class WaitQueue:
    """Those of one process who wait for a group's next request. The first waits on the clock, the rest for the first.

    Without it the same requests could lose the race for each free place again and again.
    """

    def __init__(self) -> None:
        self._places: deque[object] = deque()
        self._moved = threading.Condition()

    def __len__(self) -> int:
        return len(self._places)

    def join(self) -> object:
        """Take the last place."""
        place = object()
        with self._moved:
            self._places.append(place)
        return place

    def ahead(self, place: object) -> int:
        """Return how many come first."""
        with self._moved:
            return self._places.index(place)

    def leave(self, place: object) -> None:
        """Give up a place, served or not."""
        with self._moved:
            self._places.remove(place)
            self._moved.notify_all()

    def wait_to_move(self) -> None:
        """Wait until somebody leaves, or a moment."""
        with self._moved:
            self._moved.wait(LOOK_UP)


_lines: WeakKeyDictionary[InMemory, dict[tuple[str, str | None], WaitQueue]] = WeakKeyDictionary()
_lines_lock = threading.Lock()


class Budget:
    """What one token may ask of one host, and when. Shared by all connections of the process with that token.

    limits: replaces Hex's for the groups it names, for workspaces that have others.
    storage_uri: where processes count together; where it is not given, HEX_BLOCKS_BUDGET, else the server of the
    shared record of runs; `off` for no limits.
    """

    def __init__(
        self, host: str, token: str, clock: Clock, limits: Limits | None = None, storage_uri: str | None = None
    ) -> None:
        self.clock = clock
        given = storage_uri or os.environ.get(BUDGET_VARIABLE, "")
        uri = given or address_of_record()
        self._who = hashlib.sha256(f"{host} {token}".encode()).hexdigest()[:24]
        known = {} if uri == OFF else {**HEX_LIMITS, **(limits or {})}
        whole = _windows_of(ALL, known)
        self._windows: dict[str | None, list[Window]] = {None: whole, ALL: whole}
        self._windows |= {group: [*_windows_of(group, known), *whole] for group in known if group != ALL}
        self._kept = _kept_in(uri, clock, BUDGET_VARIABLE if given else RECORD_VARIABLE)
        self._lines: dict[str | None, WaitQueue] = {}

    def take(
        self,
        group: str | None,
        until: float,
        stop: threading.Event | None = None,
        on_wait: OnWait | None = None,
    ) -> None:
        """Wait for the turn of one request of a group, counted in the whole as well.

        until: by the clock's monotonic time. Raises BusyError (`budget_spent`) when the turn comes later, or when
        `stop` is set.
        """
        windows = self._of(group)
        line = self._line(group)
        if not line and self._kept.take(self._who, windows) <= 0:
            return
        place = line.join()
        told = False
        try:
            while True:
                ahead = line.ahead(place)
                wait = self._kept.wait(self._who, windows, ahead) if ahead else self._kept.take(self._who, windows)
                if wait <= 0 and not ahead:
                    return
                error = _spent(wait)
                now = self.clock.monotonic()
                if now + wait > until or now >= until or (stop and stop.is_set()):
                    raise error
                if on_wait and wait > 0 and not (told and ahead):
                    told = True
                    on_wait(wait, error)
                if ahead:
                    line.wait_to_move()
                elif self.clock.wait(wait, stop):
                    raise error
        finally:
            line.leave(place)

    def wait_for(self, group: str | None = None) -> float:
        """Return in how many seconds a request of a group could be sent, behind those who wait already; 0 for now."""
        return self._kept.wait(self._who, self._of(group), len(self._line(group)))

    def longest_window(self, group: str | None = None) -> int:
        """Return in how many seconds at the most what is counted of a group now is counted no more."""
        return max((window.seconds for window in self._of(group)), default=0)

    def per_second(self, group: str | None = None) -> float:
        """Return how many requests of a group a second are taken in the long run."""
        return min((window.amount / window.seconds for window in self._of(group) if window.amount), default=math.inf)

    def left(self, group: str | None = None) -> int | None:
        """Return how many requests of a group could be sent now; None where none are counted."""
        windows = self._of(group)
        return self._kept.left(self._who, windows) if any(window.amount for window in windows) else None

    def refused(self, group: str | None, seconds: float) -> None:
        """Learn from a 429: close the group, or where there is none the whole, until Hex takes requests again.

        Hex does not say which limit it was. Where it was the whole one's, other groups learn it once each.
        """
        self._kept.close(self._who, group or ALL, min(seconds, LONGEST_CLOSED))

    def _of(self, group: str | None) -> list[Window]:
        return self._windows.get(group, self._windows[None])

    def _line(self, group: str | None) -> WaitQueue:
        line = self._lines.get(group)
        if line is None:
            with _lines_lock:
                of_the_clock = _lines.setdefault(windows_in_memory(self.clock), {})
                line = self._lines[group] = of_the_clock.setdefault((self._who, group), WaitQueue())
        return line


def _windows_of(name: str, limits: Limits) -> list[Window]:
    pairs = limits.get(name)
    if pairs is None:
        return []
    # A group without a number can still be closed.
    return [Window(name, count, seconds + ARRIVAL_MARGIN) for count, seconds in pairs] or [Window(name)]


def _spent(wait: float) -> BusyError:
    error = hex_error("budget_spent", seconds=max(1, math.ceil(wait)))
    assert isinstance(error, BusyError)  # noqa: S101
    return error


def _kept_in(uri: str, clock: Clock, variable: str) -> Windows:
    if uri in (*IN_MEMORY, OFF):
        return windows_in_memory(clock)
    if is_postgres(uri) or variable == RECORD_VARIABLE:
        if fault := fault_of(uri):
            key = "bad_record" if variable == RECORD_VARIABLE else "bad_budget"
            raise hex_error(key, variable=variable, reason=fault)
        from hex_blocks.api.limits.postgres_windows import windows_in_postgres

        return windows_in_postgres(uri, clock)
    try:
        # Only where processes count together: it needs packages of its own.
        from hex_blocks.api.limits.redis_windows import windows_in_redis

        return windows_in_redis(uri, clock)
    except (ImportError, ValueError) as error:
        # The address may hold a password, so it is not repeated.
        reason: str | Phrase = type(error).__name__
        if find_spec("redis") is None or find_spec("limits") is None:
            reason = phrase("the package redis is missing")
        raise hex_error("bad_budget", variable=variable, reason=reason) from None
