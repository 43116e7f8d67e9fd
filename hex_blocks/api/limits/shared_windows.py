"""Sliding windows that processes share, with a fallback to this process's own."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hex_blocks.api.limits.windows import MemoryWindows, Window, WindowStore
from hex_blocks.clock import Clock

log = logging.getLogger(__name__)

# How long to wait for a reply of the store, so that a store that hangs does not block requests.
REPLY_SECONDS = 2.0
# How long to count in this process before an unreachable store is tried again.
RETRY_SECONDS = 30.0


class StoreUnreachableError(Exception):
    """The store cannot be reached. The message is the class of the cause only: its text could hold an address."""


class SharedWindows:
    """A WindowStore that processes share, with this process's own windows while it cannot be reached.

    Requests of this process are counted in its own windows in any case, because a store that was unreachable or
    restarted has not counted all of them.

    Args:
        store: The shared store. Its methods raise StoreUnreachableError.
        name: The name of its kind, for the log.
        memory: The windows of this process.
        clock: The clock for the pause between attempts to reach the store.
    """

    def __init__(self, store: WindowStore, name: str, memory: MemoryWindows, clock: Clock) -> None:
        self._store = store
        self._name = name
        self._memory = memory
        self._clock = clock
        self._retry_at = 0.0

    def take(self, token_hash: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it, and return 0; otherwise the seconds until there is room."""
        wait = self._memory.wait(token_hash, windows, 0)
        if wait <= 0 and self._uses_store():
            try:
                wait = self._store.take(token_hash, windows)
            except StoreUnreachableError as error:
                self._pause_store(error)
            else:
                if wait <= 0:
                    self._memory.count(token_hash, windows)
                return wait
        return wait if wait > 0 else self._memory.take(token_hash, windows)

    def wait(self, token_hash: str, windows: Sequence[Window], ahead: int) -> float:
        """Return the seconds until there is room for a request after `ahead` others."""
        wait = self._memory.wait(token_hash, windows, ahead)
        if self._uses_store():
            try:
                return max(wait, self._store.wait(token_hash, windows, ahead))
            except StoreUnreachableError as error:
                self._pause_store(error)
        return wait

    def left(self, token_hash: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        left = self._memory.left(token_hash, windows)
        if self._uses_store():
            try:
                return min(left, self._store.left(token_hash, windows))
            except StoreUnreachableError as error:
                self._pause_store(error)
        return left

    def close(self, token_hash: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for some seconds."""
        self._memory.close(token_hash, name, seconds)
        if self._uses_store():
            try:
                self._store.close(token_hash, name, seconds)
            except StoreUnreachableError as error:
                self._pause_store(error)

    def _uses_store(self) -> bool:
        return self._clock.monotonic() >= self._retry_at

    def _pause_store(self, error: StoreUnreachableError) -> None:
        log.warning(
            "The %s that keeps the request budget cannot be reached (%s): this process counts for itself",
            self._name,
            error,
        )
        self._retry_at = self._clock.monotonic() + RETRY_SECONDS
