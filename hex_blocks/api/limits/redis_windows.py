"""Moving windows in a Redis, which any number of processes share. Needs hex-blocks[redis]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from hex_blocks.api.limits.shared_windows import ANSWER_SECONDS, Shared, StoreAwayError
from hex_blocks.api.limits.windows import Window, windows_in_memory
from hex_blocks.clock import Clock

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
    """Windows in a Redis. Raises StoreAwayError when it cannot be reached."""

    def __init__(self, uri: str) -> None:
        # What is configured by the library is everything it knows: TLS, sentinels, clusters, Valkey.
        options: dict[str, Any] = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
        try:
            storage: Any = storage_from_string(uri, wrap_exceptions=True, **options)
        except ConfigurationError as error:
            raise ValueError("no store of that kind is known") from error
        if not hasattr(storage, "get_connection"):
            raise ValueError(f"{type(storage).__name__} is not a Redis")
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
            raise StoreAwayError(type(error).__name__) from error

    def _ask(self, who: str, windows: Sequence[Window], counting: int, ahead: int) -> tuple[int, int]:
        keys: list[str] = []
        given = [counting, ahead]
        for window in windows:
            # The braces keep a token's keys on one machine of a cluster.
            keys += [
                f"hex-blocks:{{{who}}}:{window.name}:{window.amount}:{window.seconds}",
                self._closed_key(who, window.name),
            ]
            given += [window.amount, window.seconds * 1000]
        try:
            wait, room = self._script(keys=keys, args=given)
        except self._faults as error:
            raise StoreAwayError(type(error).__name__) from error
        return int(wait), int(room)

    @staticmethod
    def _closed_key(who: str, name: str) -> str:
        return f"hex-blocks:{{{who}}}:{name}:closed"


def windows_in_redis(uri: str, clock: Clock) -> Shared:
    """Return windows that processes share. Raises ImportError or ValueError for a bad address."""
    return Shared(InRedis(uri), "Redis", windows_in_memory(clock), clock)
