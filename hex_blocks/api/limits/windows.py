"""Moving windows that count requests: in this process, or in a Redis that any number of processes share.

Both count one request in all windows that it falls under, or in none of them, and tell how long to wait for room.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary, proxy

from limits import RateLimitItem
from limits.errors import ConfigurationError, StorageError
from limits.storage import MovingWindowSupport, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from hex_blocks.clock import Clock, SystemClock

log = logging.getLogger(__name__)

# A Redis that hangs must not hold a request for longer, and one that went away is tried again this often.
REDIS_SECONDS = 2.0
REDIS_PAUSE = 30.0


class Window(NamedTuple):
    """So many requests in so many seconds, under a name that can be closed; without an item it can only be closed."""

    name: str
    item: RateLimitItem | None

    @property
    def amount(self) -> int:
        """How many requests it has room for; 0 where they are not counted."""
        return self.item.amount if self.item else 0

    @property
    def seconds(self) -> int:
        """In which time."""
        return self.item.get_expiry() if self.item else 0

    def key(self, who: str) -> str:
        """Where its requests are counted."""
        return self.item.key_for(who, self.name) if self.item else f"{who}/{self.name}"


class Windows(Protocol):
    """Where the requests of a token are counted."""

    def take(self, who: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it: 0; otherwise the seconds until there is room."""
        ...

    def wait(self, who: str, windows: Sequence[Window], ahead: int) -> float:
        """Return in how many seconds there is room for a request, when `ahead` others come first."""
        ...

    def close(self, who: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for so long."""
        ...

    def left(self, who: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        ...


class ClockStorage(MovingWindowSupport, Storage):
    """Moments in memory, read off our clock: it can be driven, and a machine's clock that jumps is no matter."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self._moments: dict[str, deque[float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing goes wrong in memory."""
        return StorageError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` requests if the window has room for them."""
        if len(self.current(key, expiry)) + amount > limit:
            return False
        self.incr(key, expiry, amount)
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the oldest request of the window was counted, and how many there are."""
        moments = self.current(key, expiry)
        return (moments[0] if moments else self.clock.monotonic()), len(moments)

    def current(self, key: str, expiry: int) -> deque[float]:
        """Return the moments of the requests in the window, oldest first."""
        moments = self._moments.setdefault(key, deque())
        oldest = self.clock.monotonic() - expiry
        while moments and moments[0] <= oldest:
            moments.popleft()
        return moments

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, whether there is room or not."""
        moments = self.current(key, expiry)
        moments.extend([self.clock.monotonic()] * amount)
        return len(moments)

    def get(self, key: str) -> int:
        """Return how many requests are counted."""
        return len(self._moments.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """Return when the last request was counted."""
        moments = self._moments.get(key)
        return moments[-1] if moments else self.clock.monotonic()

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        forgotten = len(self._moments)
        self._moments.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._moments.pop(key, None)


class InMemory:
    """Windows of this process. All budgets on a clock share them; safe under threads."""

    def __init__(self, clock: Clock) -> None:
        # Kept by the clock, not the other way round.
        self._clock: Clock = proxy(clock)
        self._storage = ClockStorage(self._clock)
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._closed: dict[tuple[str, str], float] = {}
        self._lock = threading.RLock()

    def take(self, who: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it."""
        with self._lock:
            wait = self.wait(who, windows, 0)
            if wait <= 0:
                for name, item in windows:
                    if item:
                        self._limiter.hit(item, who, name)
            return wait

    def wait(self, who: str, windows: Sequence[Window], ahead: int) -> float:
        """Return in how many seconds there is room for a request, when `ahead` others come first."""
        with self._lock:
            now = self._clock.monotonic()
            return max((self._wait_of(who, window, ahead, now) for window in windows), default=0.0)

    def _wait_of(self, who: str, window: Window, ahead: int, now: float) -> float:
        closed = max(0.0, self._closed.get((who, window.name), 0.0) - now)
        if window.item is None:
            return closed
        amount, seconds = window.item.amount, window.item.get_expiry()
        moments = self._storage.current(window.key(who), seconds)
        missing = len(moments) + ahead + 1 - amount
        if missing <= 0:
            return closed
        # Those ahead fill whole windows more once what is counted now has passed.
        windows_more, place = divmod(missing - 1, amount)
        free_at = (moments[place] if place < len(moments) else now) + seconds * (windows_more + 1)
        return max(closed, free_at - now, 0.001)

    def close(self, who: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for so long."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            self._closed[who, name] = max(self._closed.get((who, name), 0.0), until)

    def left(self, who: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        with self._lock:
            now = self._clock.monotonic()
            if any(self._closed.get((who, window.name), 0.0) > now for window in windows):
                return 0
            counted = [each for each in windows if each.item]
            used = {each: len(self._storage.current(each.key(who), each.seconds)) for each in counted}
            return min(max(0, each.amount - used[each]) for each in counted)

    def count(self, who: str, windows: Sequence[Window]) -> None:
        """Count a request that was let through elsewhere."""
        with self._lock:
            for window in windows:
                if window.item:
                    self._storage.incr(window.key(who), window.seconds)


# One script for all windows of a request, so that processes cannot come between them, with Redis's own time, so
# that the machines' clocks need not agree. KEYS: a list of moments and a closed mark for each window.
# ARGV: 1 to count or 0 to look, how many come first, and for each window its amount and milliseconds.
# Gives the milliseconds to wait and the room there is.
SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ahead, wait, room = tonumber(ARGV[2]), 0, math.huge
for i = 1, #KEYS / 2 do
    local key, amount, length = KEYS[2 * i - 1], tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
    local closed = redis.call('PTTL', KEYS[2 * i])
    if closed > 0 then wait = math.max(wait, closed); room = 0 end
    if amount > 0 then
        local oldest = redis.call('LINDEX', key, -1)
        while oldest and tonumber(oldest) <= now - length do
            redis.call('RPOP', key)
            oldest = redis.call('LINDEX', key, -1)
        end
        local counted = redis.call('LLEN', key)
        room = math.min(room, math.max(0, amount - counted))
        local missing = counted + ahead + 1 - amount
        if missing > 0 then
            local place = (missing - 1) % amount
            local moment = redis.call('LINDEX', key, -1 - place) or now
            wait = math.max(wait, moment + length * (math.floor((missing - 1) / amount) + 1) - now, 1)
        end
    end
end
if wait == 0 and ARGV[1] == '1' then
    for i = 1, #KEYS / 2 do
        if ARGV[2 * i + 1] ~= '0' then
            redis.call('LPUSH', KEYS[2 * i - 1], now)
            redis.call('PEXPIRE', KEYS[2 * i - 1], ARGV[2 * i + 2])
        end
    end
end
return {wait, room == math.huge and -1 or room}
"""


class InRedis:
    """Windows in a Redis. Raises StorageError when it cannot be reached."""

    def __init__(self, uri: str) -> None:
        # What is configured by the library is everything it knows: TLS, sentinels, clusters, Valkey.
        options: dict[str, Any] = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
        storage: Any = storage_from_string(uri, wrap_exceptions=True, **options)
        if not hasattr(storage, "get_connection"):
            raise ConfigurationError(f"{type(storage).__name__} is no Redis")
        self._storage = storage
        self._faults = self._storage.base_exceptions
        self._script = self._storage.get_connection().register_script(SCRIPT)

    def take(self, who: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it."""
        return self._ask(who, windows, 1, 0)[0] / 1000

    def wait(self, who: str, windows: Sequence[Window], ahead: int) -> float:
        """Return in how many seconds there is room for a request, when `ahead` others come first."""
        return self._ask(who, windows, 0, ahead)[0] / 1000

    def left(self, who: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        return self._ask(who, windows, 0, 0)[1]

    def close(self, who: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for so long."""
        key, length = self._closed_key(who, name), round(seconds * 1000)
        try:
            connection = self._storage.get_connection()
            if connection.pttl(key) < length:
                connection.set(key, 1, px=length)
        except self._faults as error:
            raise StorageError(error) from error

    def _ask(self, who: str, windows: Sequence[Window], counting: int, ahead: int) -> tuple[int, int]:
        keys: list[str] = []
        given = [counting, ahead]
        for window in windows:
            # The braces keep a token's keys on one machine of a cluster.
            keys += [f"hex-blocks:{{{who}}}:{window.key('')}", self._closed_key(who, window.name)]
            given += [window.amount, window.seconds * 1000]
        try:
            wait, room = self._script(keys=keys, args=given)
        except self._faults as error:
            raise StorageError(error) from error
        return int(wait), int(room)

    @staticmethod
    def _closed_key(who: str, name: str) -> str:
        return f"hex-blocks:{{{who}}}:{name}:closed"


class Shared:
    """Windows in a Redis, and this process's own for while it cannot be reached.

    Counting alone is worse than counting together, and better than not working. What this process has sent counts in
    any case: a Redis that was away, or has forgotten, knows less.
    """

    def __init__(self, redis: InRedis, memory: InMemory, clock: Clock) -> None:
        self._redis = redis
        self._memory = memory
        self._clock = clock
        self._alone_until = 0.0

    def take(self, who: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it."""
        wait = self._memory.wait(who, windows, 0)
        if wait <= 0 and self._together():
            try:
                wait = self._redis.take(who, windows)
            except StorageError as error:
                self._go_alone(error)
            else:
                if wait <= 0:
                    self._memory.count(who, windows)
                return wait
        return wait if wait > 0 else self._memory.take(who, windows)

    def wait(self, who: str, windows: Sequence[Window], ahead: int) -> float:
        """Return in how many seconds there is room for a request, when `ahead` others come first."""
        wait = self._memory.wait(who, windows, ahead)
        if self._together():
            try:
                return max(wait, self._redis.wait(who, windows, ahead))
            except StorageError as error:
                self._go_alone(error)
        return wait

    def left(self, who: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        left = self._memory.left(who, windows)
        if self._together():
            try:
                return min(left, self._redis.left(who, windows))
            except StorageError as error:
                self._go_alone(error)
        return left

    def close(self, who: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for so long."""
        self._memory.close(who, name, seconds)
        if self._together():
            try:
                self._redis.close(who, name, seconds)
            except StorageError as error:
                self._go_alone(error)

    def _together(self) -> bool:
        return self._clock.monotonic() >= self._alone_until

    def _go_alone(self, error: StorageError) -> None:
        # Said with the fault's kind only: its words can hold the address, and that a password.
        reason = type(error.storage_error).__name__
        log.warning(
            "The Redis that keeps the request budget cannot be reached (%s): this process counts for itself", reason
        )
        self._alone_until = self._clock.monotonic() + REDIS_PAUSE


_in_memory: WeakKeyDictionary[Clock, InMemory] = WeakKeyDictionary()
_system_clock = SystemClock()
_of_the_system = InMemory(_system_clock)
_lock = threading.Lock()


def windows_in_memory(clock: Clock) -> InMemory:
    """Return the windows that all budgets on a clock share."""
    if isinstance(clock, SystemClock):
        return _of_the_system
    with _lock:
        return _in_memory.setdefault(clock, InMemory(clock))


def windows_in_redis(uri: str, clock: Clock) -> Shared:
    """Return windows that processes share. Raises ConfigurationError, ImportError or ValueError for a bad address."""
    return Shared(InRedis(uri), windows_in_memory(clock), clock)
