"""Moving windows that count requests in this process, read off our clock, which can be driven.

A request is counted in all windows that it falls under, or in none of them, and what has to wait is told how long.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary, proxy

from hex_blocks.clock import Clock, SystemClock


class Window(NamedTuple):
    """So many requests in so many seconds, under a name that can be closed; one of 0 requests can only be closed."""

    name: str
    amount: int = 0
    seconds: int = 0


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


class InMemory:
    """Windows of this process. All budgets on a clock share them; safe under threads."""

    def __init__(self, clock: Clock) -> None:
        # Kept by the clock, not the other way round.
        self._clock: Clock = proxy(clock)
        # The moments of the requests in each window, oldest first.
        self._moments: dict[tuple[str, Window], deque[float]] = {}
        self._closed: dict[tuple[str, str], float] = {}
        self._lock = threading.RLock()

    def take(self, who: str, windows: Sequence[Window]) -> float:
        """Count a request if every window has room for it."""
        with self._lock:
            wait = self.wait(who, windows, 0)
            if wait <= 0:
                self.count(who, windows)
            return wait

    def wait(self, who: str, windows: Sequence[Window], ahead: int) -> float:
        """Return in how many seconds there is room for a request, when `ahead` others come first."""
        with self._lock:
            now = self._clock.monotonic()
            return max((self._wait_of(who, window, ahead, now) for window in windows), default=0.0)

    def _wait_of(self, who: str, window: Window, ahead: int, now: float) -> float:
        closed = max(0.0, self._closed.get((who, window.name), 0.0) - now)
        if not window.amount:
            return closed
        amount, seconds = window.amount, window.seconds
        moments = self._current(who, window)
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
            return min(max(0, each.amount - len(self._current(who, each))) for each in windows if each.amount)

    def count(self, who: str, windows: Sequence[Window]) -> None:
        """Count a request that is let through, here or elsewhere."""
        with self._lock:
            for window in windows:
                if window.amount:
                    self._current(who, window).append(self._clock.monotonic())

    def _current(self, who: str, window: Window) -> deque[float]:
        """Return the moments of the requests in a window, oldest first."""
        moments = self._moments.setdefault((who, window), deque())
        oldest = self._clock.monotonic() - window.seconds
        while moments and moments[0] <= oldest:
            moments.popleft()
        return moments


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
