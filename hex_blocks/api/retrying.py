"""Decides whether a failed request is sent again: after which errors, how often, and after how long.

A GET is retried after any error that may pass. Other requests are retried only if they were never sent (NOT_SENT), or
if Hex itself refused them before doing anything (429, and 503 for some operations).
"""

from __future__ import annotations

import random

from hex_blocks.api.retry_after import RATE_WINDOW
from hex_blocks.errors.classes import HexDownError, HexError
from hex_blocks.i18n.texts import phrase

# Refusals of Hex are retried as long as the call's patience lasts; other errors at most this often.
MAX_RETRIES = 4
RETRIED_STATUSES = frozenset({408, 425, 502, 503, 504})
RETRIED_WITHOUT_STATUS = frozenset({"timeout", "connection_lost", "no_network"})
# Errors of a request that was never sent, so that Hex did nothing.
NOT_SENT = frozenset({"no_network", "bad_certificate", "bad_certificates", "bad_proxy", "call_stopped"})
# Reasons of `no_network` that are retried once only: usually the machine is offline, which does not change within
# seconds.
NAME_UNKNOWN = phrase("its name is not known")
PROXY_UNKNOWN = phrase("the name of the proxy is not known")
# Seconds between retries: the first delay doubles up to the longest.
FIRST_BACKOFF, MAX_BACKOFF = 0.5, 8.0


class Retries:
    """The retries of one request.

    Args:
        method: Its HTTP method.
        refused_by_503: Whether a 503 means that Hex did nothing.
    """

    def __init__(self, method: str, *, refused_by_503: bool) -> None:
        self._is_read = method == "GET"
        self._refusals = frozenset({429, 503}) if refused_by_503 else frozenset({429})
        self._count = 0

    def delay(self, error: HexError) -> float | None:
        """Return the seconds until the request may be sent again after an error, or None if it may not be."""
        if error.status in self._refusals and "outcome" not in error.values:
            return seconds_closed(error) + random.uniform(0, 1)  # noqa: S311
        if self._count >= _most_retries(error) or not (self._is_read or error.key in NOT_SENT):
            return None
        longest: float = min(MAX_BACKOFF, FIRST_BACKOFF * 2**self._count)
        self._count += 1
        return longest * random.uniform(0.5, 1)  # noqa: S311


def seconds_closed(error: HexError) -> float:
    """Return the seconds for which Hex refuses further requests, as its refusal says. Default: its shortest window."""
    return float(error.values.get("seconds", RATE_WINDOW))


def _most_retries(error: HexError) -> int:
    """Return how many retries an error allows: none unless it may pass by itself."""
    if error.status is not None:
        return MAX_RETRIES if error.status in RETRIED_STATUSES else 0
    if error.values.get("reason") in (NAME_UNKNOWN, PROXY_UNKNOWN):
        return 1
    return MAX_RETRIES if isinstance(error, HexDownError) and error.key in RETRIED_WITHOUT_STATUS else 0
