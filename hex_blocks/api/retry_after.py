"""Reads from the headers of a reply how long to wait before the next request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from hex_blocks.clock import Clock

# The wait after a 429 without these headers, in seconds: Hex's shortest window.
RATE_WINDOW = 60.0
# The wait when no kernel is free and these headers are absent, in seconds: our choice.
KERNEL_WAIT = 20.0
RETRY_HEADERS = ("Retry-After", "RateLimit-Reset", "X-RateLimit-Reset")
# Hex's longest window in seconds. Longer waits in a header are cut to it.
MAX_RETRY_DELAY = 3_600


def retry_delay(headers: Mapping[str, str], clock: Clock, default: float) -> int:
    """Return the seconds to wait that the headers ask for, or else `default`: at least 1, at most an hour."""
    requested = requested_delay(headers, clock)
    seconds = default if requested is None else requested
    return max(1, math.ceil(min(seconds, MAX_RETRY_DELAY)))


def requested_delay(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Return the seconds to wait that Retry-After or a RateLimit header asks for, or None if none does."""
    delays = (_seconds(headers.get(name, ""), clock.time()) for name in RETRY_HEADERS)
    return next((each for each in delays if each is not None), None)


def _seconds(value: str, now: float) -> float | None:
    """Return the seconds from now in a header: a number of seconds, a Unix time (also in milliseconds), or a date."""
    try:
        seconds = float(value)
    except ValueError:
        moment = seconds_of_date(value)
        return None if moment is None else moment - now
    if not math.isfinite(seconds):
        return None
    if seconds > 1e11:
        seconds /= 1000
    return seconds - now if seconds > 1e9 else max(0.0, seconds)


def seconds_of_date(value: str) -> float | None:
    """Return an HTTP date in seconds since the Unix epoch, or None if it is not one."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
