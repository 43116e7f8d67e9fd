"""Clocks: the system's, a faster one for the sandbox, and one that tests control.

Everything that waits, expires or is limited reads a Clock, never the `time` module, so that a sandbox can run faster
than real time and tests control the time.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The interface of all clocks. All times are in seconds."""

    def time(self) -> float:
        """Return seconds since the Unix epoch. They can jump when the system's clock is set."""
        ...

    def monotonic(self) -> float:
        """Return seconds since an arbitrary fixed moment. They never jump: use them for deadlines and intervals."""
        ...

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Wait for `seconds`, or until `stop` is set, and return whether it was set."""
        ...


class SystemClock:
    """The system's clock."""

    def time(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since an arbitrary fixed moment."""
        return time.monotonic()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Sleep for `seconds`, or until `stop` is set, and return whether it was set."""
        return (stop or threading.Event()).wait(max(0.0, seconds))


class FastClock:
    """A clock that runs `speed` times as fast as the system's, from the moment it is created.

    Raises:
        ValueError: `speed` is not above 0.
    """

    def __init__(self, speed: float) -> None:
        if speed <= 0:
            raise ValueError(f"speed is {speed}; it must be above 0")
        self.speed = speed
        self._started_at = time.time()
        self._origin = time.monotonic()

    def time(self) -> float:
        """Return seconds since the Unix epoch."""
        return self._started_at + self.monotonic()

    def monotonic(self) -> float:
        """Return seconds since this clock was made."""
        return (time.monotonic() - self._origin) * self.speed

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Sleep for `seconds` of this clock, or until `stop` is set, and return whether it was set."""
        return (stop or threading.Event()).wait(max(0.0, seconds) / self.speed)


class DrivenClock:
    """A clock for tests that advances only when a caller waits on it or calls `advance`. Thread-safe."""

    def __init__(self, start: datetime | None = None) -> None:
        self._started_at = (start or datetime.now(UTC)).timestamp()
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        """Return seconds since the Unix epoch."""
        return self._started_at + self._elapsed

    def monotonic(self) -> float:
        """Return seconds since this clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Advance the clock by `seconds`."""
        with self._lock:
            self._elapsed += max(0.0, seconds)

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Advance by `seconds` without sleeping, unless `stop` is already set, and return whether it was set."""
        if stop is not None and stop.is_set():
            return True
        self.advance(seconds)
        return False
