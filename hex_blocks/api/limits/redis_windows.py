"""Sliding windows in a Redis server, shared by any number of processes. Needs hex-blocks[redis]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from hex_blocks.api.limits.shared_windows import REPLY_SECONDS, SharedWindows, StoreUnreachableError
from hex_blocks.api.limits.windows import Window, windows_in_memory
from hex_blocks.clock import Clock

# One script checks and counts all windows of a request, so that processes do not interleave. It uses Redis's clock, so
# that the machines' clocks need not agree.
# KEYS: for each window a list of times and a mark that it is closed.
# ARGV: 1 to count or 0 to only check, how many requests are ahead, and for each window its amount and milliseconds.
# Returns the milliseconds to wait and how many requests could be sent now, -1 if no window has a limit.
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


class RedisWindows:
    """A WindowStore in a Redis server. Its methods raise StoreUnreachableError.

    Raises:
        ValueError: The address is not that of a Redis server.
    """

    def __init__(self, uri: str) -> None:
        # The package `limits` reads the address, so that all its forms work: TLS, sentinels, clusters, Valkey.
        options: dict[str, Any] = {"socket_timeout": REPLY_SECONDS, "socket_connect_timeout": REPLY_SECONDS}
        try:
            storage: Any = storage_from_string(uri, wrap_exceptions=True, **options)
        except ConfigurationError as error:
            raise ValueError("the scheme of the address is not known") from error
        if not hasattr(storage, "get_connection"):
            raise ValueError(f"{type(storage).__name__} is not a Redis server")
        self._storage = storage
        self._faults = self._storage.base_exceptions
        self._script = self._storage.get_connection().register_script(SCRIPT)

    def take(self, token_hash: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it, and return 0; otherwise the seconds until there is room."""
        return self._run_script(token_hash, windows, 1, 0)[0] / 1000

    def wait(self, token_hash: str, windows: Sequence[Window], ahead: int) -> float:
        """Return the seconds until there is room for a request after `ahead` others."""
        return self._run_script(token_hash, windows, 0, ahead)[0] / 1000

    def left(self, token_hash: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        return self._run_script(token_hash, windows, 0, 0)[1]

    def close(self, token_hash: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for some seconds."""
        key, length = self._closed_key(token_hash, name), round(seconds * 1000)
        try:
            connection = self._storage.get_connection()
            if connection.pttl(key) < length:
                connection.set(key, 1, px=length)
        except self._faults as error:
            raise StoreUnreachableError(type(error).__name__) from error

    def _run_script(self, token_hash: str, windows: Sequence[Window], counting: int, ahead: int) -> tuple[int, int]:
        keys: list[str] = []
        arguments = [counting, ahead]
        for window in windows:
            # The braces put all keys of a token into one slot of a cluster, as scripts require.
            keys += [
                f"hex-blocks:{{{token_hash}}}:{window.name}:{window.amount}:{window.seconds}",
                self._closed_key(token_hash, window.name),
            ]
            arguments += [window.amount, window.seconds * 1000]
        try:
            wait, room = self._script(keys=keys, args=arguments)
        except self._faults as error:
            raise StoreUnreachableError(type(error).__name__) from error
        return int(wait), int(room)

    @staticmethod
    def _closed_key(token_hash: str, name: str) -> str:
        return f"hex-blocks:{{{token_hash}}}:{name}:closed"


def windows_in_redis(uri: str, clock: Clock) -> SharedWindows:
    """Return windows that all processes with this server share.

    Raises:
        ValueError: The address is not that of a Redis server.
        ImportError: The package `redis` is missing.
    """
    return SharedWindows(RedisWindows(uri), "Redis", windows_in_memory(clock), clock)
