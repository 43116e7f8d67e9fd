"""How long Hex asks to wait."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from hex_blocks.clock import Clock

# Hex opens its window again at most this long after closing it, where it does not say when.
RATE_WINDOW = 60.0
RETRY_HEADERS = ("Retry-After", "RateLimit-Reset", "X-RateLimit-Reset")
# No window of Hex's is longer, so no wait that is longer is believed.
LONGEST_RETRY = 3_600


def seconds_to_wait(headers: Mapping[str, str], clock: Clock, otherwise: float) -> int:
    """Read when to come back: Retry-After (seconds or a date), or one of the RateLimit headers."""
    told = told_seconds(headers, clock)
    seconds = otherwise if told is None else told
    return max(1, math.ceil(min(seconds, LONGEST_RETRY)))


def told_seconds(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Return for how many seconds the headers ask to wait; None where they do not."""
    told = (_seconds(headers.get(name, ""), clock.time()) for name in RETRY_HEADERS)
    return next((each for each in told if each is not None), None)


def _seconds(value: str, now: float) -> float | None:
    """Read a distance in seconds, a moment (in seconds or milliseconds), or a date; None where it is none."""
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
    """Read a date as HTTP writes it, in seconds since the Unix epoch; None where it is none."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None
