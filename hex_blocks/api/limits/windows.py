"""Sliding windows that count requests, and their store in this process's memory.

A request is counted in all of its windows or in none.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary, proxy

from hex_blocks.clock import Clock, SystemClock


class Window(NamedTuple):
    """A limit: `amount` requests in `seconds`, under the name of its group. With 0 requests it can only be closed."""

    name: str
    amount: int = 0
    seconds: int = 0


class WindowStore(Protocol):
    """Counts the requests of tokens in windows. A token is named by its hash."""

    def take(self, token_hash: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it, and return 0; otherwise the seconds until there is room."""
        ...

    def wait(self, token_hash: str, windows: Sequence[Window], ahead: int) -> float:
        """Return the seconds until there is room for a request after `ahead` others."""
        ...

    def close(self, token_hash: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for some seconds."""
        ...

    def left(self, token_hash: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        ...


class MemoryWindows:
    """A WindowStore in this process's memory, shared by all budgets on a clock. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        # A weak reference: these windows are deleted together with their clock.
        self._clock: Clock = proxy(clock)
        # The times of the requests in each window, oldest first.
        self._moments: dict[tuple[str, Window], deque[float]] = {}
        self._closed: dict[tuple[str, str], float] = {}
        self._lock = threading.RLock()

    def take(self, token_hash: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it, and return 0; otherwise the seconds until there is room."""
        with self._lock:
            wait = self.wait(token_hash, windows, 0)
            if wait <= 0:
                self.count(token_hash, windows)
            return wait

    def wait(self, token_hash: str, windows: Sequence[Window], ahead: int) -> float:
        """Return the seconds until there is room for a request after `ahead` others."""
        with self._lock:
            now = self._clock.monotonic()
            return max((self._wait_of(token_hash, window, ahead, now) for window in windows), default=0.0)

    def _wait_of(self, token_hash: str, window: Window, ahead: int, now: float) -> float:
        closed = max(0.0, self._closed.get((token_hash, window.name), 0.0) - now)
        if not window.amount:
            return closed
        amount, seconds = window.amount, window.seconds
        moments = self._current(token_hash, window)
        missing = len(moments) + ahead + 1 - amount
        if missing <= 0:
            return closed
        # Each full window of requests ahead takes another length of the window.
        windows_more, place = divmod(missing - 1, amount)
        free_at = (moments[place] if place < len(moments) else now) + seconds * (windows_more + 1)
        return max(closed, free_at - now, 0.001)

    def close(self, token_hash: str, name: str, seconds: float) -> None:
        """Let no request through the windows of a name for some seconds."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            self._closed[token_hash, name] = max(self._closed.get((token_hash, name), 0.0), until)

    def left(self, token_hash: str, windows: Sequence[Window]) -> int:
        """Return how many requests there is room for."""
        with self._lock:
            now = self._clock.monotonic()
            if any(self._closed.get((token_hash, window.name), 0.0) > now for window in windows):
                return 0
            return min(max(0, each.amount - len(self._current(token_hash, each))) for each in windows if each.amount)

    def count(self, token_hash: str, windows: Sequence[Window]) -> None:
        """Count a request in all of its windows."""
        with self._lock:
            for window in windows:
                if window.amount:
                    self._current(token_hash, window).append(self._clock.monotonic())

    def _current(self, token_hash: str, window: Window) -> deque[float]:
        """Return the times of the requests in a window, oldest first."""
        moments = self._moments.setdefault((token_hash, window), deque())
        oldest = self._clock.monotonic() - window.seconds
        while moments and moments[0] <= oldest:
            moments.popleft()
        return moments


_by_clock: WeakKeyDictionary[Clock, MemoryWindows] = WeakKeyDictionary()
_system_clock = SystemClock()
_of_system_clock = MemoryWindows(_system_clock)
_lock = threading.Lock()


def windows_in_memory(clock: Clock) -> MemoryWindows:
    """Return the windows that all budgets on a clock share."""
    if isinstance(clock, SystemClock):
        return _of_system_clock
    with _lock:
        return _by_clock.setdefault(clock, MemoryWindows(clock))
