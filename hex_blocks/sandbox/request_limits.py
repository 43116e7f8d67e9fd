"""Hex's request limits: per user, counted in windows that begin with their first request."""

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
    # Hex publishes no number for this group any more: its last ones for runs.
    "hex-run-kernel": ((20, 60), (60, 3600)),
    "hex-chart-image": ((20, 60),),
    "ingest": ((3, 60),),
}


@dataclass
class Window:
    """What one caller has used of one limit since the window's first request."""

    group: str
    count: int
    seconds: float
    began: float
    used: int = 0


class Limits:
    """Counts requests and refuses those that exceed a limit. A refused request is not counted."""

    def __init__(self, rules: Rules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._windows: dict[tuple[str, str, float], Window] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, choice: bool | Rules, clock: Clock) -> Limits:
        """Return Hex's limits (True), none (False), or Hex's with the given groups replaced."""
        if choice is False:
            return cls({}, clock)
        return cls(HEX_LIMITS if choice is True else {**HEX_LIMITS, **choice}, clock)

    def take(self, caller: str, groups: Iterable[str]) -> dict[str, str]:
        """Count one request of `caller`; return the headers that tell how much is left of the tightest limit.

        Raises a Refusal with status 429 when any of the groups is used up.
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

    def _window(self, caller: str, group: str, count: int, seconds: float, now: float) -> Window:
        key = (caller, group, seconds)
        window = self._windows.get(key)
        if window is None or now >= window.began + window.seconds:
            window = self._windows[key] = Window(group, count, seconds, now)
        return window

    @staticmethod
    def _headers(window: Window, now: float) -> dict[str, str]:
        # Hex's documentation says that such headers exist and names none: these names are invented.
        return {
            "RateLimit-Remaining": str(window.count - window.used),
            "RateLimit-Reset": str(math.ceil(window.began + window.seconds - now)),
        }

    def _too_many(self, window: Window, now: float) -> Refusal:
        headers = self._headers(window, now)
        return Refusal(
            429,
            f"Too many requests: {window.group} allows {window.count} in {window.seconds:g} seconds",
            headers=headers | {"Retry-After": headers["RateLimit-Reset"]},
        )
