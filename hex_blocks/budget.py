"""Hex's request limits, kept on this side so that requests wait their turn instead of being refused.

The limits are data; moving windows keep them, by the `limits` library. By default a process keeps count for
itself; with HEX_BLOCKS_BUDGET=redis://… any number of processes on any number of machines keep count together.
A refusal that comes all the same (others use the token too) closes the group until Hex opens it again.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeVar
from weakref import WeakKeyDictionary

from limits import RateLimitItem, RateLimitItemPerSecond, WindowStats
from limits.errors import ConfigurationError, StorageError
from limits.storage import MovingWindowSupport, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from hex_blocks.clock import Clock, SystemClock
from hex_blocks.errors import BusyError, hex_error

log = logging.getLogger(__name__)

BUDGET_VARIABLE = "HEX_BLOCKS_BUDGET"
OFF = "off"
ALL = "all"
Answer = TypeVar("Answer")
Limits = Mapping[str, tuple[tuple[int, int], ...]]

# What Hex allows, as (requests, seconds): the whole API by its documentation, the groups by its API document.
# "threads" has a group of its own at Hex, for which no number is published.
HEX_LIMITS: Limits = {
    ALL: ((60, 60),),
    "hex-api": ((30, 60), (1800, 3600)),
    "runs": ((20, 60), (60, 3600)),
    "charts": ((20, 60),),
    "ingest": ((3, 60),),
    "threads": (),
}
# A request is counted when it arrives, which may be later for the first of a window than for the last.
ARRIVAL_MARGIN = 1
SHORT_WINDOW = 61


class ClockStorage(MovingWindowSupport, Storage):
    """Moving windows in memory that read our clock: it can be driven, and a machine's clock that jumps is no matter."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self._moments: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing goes wrong in memory."""
        return StorageError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` requests if the window has room for them."""
        with self._lock:
            moments = self._current(key, expiry)
            if len(moments) + amount > limit:
                return False
            moments.extend([self.clock.monotonic()] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Give when the oldest request of the window was counted, and how many there are."""
        with self._lock:
            moments = self._current(key, expiry)
            return (moments[0] if moments else self.clock.monotonic()), len(moments)

    def _current(self, key: str, expiry: int) -> deque[float]:
        moments = self._moments.setdefault(key, deque())
        oldest = self.clock.monotonic() - expiry
        while moments and moments[0] <= oldest:
            moments.popleft()
        return moments

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, whether there is room or not."""
        with self._lock:
            moments = self._current(key, expiry)
            moments.extend([self.clock.monotonic()] * amount)
            return len(moments)

    def get(self, key: str) -> int:
        """Give how many requests are counted."""
        return len(self._moments.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """Give when the last request was counted."""
        moments = self._moments.get(key)
        return moments[-1] if moments else self.clock.monotonic()

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        with self._lock:
            forgotten = len(self._moments)
            self._moments.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one key."""
        with self._lock:
            self._moments.pop(key, None)


_storages: WeakKeyDictionary[Clock, ClockStorage] = WeakKeyDictionary()
_system_storage = ClockStorage(SystemClock())
_storages_lock = threading.Lock()


def _storage_in_memory(clock: Clock) -> ClockStorage:
    """Give the one storage that all budgets on a clock share."""
    if isinstance(clock, SystemClock):
        return _system_storage
    with _storages_lock:
        return _storages.setdefault(clock, ClockStorage(clock))


class Budget:
    """What one token may ask of one host, and when. Shared by all connections of the process with that token.

    limits: replaces Hex's for the groups it names, for workspaces that have others.
    storage_uri: where processes count together; HEX_BLOCKS_BUDGET where it is not given, `off` for no limits.
    """

    def __init__(
        self, host: str, token: str, clock: Clock, limits: Limits | None = None, storage_uri: str | None = None
    ) -> None:
        self.clock = clock
        uri = storage_uri or os.environ.get(BUDGET_VARIABLE, "")
        self._who = hashlib.sha256(f"{host} {token}".encode()).hexdigest()[:24]
        del token  # so that no traceback with local variables shows it
        self._items: dict[str, list[RateLimitItem]] = {
            group: [RateLimitItemPerSecond(count, seconds + ARRIVAL_MARGIN) for count, seconds in pairs]
            for group, pairs in ({} if uri == OFF else {**HEX_LIMITS, **(limits or {})}).items()
        }
        self._closed_until: dict[str, float] = {}
        self._memory = MovingWindowRateLimiter(_storage_in_memory(clock))
        self._shared = _shared_limiter(uri)

    def take(
        self,
        group: str | None,
        until: float,
        stop: threading.Event | None = None,
        on_wait: Callable[[float, BusyError], None] | None = None,
    ) -> None:
        """Wait for the turn of one request of a group, counted in the whole as well.

        until: by the clock's monotonic time. Raises BusyError (`budget_spent`) when the turn comes later.
        """
        while (wait := self._try(group)) > 0:
            error = hex_error("budget_spent", seconds=math.ceil(wait))
            assert isinstance(error, BusyError)  # noqa: S101
            if self.clock.monotonic() + wait > until:
                raise error
            if on_wait:
                on_wait(wait, error)
            if self.clock.wait(wait, stop):
                raise error

    def wait_for(self, group: str | None = None) -> float:
        """Tell in how many seconds a request of a group could be sent; 0 for now."""
        return max(
            (self._seconds_until_room(name, item) for name, item in self._items_of(group)),
            default=0.0,
        )

    def per_second(self) -> float:
        """Tell how many requests a second the whole API takes in the long run."""
        return min((item.amount / item.get_expiry() for _, item in self._items_of(None)), default=math.inf)

    def left(self, group: str = ALL) -> int | None:
        """Tell how many requests of a group could be sent now; None where none are counted."""
        rooms = [self._stats(name, item).remaining for name, item in self._items_of(None if group == ALL else group)]
        return max(0, min(rooms)) if rooms else None

    def refused(self, group: str | None, seconds: float) -> None:
        """Learn from a 429: close the group until Hex takes requests again.

        A long wait is an hour's limit, which only groups have; a short one without a group is the whole API's.
        """
        until = self.clock.monotonic() + seconds
        name = group if group and (self._items.get(group) or seconds > SHORT_WINDOW) else ALL
        self._closed_until[name] = max(self._closed_until.get(name, 0.0), until)

    def _try(self, group: str | None) -> float:
        """Count a request if there is room everywhere; otherwise tell how many seconds to wait."""
        wait = self.wait_for(group)
        if wait > 0:
            return wait
        for name, item in self._items_of(group):
            # Between asking and counting another process may have come first.
            if not self._on_storage(MovingWindowRateLimiter.hit, name, item):
                return max(0.05, self._seconds_until_room(name, item))
        return 0.0

    def _items_of(self, group: str | None) -> list[tuple[str, RateLimitItem]]:
        # The group first: what it refuses must not use up room in the whole.
        names = [group, ALL] if group else [ALL]
        return [(name, item) for name in names for item in self._items.get(name, ())]

    def _seconds_until_room(self, name: str, item: RateLimitItem) -> float:
        now = self.clock.monotonic()
        closed = max(self._closed_until.get(name, 0.0) - now, 0.0)
        stats = self._stats(name, item)
        if stats.remaining > 0:
            return closed
        storage_now = now if self._shared is None else self.clock.time()
        return max(closed, stats.reset_time - storage_now, 0.01)

    def _stats(self, name: str, item: RateLimitItem) -> WindowStats:
        return self._on_storage(MovingWindowRateLimiter.get_window_stats, name, item)

    def _on_storage(self, use: Callable[..., Answer], name: str, item: RateLimitItem) -> Answer:
        if self._shared is not None:
            try:
                return use(self._shared, item, self._who, name)
            except StorageError as error:
                # Counting alone is worse than counting together and better than not working.
                log.warning(
                    "%s cannot be reached (%s): this process counts for itself", BUDGET_VARIABLE, type(error).__name__
                )
                self._shared = None
        return use(self._memory, item, self._who, name)


def _shared_limiter(uri: str) -> MovingWindowRateLimiter | None:
    if uri in ("", OFF, "memory://"):
        return None
    try:
        return MovingWindowRateLimiter(storage_from_string(uri, wrap_exceptions=True))
    except (ConfigurationError, StorageError, ImportError, ValueError) as error:
        # The address may hold a password, so it is not repeated.
        raise hex_error("bad_budget", variable=BUDGET_VARIABLE, reason=type(error).__name__) from None
