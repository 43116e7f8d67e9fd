"""Hex's rate limits: per caller, in fixed windows that begin with the first request."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hex_blocks.clock import Clock
from hex_blocks.sandbox.error_replies import Refusal

Rules = Mapping[str, tuple[tuple[int, float], ...]]

EVERY_REQUEST = "whole-api"

HEX_LIMITS: Rules = {
    EVERY_REQUEST: ((60, 60),),
    "hex-api": ((30, 60), (1800, 3600)),
    "hex-api-30rpm": ((30, 60),),
    # Hex no longer documents the limits of this group; these are the last ones for runs.
    "hex-run-kernel": ((20, 60), (60, 3600)),
    "hex-chart-image": ((20, 60),),
    "ingest": ((3, 60),),
}


@dataclass
class WindowCount:
    """The requests of a caller since the start of a limit's window."""

    group: str
    count: int
    seconds: float
    began: float
    used: int = 0


class RateLimiter:
    """Counts requests and refuses those that exceed a limit. Refused requests are not counted."""

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._windows: dict[tuple[str, str, float], WindowCount] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, choice: bool | Rules, clock: Clock) -> RateLimiter:
        """Return Hex's limits (True), none (False), or Hex's with those of some groups replaced."""
        if choice is False:
            return cls({}, clock)
        return cls(HEX_LIMITS if choice is True else {**HEX_LIMITS, **choice}, clock)

    def take(self, caller: str, groups: Iterable[str]) -> dict[str, str]:
        """Count a request of `caller`, and return the headers for the limit with the fewest requests left.

        Raises:
            Refusal: A limit of one of the groups is reached (status 429).
        """
        with self._lock:
            now = self._clock.monotonic()
            windows = [
                self._window(caller, group, count, seconds, now)
                for group in (EVERY_REQUEST, *groups)
                for count, seconds in self._rules.get(group, ())
            ]
            full = [window for window in windows if window.used >= window.count]
            if full:
                raise self._too_many(max(full, key=lambda window: window.began + window.seconds), now)
            for window in windows:
                window.used += 1
            tightest = min(windows, key=lambda window: window.count - window.used, default=None)
            return {} if tightest is None else self._headers(tightest, now)

    def _window(self, caller: str, group: str, count: int, seconds: float, now: float) -> WindowCount:
        key = (caller, group, seconds)
        window = self._windows.get(key)
        if window is None or now >= window.began + window.seconds:
            window = self._windows[key] = WindowCount(group, count, seconds, now)
        return window

    @staticmethod
    def _headers(window: WindowCount, now: float) -> dict[str, str]:
        # Hex's documentation mentions such headers but does not name them: the sandbox's choice.
        return {
            "RateLimit-Remaining": str(window.count - window.used),
            "RateLimit-Reset": str(math.ceil(window.began + window.seconds - now)),
        }

    def _too_many(self, window: WindowCount, now: float) -> Refusal:
        headers = self._headers(window, now)
        return Refusal(
            429,
            f"Too many requests: {window.group} allows {window.count} in {window.seconds:g} seconds",
            headers=headers | {"Retry-After": headers["RateLimit-Reset"]},
        )
