"""Time as the project reads it: the machine's own, sped up, or driven by hand.

Everything that waits, expires or is limited asks a Clock, so that a sandbox and its callers can live an
hour in a second and tests can decide what time it is. Nothing else in the project calls time.sleep().
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the project asks of time. Seconds everywhere."""

    def time(self) -> float:
        """Seconds since the Unix epoch; may jump when somebody sets the machine's clock."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never jumps. Deadlines and intervals are measured with it."""
        ...

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Let `seconds` pass. Returns early, with True, when `stop` is set."""
        ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Sleep, waking at once when `stop` is set."""
        return (stop or threading.Event()).wait(max(0.0, seconds))


class FastClock:
    """The machine's clock, `speed` times as fast from the moment it is made."""

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
        """Sleep a `speed`th of `seconds`, waking at once when `stop` is set."""
        return (stop or threading.Event()).wait(max(0.0, seconds) / self.speed)


class DrivenClock:
    """A clock that stands still until somebody waits on it or advances it. Safe under threads."""

    def __init__(self, start: datetime | None = None) -> None:
        self._started_at = (start or datetime.now(UTC)).timestamp()
        self._passed = 0.0
        self._lock = threading.Lock()

    def time(self) -> float:
        """Return seconds since the Unix epoch."""
        return self._started_at + self._passed

    def monotonic(self) -> float:
        """Return seconds since this clock was made."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        with self._lock:
            self._passed += max(0.0, seconds)

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Advance by `seconds` without sleeping, unless `stop` is set already."""
        if stop is not None and stop.is_set():
            return True
        self.advance(seconds)
        return False
